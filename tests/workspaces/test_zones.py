from __future__ import annotations

import pytest

from workspaces.zones import is_zone, name_today, zone_names


@pytest.mark.parametrize(
    ("name", "today"),
    [
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("Europe/Kiev", "Europe/Kyiv"),
        ("US/Eastern", "America/New_York"),
        ("Europe/Amsterdam", "Europe/Amsterdam"),  # a link in the data, and a place of its own
        ("UTC", "UTC"),
        ("Mars/Olympus", "Mars/Olympus"),
    ],
)
def test_an_older_name_becomes_todays(name, today):
    assert name_today(name) == today


def test_every_place_is_offered_once_under_todays_name():
    names = zone_names()
    assert list(names) == sorted(set(names))
    assert {"UTC", "Europe/Dublin", "Asia/Kolkata", "America/Argentina/Buenos_Aires"} <= set(names)
    assert not {"Asia/Calcutta", "US/Eastern", "EST"} & set(names)
    assert all(is_zone(name) and name_today(name) == name for name in names)
