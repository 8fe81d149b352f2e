"""Our occurrences against those of python-dateutil and recurring-ical-events."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from calendars.recurrence import BadRule, all_until, first_of, occurrences
from common.spans import Span
from tests.calendars.recurrence import oracles

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


def starts(made, span, **more):
    found = occurrences(made.lines, made.start, made.zone, span, **more)
    return [one.at if isinstance(made.start, datetime) else one.wall.date() for one in found]


def inside(found, span):
    """Without the last days: where an all-day event's day ends is each one's own."""
    last = span.end - timedelta(days=3)
    return [one for one in found if one < (last if isinstance(one, datetime) else last.date())]


def span_of(made, days=800):
    first = datetime.combine(made.start, datetime.min.time(), tzinfo=UTC)
    return Span(first - timedelta(days=3), first + timedelta(days=days))


@pytest.mark.parametrize("seed", range(450))
def test_agrees_with_dateutil(seed):
    made = oracles.series(seed)
    span = span_of(made)
    theirs = oracles.by_dateutil(made, span.start, span.end)
    assert inside(starts(made, span), span) == inside(theirs, span), str(made)


@pytest.mark.parametrize("seed", range(450))
def test_agrees_with_recurring_ical_events(seed):
    made = oracles.series(seed)
    span = span_of(made)
    ours = inside(starts(made, span), span)
    theirs = inside(oracles.by_ical_events(made, span.start, span.end), span)
    # It counts the first start of a series in any case, on one of the rule's days or not.
    first = made.start if not isinstance(made.start, datetime) else first_instant(made)
    assert [one for one in ours if one != first] == [one for one in theirs if one != first], str(
        made
    )


def first_instant(made):
    return made.start.replace(tzinfo=made.zone).astimezone(UTC)


@pytest.mark.parametrize("seed", range(0, 450, 3))
def test_a_window_far_ahead_is_that_part_of_the_whole(seed):
    """Whole periods are skipped on the way there, which must not shift the rest."""
    made = oracles.series(seed)
    whole = starts(made, span_of(made, days=1600))
    late = span_of(made, days=1600)
    late = Span(late.start + timedelta(days=1100), late.end)
    if isinstance(made.start, datetime):
        assert starts(made, late) == [one for one in whole if one >= late.start]
    else:
        assert set(starts(made, late)) <= set(whole)


@pytest.mark.parametrize(
    ("rule", "start", "zone", "expected"),
    [
        # 02:30 is skipped on 28 March 2027: read under the offset before, it is 03:30.
        ("FREQ=DAILY;COUNT=3", datetime(2027, 3, 27, 2, 30), "Europe/Berlin",
         ["2027-03-27T01:30", "2027-03-28T01:30", "2027-03-29T00:30"]),
        # 02:30 comes twice on 31 October 2027: the first counts.
        ("FREQ=DAILY;COUNT=3", datetime(2027, 10, 30, 2, 30), "Europe/Berlin",
         ["2027-10-30T00:30", "2027-10-31T00:30", "2027-11-01T01:30"]),
        # Lord Howe's clocks change by half an hour.
        ("FREQ=WEEKLY;COUNT=2", datetime(2026, 9, 30, 9, 0), "Australia/Lord_Howe",
         ["2026-09-29T22:30", "2026-10-06T22:00"]),
        # Dublin's winter is the exception in its zone data, its summer the rule.
        ("FREQ=WEEKLY;COUNT=2", datetime(2026, 10, 20, 9, 0), "Europe/Dublin",
         ["2026-10-20T08:00", "2026-10-27T09:00"]),
        # Casablanca goes back for Ramadan.
        ("FREQ=WEEKLY;COUNT=2", datetime(2026, 2, 10, 9, 0), "Africa/Casablanca",
         ["2026-02-10T08:00", "2026-02-17T09:00"]),
        # Apia had no 30 December 2011; that day's hour is the next day's, and stands there once.
        ("FREQ=DAILY;COUNT=3", datetime(2011, 12, 29, 9, 0), "Pacific/Apia",
         ["2011-12-29T19:00", "2011-12-30T19:00"]),
        ("FREQ=DAILY;COUNT=2", datetime(2026, 3, 1, 9, 0), "Asia/Kathmandu",
         ["2026-03-01T03:15", "2026-03-02T03:15"]),
    ],
)  # fmt: skip
def test_wall_time_stays_across_clock_changes(rule, start, zone, expected):
    made = oracles.Series(start, ZoneInfo(zone), rule)
    assert [f"{one:%Y-%m-%dT%H:%M}" for one in starts(made, span_of(made))] == expected


@pytest.mark.parametrize(
    ("rule", "start", "expected"),
    [
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;COUNT=3", date(1997, 5, 12),
         [date(1997, 5, 12), date(1998, 5, 11), date(1999, 5, 17)]),
        ("FREQ=YEARLY;INTERVAL=3;COUNT=4;BYYEARDAY=1,100,200", date(1997, 1, 1),
         [date(1997, 1, 1), date(1997, 4, 10), date(1997, 7, 19), date(2000, 1, 1)]),
        ("FREQ=YEARLY;BYDAY=20MO;COUNT=2", date(1997, 5, 19),
         [date(1997, 5, 19), date(1998, 5, 18)]),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=2", date(1998, 2, 13),
         [date(1998, 2, 13), date(1998, 3, 13)]),
        ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", date(1997, 8, 5),
         [date(1997, 8, 5), date(1997, 8, 10), date(1997, 8, 19), date(1997, 8, 24)]),
        ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", date(1997, 8, 5),
         [date(1997, 8, 5), date(1997, 8, 17), date(1997, 8, 19), date(1997, 8, 31)]),
        ("FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=3", date(2007, 1, 15),
         [date(2007, 1, 15), date(2007, 1, 30), date(2007, 2, 15)]),
    ],
)  # fmt: skip
def test_examples_of_the_rfc(rule, start, expected):
    """From RFC 5545, 3.8.5.3."""
    made = oracles.Series(start, NEW_YORK, rule)
    assert starts(made, span_of(made, days=1500)) == expected


def test_dates_can_be_left_out_in_every_form():
    start = datetime(2026, 12, 7, 9, 0)
    lines = (
        "RRULE:FREQ=DAILY;COUNT=5",
        "EXDATE:20261208T080000Z",
        "EXDATE;TZID=America/New_York:20261209T030000",
        "EXDATE:20261210T090000,20261211T080000Z",
    )
    span = Span(datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    (left,) = occurrences(lines, start, BERLIN, span)
    assert left.wall == start


def test_date_left_out_of_an_all_day_series():
    lines = ("RRULE:FREQ=DAILY;COUNT=3", "EXDATE;VALUE=DATE:20261208")
    span = Span(datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    found = occurrences(lines, date(2026, 12, 7), BERLIN, span)
    assert [one.wall.day for one in found] == [7, 9]
    assert found[0].at == datetime(2026, 12, 6, 23, tzinfo=UTC)


def test_what_began_before_the_span_and_lasts_into_it_is_there():
    start = datetime(2026, 12, 7, 22, 0)
    span = Span(datetime(2026, 12, 8, 0, tzinfo=UTC), datetime(2026, 12, 8, 12, tzinfo=UTC))
    rule = ("RRULE:FREQ=DAILY",)
    assert occurrences(rule, start, BERLIN, span) == []
    (one,) = occurrences(rule, start, BERLIN, span, length=timedelta(hours=4))
    assert one.wall == start


def test_all_until_is_what_came_before():
    start, rule = datetime(2026, 12, 7, 9, 0), ("RRULE:FREQ=DAILY",)
    found = all_until(rule, start, BERLIN, datetime(2026, 12, 10, 8, tzinfo=UTC))
    assert [one.wall.day for one in found] == [7, 8, 9]


def test_rule_without_any_day_ends():
    assert (
        first_of(("RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",), date(2026, 2, 1), BERLIN) is None
    )
    assert first_of(("RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",), date(2026, 2, 1), BERLIN) is None


@pytest.mark.parametrize("start", [date(2026, 2, 1), datetime(9999, 12, 31, 9, 0)])
def test_first_of_looks_no_further_than_asked(start):
    rule, week = ("RRULE:FREQ=DAILY;BYMONTH=6;BYMONTHDAY=1",), timedelta(days=7)
    assert first_of(rule, start, BERLIN, within=week) is None


def test_first_of_within_a_time_is_the_first():
    rule, start = ("RRULE:FREQ=DAILY;BYMONTHDAY=5",), date(2026, 2, 1)
    assert first_of(rule, start, BERLIN, within=timedelta(days=7)) == first_of(rule, start, BERLIN)


@pytest.mark.parametrize(
    "line",
    [
        "RRULE:FREQ=HOURLY", "RRULE:FREQ=DAILY;COUNT=0", "RRULE:FREQ=DAILY;INTERVAL=0",
        "RRULE:FREQ=DAILY;BYEASTER=1", "RRULE:FREQ=DAILY;COUNT=2;UNTIL=20270101",
        "RRULE:FREQ=WEEKLY;BYDAY=2MO", "RRULE:FREQ=MONTHLY;BYMONTHDAY=32",
        "RRULE:FREQ=DAILY;UNTIL=soon",
        "RRULE:FREQ=DAILY;FREQ=WEEKLY", "RRULE:FREQ=MONTHLY;BYDAY=0MO", "RRULE:COUNT=2",
        "DTSTART:20260101",
        "RRULE:FREQ=WEEKLY;WKST=XX", "EXDATE;TZID=Mars/Base:20260101T000000",
        "RDATE;VALUE=PERIOD:20260101T000000Z/PT1H", "EXRULE:FREQ=DAILY",
        "RRULE:FREQ=DAILY;COUNT=99999999999999999999", "RRULE:FREQ=DAILY;UNTIL=00010101",
        "RRULE:FREQ=MONTHLY;BYMONTHDAY=x",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(line):
    span = Span(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
    with pytest.raises(BadRule):
        occurrences((line,), datetime(2026, 1, 1, 9), BERLIN, span)
