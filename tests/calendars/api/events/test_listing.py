"""Events are listed over the API: from the copy, or read live."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from audit.enums import AccessReason, Outcome
from calendars.models import Calendar
from tests.calendars.api.events.conftest import EVENTS, at, create, listed, reasons, since
from tests.factories import make_calendar, make_connection, make_event

pytestmark = pytest.mark.django_db


def test_list_reads_a_new_calendar_at_once(api, connection, sandbox):
    begins = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(
        days=1
    )
    sandbox.store.add_event(
        sandbox.calendar(connection), title="There before", start=begins,
        end=begins + timedelta(hours=1),
    )  # fmt: skip
    answer = listed(api)
    assert [one["title"] for one in answer.json()] == ["There before"]
    assert "X-Meridian-Stale" not in answer


def test_list_beyond_the_mirror_is_read_live(api, connection, sandbox, copy_events):
    copy_events(connection)
    begins = datetime(2030, 1, 7, 9, tzinfo=UTC)
    sandbox.store.add_event(
        sandbox.calendar(connection), title="Far", start=begins, end=begins + timedelta(hours=1)
    )
    found = listed(api, timeMin="2030-01-01T00:00:00Z", timeMax="2030-02-01T00:00:00Z").json()
    assert [one["title"] for one in found] == ["Far"]


def test_list_is_empty_when_the_provider_fails_and_nothing_is_copied(api, connection, sandbox):
    sandbox.fault("*", status=503, count=None)
    answer = listed(api)
    assert (answer.status_code, answer.json()) == (200, [])
    assert answer["X-Meridian-Stale"] == "never"


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503},
        {"status": 429, "retry_after": "30"},
        {"status": 401},
        {"delay": 60},
        {"body": "<html>", "content_type": "text/html"},
        {"body": "[]"},
    ],
)
def test_list_shows_the_last_copy_when_the_provider_fails(
    api, event_id, connection, sandbox, copy_events, fault
):
    copy_events(connection)
    sandbox.fault("*", count=None, **fault)
    with pytest.raises(Exception):  # noqa: B017 -- whichever; the list is what counts
        copy_events(connection)
    answer = listed(api)
    assert [one["title"] for one in answer.json()] == ["Board"]
    assert answer["X-Meridian-Stale"]


def test_list_says_since_when_an_old_copy_stands(api, event_id, connection, copy_events):
    copy_events(connection)
    old = timezone.now().replace(microsecond=0) - timedelta(seconds=90)
    Calendar.objects.update(synced_at=old)
    assert listed(api)["X-Meridian-Stale"] == f"{old:%Y-%m-%dT%H:%M:%SZ}"


def test_list_from_the_mirror_is_logged_once_in_ten_minutes(api, connection, copy_events):
    copy_events(connection)
    before = len(reasons())
    for _ in range(3):
        listed(api)
    assert since(before) == [(AccessReason.EVENTS_LIST, Outcome.MIRROR)]


def test_list_by_provider_and_calendar(api, connection, calendar, copy_events, provider):
    copy_events(connection)
    create(api, calendar)
    other = {"google": "outlook", "outlook": "google"}[provider]
    assert len(listed(api, provider=provider).json()) == 1
    assert listed(api, provider=other).json() == []
    assert len(listed(api, calendar=calendar.pk).json()) == 1
    assert listed(api, calendar=calendar.pk, provider=other).json()["field"] == "provider"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"timeMin": ""}, "timeMin"),
        ({"timeMin": "2026-12-01T00:00:00"}, "timeMin"),
        ({"timeMax": "yesterday"}, "timeMax"),
        ({"timeMax": at(0, days=-3)}, "timeMax"),
        ({"timeMax": at(0, days=900)}, "timeMax"),
        ({"provider": "icloud"}, "provider"),
        ({"calendar": "primary"}, "calendar"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_bad_query_names_its_field(api, query, field):
    answer = listed(api, **query)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_missing_times_are_400(api):
    assert api.get(EVENTS).json()["field"] == "timeMin"


def window():
    now = timezone.now()
    return {"window_from": now - timedelta(days=9), "window_until": now + timedelta(days=99)}


@pytest.mark.parametrize("count", [1, 3])
def test_list_asks_the_database_as_often_for_three_calendars_as_for_one(
    api, user_owner, count, django_assert_max_num_queries
):
    for _ in range(count):
        calendar = make_calendar(make_connection(user_owner), **window())
        make_event(calendar, start=datetime.fromisoformat(at(9)))
    listed(api)
    with django_assert_max_num_queries(12):
        assert len(listed(api).json()) == count
