"""How an account's calendars are kept up to date, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from calendars.models import Calendar
from calendars.upkeep import upkeep_in_words
from tests.factories import make_calendar, make_connection

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({}, "Asked while somebody looks"),
        ({"push_until": NOW + timedelta(days=6)}, "Live, renewed 25 November, 13:00"),
        ({"push_until": NOW + timedelta(hours=3)}, "Live, renewed 13:00"),
        ({"push_until": NOW - timedelta(hours=3)}, "Asked while somebody looks"),
        ({"sync_after": NOW - timedelta(hours=3)}, "Asked while somebody looks"),
        (
            {"sync_after": NOW + timedelta(minutes=5), "push_until": NOW + timedelta(days=6)},
            "Left alone until 13:05, as the provider asked",
        ),
    ],
)
def test_upkeep_is_told_in_words(settings, state, words):
    settings.PUSH_ENABLED = True
    assert upkeep_in_words([Calendar(**state)], BERLIN, NOW) == words


def test_an_account_without_calendars_needs_none():
    assert upkeep_in_words([], BERLIN, NOW) == ""


@pytest.mark.django_db
def test_the_connections_page_says_it(sign_in, alice, user_owner, settings):
    settings.PUSH_ENABLED = True
    make_calendar(make_connection(user_owner), push_until=datetime.now(UTC) + timedelta(days=6))
    assert "Live, renewed " in sign_in(alice).get("/calendar/connections").text
