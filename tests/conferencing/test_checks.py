"""What `manage.py check` says of half-made telehealth settings."""

from __future__ import annotations

import pytest

from conferencing.checks import check_livekit

GOOD = {
    "LIVEKIT_URL": "wss://video.example",
    "LIVEKIT_API_KEY": "APIkey",
    "LIVEKIT_API_SECRET": "s" * 40,
    "LIVEKIT_MEETING_URL": "https://meet.example/#{token}",
    "IS_HTTPS": True,
}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        (dict.fromkeys(list(GOOD)[:4], ""), []),
        ({"LIVEKIT_API_SECRET": ""}, ["meridian.W001"]),
        ({"LIVEKIT_MEETING_URL": "https://meet.example/"}, ["meridian.E006"]),
        ({"LIVEKIT_MEETING_URL": "meet.example/{token}"}, ["meridian.E006"]),
        ({"LIVEKIT_MEETING_URL": "http://meet.example/{token}"}, ["meridian.E007"]),
        ({"LIVEKIT_MEETING_URL": "http://meet.example/{token}", "IS_HTTPS": False}, []),
        ({"LIVEKIT_API_SECRET": "short"}, ["meridian.W002"]),
    ],
)
def test_settings_are_whole_or_none(settings, changes, found):
    for name, value in {**GOOD, **changes}.items():
        setattr(settings, name, value)
    assert [one.id for one in check_livekit(None)] == found
    assert not any("s" * 40 in one.msg for one in check_livekit(None))
