"""Slots: each rule by example, clock changes by table. `test_slots_property` tries the rest."""

from __future__ import annotations

import time as stopwatch
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from booking.slots import Refusal, Rule, Slot, SlotRules, open_slots, why_not
from common.spans import Span
from workspaces.availability import (
    DEFAULT_AVAILABILITY,
    WEEKDAYS,
    Availability,
    parse_availability,
)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
DUBLIN = ZoneInfo("Europe/Dublin")
MONDAY = datetime(2026, 11, 16, tzinfo=UTC)  # Dublin keeps UTC in November
HALF_HOURS = SlotRules(
    duration=30 * MINUTE,
    step=30 * MINUTE,
    buffer_before=0 * MINUTE,
    buffer_after=0 * MINUTE,
    minimum_notice=0 * MINUTE,
    horizon=60 * DAY,
    max_per_day=None,
    max_per_week=None,
    zone=DUBLIN,
)


def rules(**changes):
    return replace(HALF_HOURS, **changes)


def at(clock, day=MONDAY):
    hour, minute = clock.split(":")
    return day + int(hour) * HOUR + int(minute) * MINUTE


def span(start, end, day=MONDAY):
    return Span(at(start, day), at(end, day))


def week(*intervals):
    day = {"enabled": True, "intervals": [list(pair) for pair in intervals]}
    return parse_availability(dict.fromkeys(WEEKDAYS, day))


MORNING = week(("09:00", "11:00"))
WHOLE_MONDAY = Span(MONDAY, MONDAY + DAY)


def clocks(slots):
    return [f"{slot.start:%H:%M}" for slot in slots]


def painted(rule_set=HALF_HOURS, availability=MORNING, *, busy=(), now=MONDAY, **more):
    window = more.pop("window", WHOLE_MONDAY)
    return clocks(open_slots(rule_set, availability, busy, now, window, **more))


def refused(start, rule_set=HALF_HOURS, availability=MORNING, *, busy=(), now=MONDAY, **more):
    refusal = why_not(rule_set, availability, busy, now, start, **more)
    return refusal and refusal.rule


def test_slots_fill_the_hours_and_carry_their_end():
    found = open_slots(HALF_HOURS, MORNING, [], MONDAY, WHOLE_MONDAY)
    assert found == [
        Slot(at("9:00"), at("9:30")),
        Slot(at("9:30"), at("10:00")),
        Slot(at("10:00"), at("10:30")),
        Slot(at("10:30"), at("11:00")),
    ]


def test_step_differs_from_duration():
    assert painted(rules(duration=45 * MINUTE, step=20 * MINUTE)) == [
        "09:00",
        "09:20",
        "09:40",
        "10:00",
    ]


def test_the_grid_begins_anew_with_each_interval():
    assert painted(availability=week(("09:10", "10:15"), ("13:05", "14:05"))) == [
        "09:10",
        "09:40",
        "13:05",
        "13:35",
    ]


def test_a_slot_may_last_into_hours_that_adjoin():
    hours = week(("09:00", "10:00"), ("10:00", "10:30"))
    assert painted(rules(duration=HOUR), hours) == ["09:00", "09:30"]


def test_a_slot_may_last_over_midnight_into_hours_that_adjoin():
    whole = Span(at("22:00"), at("22:00") + 4 * HOUR)
    assert painted(rules(duration=HOUR, step=HOUR), week(("00:30", "24:00")), window=whole) == [
        "22:30",
        "00:30",
        "01:30",
    ]
    assert painted(rules(duration=HOUR, step=HOUR), week(("00:00", "24:00")), window=whole) == [
        "22:00",
        "23:00",
        "00:00",
        "01:00",
    ]
    assert painted(
        rules(duration=HOUR), week(("00:00", "24:00")), window=Span(at("23:00"), at("23:59"))
    ) == ["23:00", "23:30"]


def test_a_meeting_longer_than_two_days_fits_into_hours_without_a_gap():
    always = week(("00:00", "24:00"))
    assert painted(rules(duration=60 * HOUR, step=12 * HOUR), always) == ["00:00", "12:00"]
    first_hour = Span(MONDAY, MONDAY + HOUR)
    assert painted(rules(duration=60 * HOUR), always, window=first_hour) == ["00:00", "00:30"]
    closed = parse_availability({**always.to_json(), "overrides": {"2026-11-19": []}})
    assert painted(rules(duration=60 * HOUR, step=12 * HOUR), closed) == ["00:00", "12:00"]
    assert painted(rules(duration=61 * HOUR, step=12 * HOUR), closed) == ["00:00"]


def test_slots_start_inside_the_window_and_keep_their_grid():
    assert painted(window=span("09:10", "10:30")) == ["09:30", "10:00"]


def test_an_override_closes_its_date():
    closed = parse_availability({**DEFAULT_AVAILABILITY.to_json(), "overrides": {"2026-11-16": []}})
    assert painted(availability=closed) == []
    assert refused(at("9:00"), availability=closed) is Rule.HOURS


# --- busy, holds, buffers -------------------------------------------------------------------


def test_busy_time_is_left_out_half_open():
    assert painted(busy=[span("09:30", "10:00")]) == ["09:00", "10:00", "10:30"]


def test_a_minute_of_busy_time_takes_the_slot():
    assert painted(busy=[span("09:59", "10:01")]) == ["09:00", "10:30"]


def test_busy_spans_may_come_unsorted_and_overlapping():
    busy = [span("10:00", "10:10"), span("09:00", "10:05"), span("09:10", "09:20")]
    assert painted(busy=busy) == ["10:30"]


def test_only_the_new_meetings_buffers_count_against_calendar_events():
    buffered = rules(buffer_before=10 * MINUTE, buffer_after=20 * MINUTE, step=5 * MINUTE)
    # 09:30-10:00 is busy: a meeting ends by 09:10, or starts from 10:10 on.
    found = painted(buffered, busy=[span("09:30", "10:00")], availability=week(("08:30", "11:00")))
    assert found == ["08:30", "08:35", "08:40", "10:10", "10:15", "10:20", "10:25", "10:30"]


def test_two_meetings_buffers_add_up():
    """A meeting 09:30-10:00 with 15 minutes after it holds until 10:15; ours wants 10 before."""
    buffered = rules(buffer_before=10 * MINUTE, step=5 * MINUTE)
    assert painted(buffered, holds=[span("09:30", "10:15")]) == ["09:00", "10:25", "10:30"]


def test_a_gap_exactly_as_long_as_the_meeting_with_its_buffers_is_enough():
    with_buffers = rules(buffer_before=10 * MINUTE, buffer_after=5 * MINUTE)
    before, after = span("9:00", "9:20"), span("10:05", "11:00")
    assert painted(with_buffers, busy=[before], holds=[after]) == ["09:30"]
    late = span("9:00", "9:21")
    assert painted(with_buffers, busy=[late], holds=[after]) == []


def test_buffers_may_lie_outside_the_hours():
    buffered = rules(buffer_before=HOUR, buffer_after=HOUR, duration=2 * HOUR)
    assert painted(buffered) == ["09:00"]
    assert painted(buffered, busy=[span("08:30", "08:45")]) == []


# --- notice, horizon, limits ----------------------------------------------------------------


def test_notice_counts_from_now_and_includes_its_end():
    noticed = rules(minimum_notice=HOUR)
    assert painted(noticed, now=at("8:30")) == ["09:30", "10:00", "10:30"]
    assert painted(noticed, now=at("8:31")) == ["10:00", "10:30"]


def test_a_past_slot_is_never_open():
    assert painted(now=at("9:30")) == ["09:30", "10:00", "10:30"]
    assert painted(now=MONDAY + 2 * DAY) == []


def test_horizon_counts_from_now_and_includes_its_end():
    assert painted(rules(horizon=10 * HOUR)) == ["09:00", "09:30", "10:00"]
    assert painted(rules(horizon=9 * HOUR)) == ["09:00"]
    assert painted(rules(horizon=8 * HOUR)) == []


def test_notice_beyond_the_horizon_opens_nothing():
    assert painted(rules(minimum_notice=DAY, horizon=HOUR)) == []
    assert refused(at("9:00"), rules(minimum_notice=DAY, horizon=HOUR)) is Rule.NOTICE


def test_a_full_day_is_closed_and_the_next_is_open():
    two_days = Span(MONDAY, MONDAY + 2 * DAY)
    booked = [at("14:00"), at("15:00")]
    assert len(painted(rules(max_per_day=3), booked_starts=booked, window=two_days)) == 8
    assert open_slots(
        rules(max_per_day=2), MORNING, [], MONDAY, two_days, booked_starts=booked
    ) == open_slots(HALF_HOURS, MORNING, [], MONDAY, Span(MONDAY + DAY, MONDAY + 2 * DAY))


def test_the_day_of_the_limit_is_the_owners():
    """23:30 UTC on Sunday is Monday in Kiritimati and still Sunday in Dublin."""
    sunday_night = MONDAY - 30 * MINUTE
    limited = rules(max_per_day=1)
    assert painted(limited, booked_starts=[sunday_night]) == ["09:00", "09:30", "10:00", "10:30"]
    island = rules(max_per_day=1, zone=ZoneInfo("Pacific/Kiritimati"))
    monday_there = Span(MONDAY - 14 * HOUR, MONDAY + 10 * HOUR)
    assert painted(island, now=MONDAY - DAY, window=monday_there) == [
        "19:00",
        "19:30",
        "20:00",
        "20:30",
    ]
    assert (
        painted(island, now=MONDAY - DAY, window=monday_there, booked_starts=[sunday_night]) == []
    )


def test_the_week_of_the_limit_is_the_iso_week_over_new_year():
    """Monday 28 December 2026 and Friday 1 January 2027 are both in week 53."""
    new_year = datetime(2027, 1, 1, tzinfo=UTC)
    booked = [datetime(2026, 12, 28, 9, tzinfo=UTC)]
    limited = rules(max_per_week=1)
    window = Span(new_year, new_year + 4 * DAY)
    found = open_slots(limited, MORNING, [], new_year, window, booked_starts=booked)
    assert {slot.start.date() for slot in found} == {date(2027, 1, 4)}


@pytest.mark.parametrize(
    "wrong",
    [
        {"duration": 0 * MINUTE},
        {"step": 0 * MINUTE},
        {"step": -MINUTE},
        {"buffer_before": -MINUTE},
        {"buffer_after": -MINUTE},
        {"minimum_notice": -MINUTE},
        {"horizon": -DAY},
        {"max_per_day": 0},
        {"max_per_week": 0},
    ],
)
def test_rules_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must|cannot|would"):
        rules(**wrong)


def test_naive_times_are_refused():
    naive = datetime(2026, 11, 16, 9)
    with pytest.raises(ValueError, match="naive"):
        open_slots(HALF_HOURS, MORNING, [], naive, WHOLE_MONDAY)
    with pytest.raises(ValueError, match="naive"):
        why_not(HALF_HOURS, MORNING, [], MONDAY, naive)


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


def test_ten_times_the_yearly_load_is_no_more_than_ten_times_the_work():
    """Quadratic code would need minutes for this; the ceiling leaves room for a slow machine."""
    busy = [Span(MONDAY + n * 5 * MINUTE, MONDAY + n * 5 * MINUTE + MINUTE) for n in range(100_000)]
    year = Span(MONDAY, MONDAY + 365 * DAY)
    began = stopwatch.perf_counter()
    found = open_slots(rules(horizon=366 * DAY), DEFAULT_AVAILABILITY, busy, MONDAY, year)
    assert stopwatch.perf_counter() - began < 5
    assert {slot.start.date() for slot in found} == {
        MONDAY.date() + n * DAY for n in range(347, 365) if (MONDAY + n * DAY).weekday() < 5
    }
