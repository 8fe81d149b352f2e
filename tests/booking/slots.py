"""Open times of a Monday in Dublin, by rules that are named where they differ."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from booking.slots import SlotRules, open_slots, why_not
from common.spans import Span
from workspaces.availability import (
    WEEKDAYS,
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
