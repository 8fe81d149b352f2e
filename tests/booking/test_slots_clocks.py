"""Slots: why there is none, and clock changes by table."""

from __future__ import annotations

import time as stopwatch
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from booking.slots import Refusal, Rule, open_slots, why_not
from common.spans import Span
from tests.booking.slots import (
    DAY,
    HALF_HOURS,
    HOUR,
    MINUTE,
    MONDAY,
    MORNING,
    at,
    painted,
    refused,
    rules,
    span,
    week,
)
from workspaces.availability import (
    DEFAULT_AVAILABILITY,
    WEEKDAYS,
    Availability,
    parse_availability,
)

# --- why not --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "changes", "more", "rule"),
    [
        ("9:00", {}, {}, None),
        ("10:30", {}, {}, None),
        ("9:00", {"minimum_notice": 9 * HOUR + MINUTE}, {}, Rule.NOTICE),
        ("9:00", {"horizon": 9 * HOUR - MINUTE}, {}, Rule.HORIZON),
        ("8:30", {}, {}, Rule.HOURS),
        ("11:00", {}, {}, Rule.HOURS),
        ("10:45", {}, {}, Rule.HOURS),
        ("9:15", {}, {}, Rule.GRID),
        ("9:00", {}, {"busy": [("08:00", "09:01")]}, Rule.BUSY),
        ("9:00", {}, {"holds": [("09:29", "09:31")]}, Rule.HELD),
        (
            "9:00",
            {},
            {"holds": [("09:00", "09:30")], "busy": [("09:00", "09:30")]},
            Rule.HELD,
        ),
        ("9:00", {"max_per_day": 1}, {"booked": ["14:00"]}, Rule.DAY_LIMIT),
        ("9:00", {"max_per_day": 2, "max_per_week": 1}, {"booked": ["14:00"]}, Rule.WEEK_LIMIT),
        ("9:00", {"max_per_day": 2, "max_per_week": 2}, {"booked": ["14:00"]}, None),
    ],
)
def test_why_not_names_the_rule(start, changes, more, rule):
    found = why_not(
        rules(**changes),
        MORNING,
        [span(*pair) for pair in more.get("busy", ())],
        MONDAY,
        at(start),
        holds=[span(*pair) for pair in more.get("holds", ())],
        booked_starts=[at(clock) for clock in more.get("booked", ())],
    )
    assert found == (rule and Refusal(rule))


def test_every_rule_has_a_reason_for_people():
    assert len({Refusal(rule).reason for rule in Rule}) == len(Rule)


def test_why_not_reads_a_start_given_in_another_zone():
    new_york = at("9:00").astimezone(ZoneInfo("America/New_York"))
    assert why_not(HALF_HOURS, MORNING, [], MONDAY, new_york) is None


# --- clock changes --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "day", "hours", "expected"),
    [
        # Skipped hour: 01:00 and 01:30 EST, then 03:00 EDT.
        (
            "America/New_York",
            date(2026, 3, 8),
            ("01:00", "04:00"),
            ["06:00", "06:30", "07:00", "07:30"],
        ),
        ("America/New_York", date(2026, 3, 8), ("02:00", "03:00"), []),
        # Repeated hour: two hours long on the wall, three in fact.
        (
            "America/New_York",
            date(2026, 11, 1),
            ("01:00", "03:00"),
            ["05:00", "05:30", "06:00", "06:30", "07:00", "07:30"],
        ),
        (
            "Europe/Dublin",
            date(2026, 3, 29),
            ("00:30", "02:30"),
            ["00:30", "01:00"],
        ),
        (
            "Europe/Dublin",
            date(2026, 10, 25),
            ("00:30", "02:00"),
            ["23:30", "00:00", "00:30", "01:00", "01:30"],
        ),
        # Ramadan: Morocco goes back to UTC on 15 February 2026 and forward on 22 March.
        (
            "Africa/Casablanca",
            date(2026, 2, 15),
            ("01:00", "03:30"),
            ["00:00", "00:30", "01:00", "01:30", "02:00", "02:30", "03:00"],
        ),
        (
            "Africa/Casablanca",
            date(2026, 3, 22),
            ("01:00", "04:00"),
            ["01:00", "01:30", "02:00", "02:30"],
        ),
        # Half an hour: the grid goes on in real time.
        (
            "Australia/Lord_Howe",
            date(2026, 4, 5),
            ("01:00", "02:30"),
            ["14:00", "14:30", "15:00", "15:30"],
        ),
        ("Australia/Lord_Howe", date(2026, 10, 4), ("01:30", "03:00"), ["15:00", "15:30"]),
        # The day that never was.
        ("Pacific/Apia", date(2011, 12, 30), ("09:00", "17:00"), []),
        ("Pacific/Apia", date(2011, 12, 31), ("09:00", "10:00"), ["19:00", "19:30"]),
        # Summer time was given up in 2019: the same hour of January before and after.
        ("America/Sao_Paulo", date(2019, 1, 15), ("09:00", "10:00"), ["11:00", "11:30"]),
        ("America/Sao_Paulo", date(2026, 1, 15), ("09:00", "10:00"), ["12:00", "12:30"]),
        ("America/Sao_Paulo", date(2018, 11, 4), ("00:00", "02:00"), ["03:00", "03:30"]),
        ("Asia/Kathmandu", date(2026, 6, 1), ("09:00", "10:00"), ["03:15", "03:45"]),
        ("Pacific/Kiritimati", date(2026, 6, 1), ("09:00", "10:00"), ["19:00", "19:30"]),
    ],
)
def test_slots_across_clock_changes(zone, day, hours, expected):
    only_that_day = Availability(
        parse_availability(
            {name: {"enabled": False} for name in WEEKDAYS},
        ).days,
        {day: (tuple(time.fromisoformat(clock) for clock in hours),)},
    )
    noon = datetime.combine(day, time(12), tzinfo=UTC)
    window = Span(noon - 3 * DAY, noon + 3 * DAY)
    there = rules(zone=ZoneInfo(zone))
    assert painted(there, only_that_day, now=noon - 3 * DAY, window=window) == expected


def test_where_a_repeated_hour_makes_hours_overlap_the_later_grid_takes_over():
    """01:00-01:30 lasts into the second 01:30 and so over the start of what follows it."""
    night = datetime(2026, 11, 1, tzinfo=UTC)
    found = painted(
        rules(duration=20 * MINUTE, step=20 * MINUTE, zone=ZoneInfo("America/New_York")),
        week(("01:00", "01:30"), ("01:30", "02:00")),
        now=night,
        window=Span(night, night + DAY),
    )
    assert found == ["05:00", "05:20", "05:30", "05:50", "06:10", "06:30"]


def test_the_hours_of_a_date_that_comes_back_after_midnight_are_kept_together():
    """At 00:01 on 7 November 2010 St. John's went back to 23:01 of the 6th."""
    back = parse_availability(
        {name: {"enabled": False} for name in WEEKDAYS}
        | {"overrides": {"2010-11-06": [["23:00", "24:00"]]}}
    )
    noon = datetime(2010, 11, 6, 12, tzinfo=UTC)
    there = rules(zone=ZoneInfo("America/St_Johns"))
    assert painted(there, back, now=noon, window=Span(noon, noon + DAY)) == [
        "01:30",
        "02:00",
        "02:30",
        "03:00",
    ]
    midnight = datetime(2010, 11, 7, 2, 30, tzinfo=UTC)
    assert refused(midnight, there, back, now=noon) is None


def test_every_slot_is_as_long_as_its_duration_across_the_repeated_hour():
    """Added on the wall, 01:30 plus an hour would be over at once."""
    night = datetime(2026, 11, 1, tzinfo=UTC)
    found = open_slots(
        rules(duration=HOUR, zone=ZoneInfo("America/New_York")),
        week(("00:00", "06:00")),
        [],
        night,
        Span(night, night + DAY),
    )
    assert {slot.end - slot.start for slot in found} == {HOUR}
    assert len(found) == 2 * 7 - 1


def test_ten_times_the_load_is_no_more_than_ten_times_the_work():
    """In time of the processor, which other processes cost nothing; quadratic code takes a hundred
    times as much.
    """
    year = Span(MONDAY, MONDAY + 365 * DAY)

    def work(count):
        step = 500_000 // count * MINUTE
        busy = [Span(MONDAY + n * step, MONDAY + n * step + MINUTE) for n in range(count)]
        began = stopwatch.process_time()
        found = open_slots(rules(horizon=366 * DAY), DEFAULT_AVAILABILITY, busy, MONDAY, year)
        return stopwatch.process_time() - began, found

    little = max(work(10_000)[0] for _ in range(3))
    much, found = work(100_000)
    assert much < 40 * little
    assert {slot.start.date() for slot in found} == {
        MONDAY.date() + n * DAY for n in range(347, 365) if (MONDAY + n * DAY).weekday() < 5
    }
