"""What a change to one occurrence means for all, and for it and the following."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from calendars import series_drafts
from calendars.enums import EventStatus
from calendars.models import Event
from calendars.providers.base import UNSET, Attendee, EventDraft, RemoteEvent, When
from common.errors import InvalidInput, Unsupported

NINE = datetime(2026, 12, 14, 8, tzinfo=UTC)  # 09:00 in Berlin
HOUR = timedelta(hours=1)


def timed(**fields):
    return Event(
        start_at=NINE, end_at=NINE + HOUR, start_wall="2026-12-14T09:00:00",
        end_wall="2026-12-14T10:00:00", timezone="Europe/Berlin", original_start_at=NINE, **fields,
    )  # fmt: skip


def all_day():
    return Event(
        start_at=datetime(2026, 12, 13, 23, tzinfo=UTC),
        end_at=datetime(2026, 12, 15, 23, tzinfo=UTC),
        original_start_at=datetime(2026, 12, 13, 23, tzinfo=UTC),
        start_wall="2026-12-14", end_wall="2026-12-16", timezone="Europe/Berlin", is_all_day=True,
    )  # fmt: skip


def rule(start, end, **on):
    def when(moment, day):
        wall = moment.astimezone(ZoneInfo("Europe/Berlin")).replace(tzinfo=None)
        return When(moment, wall.isoformat(), "Europe/Berlin", day)

    return RemoteEvent(
        "series", EventStatus.CONFIRMED, when(start, on.get("first")), when(end, on.get("last")),
        recurrence=on.get("lines", ("RRULE:FREQ=WEEKLY",)),
    )  # fmt: skip


def test_series_moves_on_the_wall_across_a_clock_change():
    """The series began in summer time: an hour later on the wall is an hour later there too."""
    began = datetime(2026, 10, 19, 7, tzinfo=UTC)  # 09:00 in Berlin, in summer
    draft = EventDraft(start=NINE + HOUR, end=NINE + 3 * HOUR)
    moved = series_drafts.for_all(draft, timed(), rule(began, began + HOUR))
    assert (moved.start, moved.end) == (began + HOUR, began + 3 * HOUR)


def test_all_day_series_moves_by_days():
    began = datetime(2026, 11, 29, 23, tzinfo=UTC)
    master = rule(began, began, first=date(2026, 11, 30), last=date(2026, 12, 2))
    draft = EventDraft(start=date(2026, 12, 15), end=date(2026, 12, 18))
    moved = series_drafts.for_all(draft, all_day(), master)
    assert (moved.start, moved.end) == (date(2026, 12, 1), date(2026, 12, 4))


def test_series_without_new_times_keeps_its_own():
    draft = EventDraft(title="New")
    assert series_drafts.for_all(draft, timed(), rule(NINE, NINE + HOUR)).start is UNSET


def test_draft_that_changes_nothing_of_the_times_sends_no_rule():
    began = NINE - timedelta(days=14)
    made = series_drafts.for_all(EventDraft(title="New"), timed(), rule(began, began + HOUR))
    assert (made.start, made.recurrence, made.title) == (UNSET, UNSET, "New")


def test_rule_that_does_not_fit_the_first_day_begins_later():
    began = NINE - timedelta(days=14)
    draft = EventDraft(recurrence=("RRULE:FREQ=WEEKLY;BYDAY=FR",))
    made = series_drafts.for_all(draft, timed(), rule(began, began + HOUR))
    assert made.start == began + timedelta(days=4)
    assert made.end == made.start + HOUR
    assert made.recurrence == ("RRULE:FREQ=WEEKLY;BYDAY=FR",)


def test_rule_that_never_fits_is_refused():
    draft = EventDraft(recurrence=("RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",))
    with pytest.raises(InvalidInput) as refused:
        series_drafts.for_all(draft, timed(), rule(NINE, NINE + HOUR))
    assert refused.value.field == "recurrence[0]"


def test_lines_with_dates_replace_those_of_the_series():
    lines = ("RRULE:FREQ=WEEKLY", "EXDATE:20261221T080000Z")
    draft = EventDraft(recurrence=("RRULE:FREQ=DAILY", "EXDATE:20261215T080000Z"))
    made = series_drafts.for_all(draft, timed(), rule(NINE, NINE + HOUR, lines=lines))
    assert made.recurrence == draft.recurrence
    alone = EventDraft(recurrence=("RRULE:FREQ=DAILY",))
    made = series_drafts.for_all(alone, timed(), rule(NINE, NINE + HOUR, lines=lines))
    assert made.recurrence == ("RRULE:FREQ=DAILY", lines[1])


def test_new_series_is_a_copy_but_for_the_change():
    began = NINE - timedelta(days=14)
    master = rule(began, began + HOUR, lines=("RRULE:FREQ=WEEKLY;COUNT=5",))
    master = replace(
        master, title="Old", location="Room 4", is_busy=False, reminders=(5,), visibility="private",
        attendees=(Attendee("me@x.example", is_self=True), Attendee("ann@x.example", "Ann")),
    )  # fmt: skip
    parts = series_drafts.split(EventDraft(title="New"), timed(), master)
    tail = parts.tail
    assert (tail.title, tail.location, tail.busy, tail.reminders, tail.visibility) == (
        "New", "Room 4", False, (5,), "private",
    )  # fmt: skip
    assert tail.attendees == (Attendee("ann@x.example", "Ann"),)
    assert (tail.start, tail.end, tail.timezone) == (NINE, NINE + HOUR, "Europe/Berlin")
    assert tail.recurrence == ("RRULE:FREQ=WEEKLY;COUNT=3",)
    assert parts.head == ("RRULE:FREQ=WEEKLY;UNTIL=20261207T080000Z",)


def test_all_day_can_become_timed_from_one_on_only_by_leaving_the_series():
    master = rule(NINE, NINE, first=date(2026, 11, 30), last=date(2026, 12, 2))
    draft = EventDraft(start=NINE, end=NINE + HOUR, all_day=False)
    with pytest.raises(InvalidInput) as refused:
        series_drafts.split(draft, all_day(), master)
    assert refused.value.field == "allDay"


def test_occurrence_that_the_rule_does_not_have_cannot_part_it():
    began = NINE - timedelta(days=13)
    with pytest.raises(InvalidInput) as refused:
        series_drafts.split(EventDraft(title="x"), timed(), rule(began, began + HOUR))
    assert refused.value.field == "scope"


def test_series_without_times_cannot_be_changed():
    with pytest.raises(Unsupported):
        series_drafts.series_of(RemoteEvent("x", EventStatus.CONFIRMED, None, None))


@pytest.mark.parametrize(
    ("lines", "at", "lasts"),
    [
        (("RRULE:FREQ=WEEKLY;COUNT=2",), NINE + timedelta(days=7), True),
        (("RRULE:FREQ=WEEKLY;COUNT=2",), NINE + timedelta(days=8), False),
        (("RRULE:FREQ=YEARLY",), NINE + timedelta(days=8), True),
        (("RRULE:FREQ=HOURLY",), NINE, True),
    ],
)
def test_whether_a_series_lasts(lines, at, lasts):
    assert series_drafts.lasts_until(rule(NINE, NINE + HOUR, lines=lines), at) is lasts
