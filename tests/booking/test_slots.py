"""Slots: each rule by example. `test_slots_property` tries the rest."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from booking.slots import Rule, Slot, open_slots, why_not
from common.spans import Span
from tests.booking.slots import (
    DAY,
    HALF_HOURS,
    HOUR,
    MINUTE,
    MONDAY,
    MORNING,
    WHOLE_MONDAY,
    at,
    painted,
    refused,
    rules,
    span,
    week,
)
from workspaces.availability import (
    DEFAULT_AVAILABILITY,
    parse_availability,
)


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
