"""Wall-clock readings become the right instants, checked minute by minute against the zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.wallclock import day_begins, ends_at, occurs_at, starts_at, wall_clock

MINUTE = timedelta(minutes=1)
# Zone, and a date within a day of a change of its clock.
CHANGES = [
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Europe/Dublin", date(2026, 3, 29)),
    ("Europe/Dublin", date(2026, 10, 25)),
    ("Africa/Casablanca", date(2026, 2, 15)),
    ("Africa/Casablanca", date(2026, 3, 22)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("America/Sao_Paulo", date(2018, 2, 18)),
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("America/Havana", date(2026, 3, 8)),
    ("America/Havana", date(2026, 11, 1)),
    ("America/St_Johns", date(2010, 11, 7)),
    ("Asia/Kathmandu", date(2026, 6, 1)),
    ("Pacific/Kiritimati", date(2026, 6, 1)),
    ("Europe/Kyiv", date(2026, 10, 25)),
]


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "wall", "expected"),
    [
        ("America/New_York", "2026-03-08T02:30", "2026-03-08T07:00"),  # skipped: 03:00 EDT
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30"),  # twice: the EDT one
        ("America/New_York", "2026-11-02T09:00", "2026-11-02T14:00"),
        ("Europe/Dublin", "2026-03-29T01:30", "2026-03-29T01:00"),
        ("Europe/Dublin", "2026-10-25T01:30", "2026-10-25T00:30"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30"),
        ("Pacific/Apia", "2011-12-30T09:00", "2011-12-30T10:00"),  # the whole day is skipped
        ("America/Sao_Paulo", "2018-11-04T00:00", "2018-11-04T03:00"),
        ("America/Sao_Paulo", "2026-11-04T00:00", "2026-11-04T03:00"),
        ("Asia/Kathmandu", "2026-06-01T09:00", "2026-06-01T03:15"),
        ("Pacific/Kiritimati", "2026-06-01T09:00", "2026-05-31T19:00"),
    ],
)
def test_starts_at(zone, wall, expected):
    assert starts_at(datetime.fromisoformat(wall), ZoneInfo(zone)) == utc(expected)


@pytest.mark.parametrize(
    ("zone", "wall", "expected"),
    [
        ("America/New_York", "2026-03-08T02:30", "2026-03-08T07:00"),
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T06:30"),  # twice: the EST one
        ("America/New_York", "2026-11-01T01:00", "2026-11-01T05:00"),  # the fold begins with it
        ("America/Havana", "2026-11-01T00:00", "2026-11-01T04:00"),  # the day before ends once
        ("Pacific/Apia", "2011-12-30T17:00", "2011-12-30T10:00"),
    ],
)
def test_ends_at(zone, wall, expected):
    assert ends_at(datetime.fromisoformat(wall), ZoneInfo(zone)) == utc(expected)


def test_a_gap_is_left_at_a_whole_second():
    wall = datetime(2026, 3, 8, 2, 59, 59, 999999)
    assert starts_at(wall, ZoneInfo("America/New_York")) == utc("2026-03-08T07:00")


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T03:00"),  # begins at 01:00
        ("America/Havana", date(2026, 11, 1), "2026-11-01T04:00"),  # midnight comes twice
        ("Europe/Dublin", date(2026, 7, 1), "2026-06-30T23:00"),
    ],
)
def test_day_begins(zone, day, expected):
    assert day_begins(day, ZoneInfo(zone)) == utc(expected)


def test_wall_clock_reads_the_zone():
    assert wall_clock(utc("2026-11-01T06:30"), ZoneInfo("America/New_York")) == datetime(
        2026, 11, 1, 1, 30
    )


@given(change=st.sampled_from(CHANGES), minute=st.integers(-600, 2100))
def test_readings_agree_with_a_walk_over_every_minute(change, minute):
    """Starts: the first minute that reads so or later. Ends: the first after the last earlier."""
    zone, day = ZoneInfo(change[0]), change[1]
    wall = datetime.combine(day, datetime.min.time()) + minute * MINUTE
    middle = datetime.combine(day, datetime.min.time(), tzinfo=UTC)
    walk = [middle + offset * MINUTE for offset in range(-60 * 40, 60 * 64)]
    read = [wall_clock(moment, zone) for moment in walk]
    first = next(i for i, reading in enumerate(read) if reading >= wall)
    last = max(i for i, reading in enumerate(read) if reading < wall)
    assert starts_at(wall, zone) == walk[first]
    assert ends_at(wall, zone) == walk[last + 1]


@pytest.mark.parametrize(
    ("zone", "wall", "expected"),
    [
        ("America/New_York", "2026-03-08T02:30", "2026-03-08T07:30"),  # skipped: 03:30 EDT
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30"),  # twice: the first
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:45"),  # skipped by half an hour
        ("Asia/Kathmandu", "2026-06-01T09:00", "2026-06-01T03:15"),
    ],
)
def test_occurrence_at_a_skipped_reading_keeps_the_offset_before(zone, wall, expected):
    assert occurs_at(datetime.fromisoformat(wall), ZoneInfo(zone)) == utc(expected)
