"""Finding events: by which words, in what order, and what is never found."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from audit.models import OAuthTokenAccessLog
from calendars.models import CalendarShare
from tests.factories import make_calendar, make_connection, make_event

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 18, 14, 20, tzinfo=UTC)
NINE = datetime(2026, 11, 18, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


@pytest.fixture
def own(user_owner):
    return make_calendar(make_connection(user_owner), "Studio")


def guest(name, email="guest@osprey.example"):
    return {
        "email": email, "name": name, "response": "accepted", "is_optional": False,
        "is_organizer": False, "is_self": False,
    }  # fmt: skip


def found(browser, q, **more):
    page = browser.get("/calendar/search", {"q": q, **more}).text
    return re.findall(r"</span><span><b>(.*?)</b>", page)


@pytest.mark.parametrize(
    "words",
    [
        "review",
        "REVIEW",
        "view",
        "harbour",
        "osprey",
        "tomás",
        "TOMÁS",
        "Tomás review",
        "  review  ",
    ],
)
def test_words_are_looked_for_in_title_place_and_guests(browser, own, words):
    make_event(own, "Design review", start=NINE, location="Harbour room",
               attendees=[guest("Tomás Daly")])  # fmt: skip
    make_event(own, "Stand-up", start=NINE)
    assert found(browser, words) == ["Design review"]


@pytest.mark.parametrize(
    "words", ["nobody", "review lunch", "accepted", "is_optional", "email", "\\", "%", "_", "\x00"]
)
def test_what_no_event_has_is_not_found(browser, own, words):
    make_event(own, "Design review", start=NINE, attendees=[guest("Tomás Daly")])
    assert found(browser, words) == []


def test_every_word_has_to_be_there_in_any_order(browser, own):
    make_event(own, "Review of the budget", start=NINE)
    make_event(own, "Review", start=NINE)
    assert found(browser, "budget review") == ["Review of the budget"]


def test_notes_are_not_looked_through(browser, own):
    make_event(own, "Lunch", start=NINE, description="about the budget")
    assert found(browser, "budget") == []


def test_what_lies_ahead_comes_first_then_the_latest(browser, own):
    for days in (-9, 5, -2, 1):
        make_event(own, f"Review {days}", start=NINE + timedelta(days=days))
    assert found(browser, "review") == ["Review 1", "Review 5", "Review -2", "Review -9"]


def test_twenty_stand_on_a_page(browser, own):
    for number in range(45):
        make_event(own, f"Review {number:02}", start=NINE + timedelta(days=1 + number))
    assert found(browser, "review") == [f"Review {number:02}" for number in range(20)]
    assert found(browser, "review", page=3) == [f"Review {number:02}" for number in range(40, 45)]
    page = browser.get("/calendar/search?q=review&page=2").text
    assert "45 events" in page
    assert 'href="/calendar/search?q=review&amp;page=1"' in page
    assert 'href="/calendar/search?q=review&amp;page=3"' in page
    for odd in ("0", "-1", "x", "99", "\u0663", "9" * 30):
        assert browser.get("/calendar/search", {"q": "review", "page": odd}).status_code == 200


def test_deleted_events_and_rules_of_series_are_not_found(browser, own):
    make_event(own, "Review gone", start=NINE, deleted_at=NOW)
    make_event(own, "Review rule", start=NINE, recurrence=["RRULE:FREQ=DAILY"])
    assert found(browser, "review") == []


def test_hidden_calendars_of_ones_own_are_looked_through(browser, own):
    own.is_shown = False
    own.save()
    make_event(own, "Review", start=NINE)
    assert found(browser, "review") == ["Review"]


def test_page_says_how_far_it_looked(browser, own):
    own.window_from, own.window_until = NOW - timedelta(days=92), NOW + timedelta(days=457)
    own.save()
    page = browser.get("/calendar/search?q=nothing").text
    assert "Nothing with “nothing”" in page
    assert "from August 2026 to February 2028 were looked through" in page


def test_nothing_typed_finds_nothing_and_logs_nothing(browser, own):
    make_event(own, "Review", start=NINE)
    assert found(browser, "") == []
    assert not OAuthTokenAccessLog.objects.exists()


def test_search_is_logged_as_reading(browser, own):
    found(browser, "review")
    (row,) = OAuthTokenAccessLog.objects.all()
    assert (row.reason, row.outcome) == ("calendar.events.list", "mirror")


def test_hostile_words_and_titles_are_only_text(browser, own):
    make_event(own, "<script>alert(1)</script>", start=NINE)
    page = browser.get("/calendar/search", {"q": "<script>"}).text
    assert "<script>alert" not in page
    assert 'value="&lt;script&gt;"' in page
    assert "&lt;script&gt;alert(1)" in page


# --- Who finds what ---


def test_stranger_finds_nothing(sign_in, charlie, other_workspace, own):
    make_event(own, "Review", start=NINE)
    assert found(sign_in(charlie), "review") == []


def test_what_a_colleague_sees_the_time_of_is_never_found(sign_in, bob, own):
    make_event(own, "Dentist", start=NINE, location="High Street")
    browser = sign_in(bob)
    for word in ("dentist", "high", "busy"):
        assert found(browser, word) == []


def test_shared_calendar_is_found_without_its_private_events(sign_in, bob, own):
    CalendarShare.objects.create(calendar=own, level="details")
    make_event(own, "Dentist", start=NINE)
    make_event(own, "Dentist again", start=NINE, visibility="private")
    assert found(sign_in(bob), "dentist") == ["Dentist"]


def test_calendar_a_colleague_hides_is_not_searched(sign_in, bob, own):
    CalendarShare.objects.create(calendar=own, level="details")
    own.is_shown = False
    own.save()
    make_event(own, "Dentist", start=NINE)
    assert found(sign_in(bob), "dentist") == []


def test_queries_do_not_grow_with_what_is_found(browser, own):
    counts = []
    for number in range(3):
        make_event(own, f"Review {number}", start=NINE)
        found(browser, "review")
        with CaptureQueriesContext(database) as queries:
            found(browser, "review")
        counts.append(len(queries))
    assert len(set(counts)) == 1
    assert counts[0] <= 12
