"""A workspace with telehealth, and a room with times that a test can set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.cache import cache

from conferencing.telehealth import rooms, sittings
from conferencing.telehealth.sittings import Sitting

NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock():
    """Wednesday 18 November 2026, 09:00 UTC; `clock.shift(…)` moves it."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


class Times:
    """What a source says of rooms; a test changes it as an app above would."""

    def __init__(self):
        self.told = []

    def __call__(self, asked):
        wanted = {room.pk for room in asked}
        return [one for one in self.told if one.room_id in wanted]

    def say(self, room, *spans, **more):
        """These are the room's times now: starts, each an hour long, or sittings."""
        self.told = [
            one if isinstance(one, Sitting) else Sitting(room.pk, one, one + HOUR, **more)
            for one in spans
        ]
        rooms.follow(room.workspace_id, {room.pk})


@pytest.fixture
def times():
    known = dict(sittings._sources)
    source = Times()
    sittings._sources.clear()
    sittings.register("tests", source)
    yield source
    sittings._sources.clear()
    sittings._sources.update(known)


@pytest.fixture
def room(db, clock, sandbox, workspace, times):
    """A room of the workspace, wanted in an hour."""
    cache.clear()
    workspace.timezone = "Europe/Dublin"
    workspace.telehealth_enabled = True
    workspace.save()
    made = rooms.open_room(workspace=workspace, key="event:tests")
    times.say(made, NOW + HOUR)
    made.refresh_from_db()
    return made
