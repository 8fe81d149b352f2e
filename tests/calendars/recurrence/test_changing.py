"""A series moved, or parted in two: no occurrence lost, none doubled."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from calendars.recurrence import BadRule, Series, ended, first_of, moved, occurrences, split_at
from common.spans import Span
from tests.calendars.recurrence import oracles

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
MONDAY = datetime(2026, 10, 19, 9, 0)


def drawn(seed) -> Series:
    made = oracles.series(seed)
    first = first_of(made.lines[:1], made.start, made.zone)
    if first is None:  # it ends before it begins
        return drawn(seed + 1000)
    # A series begins on one of its own days, or its first start would be in doubt.
    start = first.wall if isinstance(made.start, datetime) else first.wall.date()
    return Series(made.lines, start, made.zone)


def starts(series, days=700):
    first = datetime.combine(series.start, datetime.min.time(), tzinfo=UTC)
    span = Span(first - timedelta(days=3), first + timedelta(days=days))
    return [one.at for one in occurrences(series.lines, series.start, series.zone, span)]


@pytest.mark.parametrize("seed", range(0, 450, 2))
def test_two_parts_are_the_whole(seed):
    series = drawn(seed)
    rule_only = Series(series.lines[:1], series.start, series.zone)
    by_rule = starts(rule_only)
    at = by_rule[len(by_rule) // 2]
    head, tail = split_at(series, at)
    before = starts(head) if head else []
    after = starts(tail, days=2000)
    whole = starts(series)
    assert [one for one in whole if one < at] == before
    assert [one for one in after if one <= whole[-1]] == [one for one in whole if one >= at]


def test_first_occurrence_leaves_nothing_before_it():
    series = Series(("RRULE:FREQ=DAILY",), MONDAY, BERLIN)
    assert split_at(series, datetime(2026, 10, 19, 7, tzinfo=UTC)) == (None, series)


@pytest.mark.parametrize("day", [20, 18])
def test_instant_without_an_occurrence_is_refused(day):
    series = Series(("RRULE:FREQ=WEEKLY",), MONDAY, BERLIN)
    with pytest.raises(BadRule):
        split_at(series, datetime(2026, 10, day, 7, tzinfo=UTC))


def test_number_of_times_is_shared_out_and_dates_go_where_they_belong():
    lines = (
        "RRULE:FREQ=WEEKLY;COUNT=10",
        "EXDATE;TZID=Europe/Berlin:20261026T090000,20261109T090000",
    )
    head, tail = split_at(Series(lines, MONDAY, BERLIN), datetime(2026, 11, 2, 8, tzinfo=UTC))
    assert head.lines == ("RRULE:FREQ=WEEKLY;UNTIL=20261026T080000Z", "EXDATE:20261026T080000Z")
    assert tail.lines == ("RRULE:FREQ=WEEKLY;COUNT=8", "EXDATE:20261109T080000Z")
    assert tail.start == datetime(2026, 11, 2, 9, 0)


def test_all_day_series_is_parted_by_dates():
    lines = ("RRULE:FREQ=DAILY;UNTIL=20261031", "EXDATE;VALUE=DATE:20261030")
    series = Series(lines, date(2026, 10, 20), BERLIN)
    head, tail = split_at(series, datetime(2026, 10, 25, 23, tzinfo=UTC))
    assert head.lines == ("RRULE:FREQ=DAILY;UNTIL=20261025",)
    assert (tail.lines, tail.start) == (lines, date(2026, 10, 26))


def test_series_is_parted_at_a_skipped_hour():
    """02:30 on 28 March 2027 is 03:30; the day before it stays in the first part alone."""
    series = Series(("RRULE:FREQ=DAILY",), datetime(2027, 3, 26, 2, 30), BERLIN)
    head, tail = split_at(series, datetime(2027, 3, 28, 1, 30, tzinfo=UTC))
    assert head.lines == ("RRULE:FREQ=DAILY;UNTIL=20270327T013000Z",)
    assert tail.start == datetime(2027, 3, 28, 2, 30)


@pytest.mark.parametrize("seed", range(0, 450, 5))
@pytest.mark.parametrize("shift", [timedelta(hours=2), timedelta(hours=-1)])
def test_moved_within_the_day_keeps_every_occurrence(seed, shift):
    series = drawn(seed)
    if series.is_all_day or series.start.hour + shift.total_seconds() / 3600 not in range(24):
        return
    later = moved(series, series.start + shift, series.zone)
    walls = [wall + shift for wall in wall_times(series)]
    assert wall_times(later)[: len(walls)] == walls[: len(wall_times(later))]
    assert abs(len(wall_times(later)) - len(walls)) <= 1


def wall_times(series):
    first = datetime.combine(series.start, datetime.min.time(), tzinfo=UTC)
    span = Span(first - timedelta(days=3), first + timedelta(days=300))
    return [one.wall for one in occurrences(series.lines, series.start, series.zone, span)]


@pytest.mark.parametrize(
    ("line", "days", "expected"),
    [
        ("FREQ=WEEKLY;BYDAY=MO,TH", 1, "FREQ=WEEKLY;BYDAY=TU,FR"),
        ("FREQ=WEEKLY;BYDAY=MO", -1, "FREQ=WEEKLY;BYDAY=SU"),
        ("FREQ=WEEKLY;BYDAY=MO", 8, "FREQ=WEEKLY;BYDAY=TU"),
        ("FREQ=DAILY;INTERVAL=2", 1, "FREQ=DAILY;INTERVAL=2"),
        ("FREQ=MONTHLY;BYDAY=3MO", 1, "FREQ=MONTHLY;BYDAY=3TU"),
        ("FREQ=MONTHLY;BYDAY=3MO;COUNT=4", 7, "FREQ=MONTHLY;BYDAY=4MO;COUNT=4"),
        ("FREQ=MONTHLY;BYMONTHDAY=19", 2, "FREQ=MONTHLY;BYMONTHDAY=21"),
        ("FREQ=YEARLY", 13, "FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=1"),
        ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1", 1, "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1"),
        ("FREQ=WEEKLY;BYDAY=MO;UNTIL=20261116T080000Z", 1,
         "FREQ=WEEKLY;BYDAY=TU;UNTIL=20261117T225959Z"),
    ],
)  # fmt: skip
def test_rule_moves_along_with_its_start(line, days, expected):
    series = Series((f"RRULE:{line}",), MONDAY, BERLIN)
    later = moved(series, MONDAY + timedelta(days=days), BERLIN)
    assert later.lines == (f"RRULE:{expected}",)


def test_dates_left_out_move_along_into_another_zone():
    lines = ("RRULE:FREQ=WEEKLY;UNTIL=20261116T080000Z", "EXDATE:20261026T080000Z")
    later = moved(Series(lines, MONDAY, BERLIN), datetime(2026, 10, 19, 10, 0), NEW_YORK)
    assert later.lines == ("RRULE:FREQ=WEEKLY;UNTIL=20261117T045959Z", "EXDATE:20261026T140000Z")


def test_rule_that_the_editor_does_not_know_keeps_its_days():
    lines = ("RRULE:FREQ=MONTHLY;BYMONTHDAY=1,19;COUNT=9",)
    assert moved(Series(lines, MONDAY, BERLIN), MONDAY + timedelta(days=1), BERLIN).lines == lines


def test_end_is_replaced():
    lines = ("RRULE:FREQ=DAILY;COUNT=3;WKST=SU", "EXDATE:20261026T080000Z")
    assert ended(lines) == ("RRULE:FREQ=DAILY;WKST=SU", lines[1])
    assert ended(lines, until=date(2026, 12, 1))[0] == "RRULE:FREQ=DAILY;WKST=SU;UNTIL=20261201"
