"""Who meets in a Zoom meeting: asked of the apps above, which alone know events and bookings.

A registry, because this app may import neither of them: see docs/decisions. Each of them looks at
the meetings it is shown and says what it knows of those that are, or were, its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from conferencing.models import ZoomMeeting


@dataclass(frozen=True, slots=True)
class Wish:
    """What a meeting is to say at Zoom. One of a series has no times of its own."""

    topic: str
    start: datetime
    duration: timedelta
    timezone: str
    is_series: bool = False

    @property
    def fingerprint(self) -> str:
        """The same for what Zoom would be told in the same words; tells nothing of them."""
        times: list[object] = []
        if not self.is_series:
            minutes = round(self.duration.total_seconds() / 60)
            # The zone alone changes nothing that Zoom acts on: its times are told in UTC.
            times = [self.start.astimezone(UTC).isoformat(), minutes]
        told = json.dumps([self.topic, self.is_series, *times])
        return hashlib.sha256(told.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Use:
    """Of a meeting that somebody meets in, what it is to say there, if that is known; else since
    when nobody does.
    """

    ended_at: datetime | None = None
    wish: Wish | None = None

    @property
    def is_live(self) -> bool:
        return self.ended_at is None


Look = Callable[[Sequence["ZoomMeeting"]], Mapping[UUID, Use]]
_looks: dict[str, Look] = {}


def register(name: str, look: Look) -> None:
    """Name one who may meet in them; called in `AppConfig.ready`."""
    _looks[name] = look


def uses_of(rooms: Sequence[ZoomMeeting]) -> dict[UUID, Use]:
    """What is known of these meetings, by id. In use is whichever one of them says so; of what
    nobody knows there is no entry.
    """
    found: dict[UUID, Use] = {}
    for look in _looks.values():
        for room_id, use in look(rooms).items():
            found[room_id] = _joint(found.get(room_id), use)
    return found


def _joint(one: Use | None, other: Use) -> Use:
    if one is None or other.is_live != one.is_live:
        return one if one is not None and one.is_live else other
    if one.ended_at is None or other.ended_at is None:
        return one if one.wish is not None else other
    return one if one.ended_at >= other.ended_at else other
