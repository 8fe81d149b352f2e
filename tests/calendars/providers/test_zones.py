"""Windows and IANA names, and when a Windows name may stand for a zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import available_timezones

import pytest

from calendars.providers.microsoft.zones import (
    iana_name,
    keeps_same_time,
    midnight,
    read_instant,
    windows_name,
    written,
)
from calendars.providers.reading import Reply

SUMMER = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "near", "zone"),
    [
        ("W. Europe Standard Time", "", "Europe/Berlin"),
        ("w. europe standard time", "", "Europe/Berlin"),
        ("W. Europe Standard Time", "Europe/Vienna", "Europe/Vienna"),
        ("W. Europe Standard Time", "Asia/Tokyo", "Europe/Berlin"),
        ("FLE Standard Time", "Europe/Kyiv", "Europe/Kyiv"),
        ("India Standard Time", "Asia/Kolkata", "Asia/Kolkata"),
        ("America/New_York", "", "America/New_York"),
        ("UTC", "", "UTC"),
        ("tzone://Microsoft/Custom", "Europe/Berlin", ""),
        ("", "", ""),
    ],
)
def test_iana_name(name, near, zone):
    assert iana_name(name, near=near) == zone


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"])
def test_zone_and_windows_name_lead_back_to_each_other(zone):
    assert iana_name(windows_name(zone), near=zone) == zone


@pytest.mark.parametrize("zone", sorted(available_timezones()))
def test_written_time_is_the_same_instant_in_every_zone(zone):
    for month in (1, 3, 7, 10):
        moment = datetime(2026, month, 29, 1, 30, tzinfo=UTC)

        assert read_instant(Reply(written(moment, zone))) == moment


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_every_half_hour_of_a_year_is_written_so_that_it_reads_the_same(zone):
    first = datetime(2026, 1, 1, tzinfo=UTC)

    for half in range(2 * 24 * 365):
        moment = first + half * timedelta(minutes=30)
        assert read_instant(Reply(written(moment, zone))) == moment


def test_zone_that_keeps_another_time_is_written_in_utc():
    assert written(SUMMER, "Antarctica/Troll") == {
        "dateTime": "2026-07-01T12:00:00",
        "timeZone": "UTC",
    }
    assert written(SUMMER, "Europe/Berlin") == {
        "dateTime": "2026-07-01T14:00:00",
        "timeZone": "W. Europe Standard Time",
    }


def test_midnight_is_said_in_the_zone():
    assert midnight(date(2026, 7, 1), "Asia/Tokyo") == {
        "dateTime": "2026-07-01T00:00:00",
        "timeZone": "Tokyo Standard Time",
    }


def test_series_may_repeat_where_windows_keeps_the_same_time():
    assert keeps_same_time(SUMMER, "Europe/Dublin")
    assert keeps_same_time(SUMMER, "America/New_York")
    assert not keeps_same_time(SUMMER, "Antarctica/Troll")
