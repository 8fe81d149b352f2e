"""Series are made, and single ones of them changed, on both providers."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from calendars.enums import Scope
from calendars.models import Calendar
from calendars.providers.base import EventDraft
from calendars.services import series
from common.errors import (
    InvalidInput,
    Unsupported,
)
from tests.calendars.services.series.conftest import EIGHT, HOUR, MONDAY, Book, wall

pytestmark = pytest.mark.django_db


# --- Creating ---


def test_series_is_in_the_mirror_at_once_and_keeps_its_hour(book):
    made = book.create()
    assert made.recurrence
    assert book.days() == EIGHT
    assert {one.start_wall[11:16] for one in book.live()} == {"09:00"}
    assert [one.start_at.hour for one in book.live()] == [7, 7, 7, 8, 8, 8, 8, 8]
    assert all(one.remote_id and one.series_remote_id == made.remote_id for one in book.live())
    assert book.same_after_sync()


def test_series_is_in_the_mirror_when_its_events_cannot_be_listed(book, fault):
    fault("list", status=503, count=None)
    book.create()
    assert book.days() == EIGHT


def test_copy_of_a_series_that_could_not_be_listed_paints_no_open_time(book, fault):
    """Events that had been moved alone were dropped from the copy, and their time shown as free."""
    book.create()
    now = timezone.now()
    Calendar.objects.filter(pk=book.calendar.pk).update(synced_at=now)
    fault("list", status=503, count=None)
    book.change(EIGHT[1], Scope.ALL, location="Room 2")
    assert not Calendar.objects.get(pk=book.calendar.pk).is_fresh(now, timedelta(minutes=1))


@pytest.mark.parametrize(
    ("rule", "start", "days"),
    [
        ("FREQ=DAILY;COUNT=3", MONDAY, [5, 6, 7]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=4", MONDAY, [5, 7, 19, 21]),
        ("FREQ=MONTHLY;BYDAY=1MO;COUNT=2", MONDAY, [5, 2]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2", date(2026, 10, 31), [31, 30]),
        ("FREQ=DAILY;UNTIL=20261007T215959Z", MONDAY, [5, 6, 7]),
    ],
)
def test_rules_of_every_kind_are_made(book, rule, start, days):
    book.create(rule, start=wall(start), end=wall(start) + HOUR)
    assert [day.day for day in book.days()] == days
    assert book.same_after_sync()


def test_all_day_series(book):
    book.create("FREQ=WEEKLY;UNTIL=20261026", start=MONDAY, end=MONDAY + timedelta(days=2))
    assert [one.start_wall for one in book.live()] == [day.isoformat() for day in EIGHT[:4]]
    assert book.live()[3].end_wall == "2026-10-28"
    assert book.same_after_sync()


def test_what_outlook_cannot_hold_is_said_and_nothing_made(connect, user_owner, actor, sandbox):
    connection = connect(user_owner, "outlook")
    book = Book(connection.calendars.get(), actor, None)
    start = wall(date(2026, 10, 31))
    with pytest.raises(Unsupported, match=r"Outlook cannot repeat .* day 31 of a month"):
        book.create("FREQ=MONTHLY;BYMONTHDAY=31", start=start, end=start + HOUR)
    assert sandbox.events(connection) == []


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ("FREQ=HOURLY", "recurrence[0]"),
        ("FREQ=DAILY;COUNT=731", "recurrence[0]"),
        ("FREQ=WEEKLY;BYDAY=TU", "recurrence[0]"),
        ("FREQ=DAILY;UNTIL=20261007", "recurrence[0]"),
    ],
)
def test_rule_that_cannot_be_is_refused_by_name(book, sandbox, connection, rule, field):
    with pytest.raises(InvalidInput) as refused:
        book.create(rule)
    assert refused.value.field == field
    assert sandbox.events(connection) == []


def test_single_event_becomes_a_series_and_back(book):
    single = book.create(recurrence=())
    rule = ("RRULE:FREQ=WEEKLY;COUNT=3",)
    done = series.update_event(event=single, draft=EventDraft(recurrence=rule), actor=book.actor)
    assert book.days() == EIGHT[:3]
    assert book.same_after_sync()
    done = book.change(EIGHT[1], recurrence=None)
    assert book.told() == [("Stand-up", "2026-10-05T09:00:00")]
    assert done.event.recurrence == []


# --- One of them ---


def test_change_of_one_is_an_exception(book):
    book.create()
    book.change(EIGHT[2], "this", title="Special")
    assert [title for title, _ in book.told()] == [
        "Special" if day == EIGHT[2] else "Stand-up" for day in EIGHT
    ]
    book.copy(book.calendar.connection)
    assert [one.is_exception for one in book.live()] == [day == EIGHT[2] for day in EIGHT]


def test_one_cannot_be_given_a_rule(book):
    book.create()
    with pytest.raises(InvalidInput) as refused:
        book.change(EIGHT[2], "this", recurrence=("RRULE:FREQ=DAILY",))
    assert refused.value.field == "recurrence"
