"""All of a series are changed or moved at once, on both providers."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from calendars.models import EventTask
from common.errors import (
    InvalidInput,
)
from tests.calendars.services.series.conftest import EIGHT, HOUR, MONDAY, Book, wall

pytestmark = pytest.mark.django_db


def test_change_of_all_changes_all(book):
    book.create()
    done = book.change(EIGHT[3], title="Daily", description="At the desk")
    assert book.told() == [("Daily", f"{day}T09:00:00") for day in EIGHT]
    assert (done.event.start_wall, done.notes) == (f"{EIGHT[3]}T09:00:00", ())
    assert book.same_after_sync()


def test_move_of_all_moves_each_on_the_wall(book):
    """Moved on a winter's Monday: an hour later is an hour later in summer too."""
    book.create()
    start = wall(EIGHT[5], 10, 30)
    done = book.change(EIGHT[5], start=start, end=start + 2 * HOUR)
    assert book.told() == [("Stand-up", f"{day}T10:30:00") for day in EIGHT]
    assert {one.end_at - one.start_at for one in book.live()} == {2 * HOUR}
    assert done.event.start_at == start
    assert book.same_after_sync()


def test_move_of_all_to_another_day_moves_the_rule(book):
    book.create("FREQ=WEEKLY;BYDAY=MO,TH;UNTIL=20261022T215959Z")
    assert [day.day for day in book.days()] == [5, 8, 12, 15, 19, 22]
    start = wall(date(2026, 10, 13), 9)
    book.change(date(2026, 10, 12), start=start, end=start + HOUR)
    assert [day.day for day in book.days()] == [6, 9, 13, 16, 20, 23]
    assert book.same_after_sync()


def test_move_into_another_zone_keeps_that_zones_hour(book):
    book.create()
    new_york = ZoneInfo("America/New_York")
    start = datetime(2026, 10, 12, 9, 0, tzinfo=new_york)
    book.change(EIGHT[1], start=start, end=start + HOUR, timezone="America/New_York")
    zoned = [one.start_at.astimezone(new_york) for one in book.live()]
    assert [one.date() for one in zoned] == EIGHT
    assert {one.hour for one in zoned} == {9}
    assert book.same_after_sync()


def test_another_rule_for_all_begins_on_its_first_day(book):
    book.create()
    book.change(EIGHT[1], recurrence=("RRULE:FREQ=WEEKLY;BYDAY=WE,FR;COUNT=4",))
    assert [day.day for day in book.days()] == [7, 9, 14, 16]
    assert book.same_after_sync()


def test_single_changes_outlive_a_move_of_all(book):
    book.create()
    book.delete(EIGHT[1])
    book.change(EIGHT[2], "this", title="Special", location="Room 4")
    late = wall(EIGHT[3], 15)
    book.change(EIGHT[3], "this", start=late, end=late + 3 * HOUR)
    start = wall(EIGHT[5], 10)
    done = book.change(EIGHT[5], start=start, end=start + HOUR)
    assert done.notes == ()
    assert book.told() == [
        ("Stand-up", "2026-10-05T10:00:00"),
        ("Special", "2026-10-19T10:00:00"),
        ("Stand-up", "2026-10-26T16:00:00"),
        *[("Stand-up", f"{day}T10:00:00") for day in EIGHT[4:]],
    ]
    assert book.on(EIGHT[2]).location == "Room 4"
    assert book.on(EIGHT[3]).end_at - book.on(EIGHT[3]).start_at == 3 * HOUR
    assert book.same_after_sync()


def test_what_single_events_lost_is_said(book, fault):
    book.create()
    book.delete(EIGHT[1])
    book.change(EIGHT[2], "this", title="Special")
    start = wall(EIGHT[5], 10)
    fault("delete", status=503, count=None)
    fault("update", status=503, skip=1, count=None)
    done = book.change(EIGHT[5], start=start, end=start + HOUR)
    assert done.notes == ("1 changed event is as the series again.", "1 deleted event is back.")
    assert book.days() == EIGHT


def test_title_of_all_leaves_single_changes_alone(book):
    book.create()
    book.delete(EIGHT[1])
    book.change(EIGHT[2], "this", location="Room 4")
    book.change(EIGHT[4], title="Daily")
    assert book.days() == [day for day in EIGHT if day != EIGHT[1]]
    assert book.on(EIGHT[2]).location == "Room 4"
    assert book.same_after_sync()


def test_dates_left_out_move_along(connect, user_owner, actor, copy_events):
    book = Book(connect(user_owner, "google").calendars.get(), actor, copy_events)
    lines = ("RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE;TZID=Europe/Berlin:20261012T090000")
    book.create(recurrence=lines)
    assert book.days() == [EIGHT[0], EIGHT[2], EIGHT[3]]
    start = wall(EIGHT[2], 11)
    book.change(EIGHT[2], start=start, end=start + HOUR)
    assert book.days() == [EIGHT[0], EIGHT[2], EIGHT[3]]
    assert book.same_after_sync()


def test_series_stays_all_day_or_not(book):
    book.create()
    with pytest.raises(InvalidInput) as refused:
        book.change(EIGHT[1], start=EIGHT[1], end=EIGHT[2], all_day=True)
    assert refused.value.field == "allDay"


def test_rule_with_days_of_its_own_is_not_moved_to_others(connect, user_owner, actor):
    book = Book(connect(user_owner, "google").calendars.get(), actor, None)
    book.create("FREQ=MONTHLY;BYMONTHDAY=5,20")
    start = wall(date(2026, 10, 6))
    with pytest.raises(InvalidInput) as refused:
        book.change(MONDAY, start=start, end=start + HOUR)
    assert refused.value.field == "start"


def test_tasks_move_along(book, alice):
    book.create()
    task = EventTask.objects.create(
        workspace=book.calendar.workspace, calendar=book.calendar, title="Bring tea",
        event_id=book.on(EIGHT[5]).pk, created_by=alice,
    )  # fmt: skip
    start = wall(EIGHT[2], 10)
    book.change(EIGHT[2], start=start, end=start + HOUR)
    task.refresh_from_db()
    assert task.event_id == book.on(EIGHT[5]).pk
    book.change(EIGHT[4], "following", title="Later")
    task.refresh_from_db()
    assert task.event_id == book.on(EIGHT[5]).pk
