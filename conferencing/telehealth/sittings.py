"""When a room is wanted: asked of the apps above, which keep the events and meetings.

What they say is read anew at every look, so that a room follows its event by itself: nothing is
copied that could fall behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import datetime
    from uuid import UUID

    from conferencing.models import TelehealthRoom


@dataclass(frozen=True, slots=True)
class Sitting:
    """One time at which people meet in the room; instants are aware UTC.

    `counts` is False where another source speaks of the time and only the names are told; `is_off`
    says that the meeting was called off, whatever the others say. `zone` is the IANA zone of who
    has the booker's link.
    """

    room_id: UUID
    start_at: datetime
    end_at: datetime
    fallback_url: str = ""
    booker_name: str = ""
    owner_name: str = ""
    zone: str = ""
    counts: bool = True
    is_off: bool = False

    @property
    def opens_at(self) -> datetime:
        return self.start_at - settings.TELEHEALTH_OPENS_BEFORE

    @property
    def closes_at(self) -> datetime:
        return self.end_at + settings.TELEHEALTH_CLOSES_AFTER


_sources: Final[dict[str, Callable[[Collection[TelehealthRoom]], Iterable[Sitting]]]] = {}


def register(name: str, source: Callable[[Collection[TelehealthRoom]], Iterable[Sitting]]) -> None:
    """Name who knows of times; called in `AppConfig.ready`."""
    _sources[name] = source


def sittings_of(rooms: Collection[TelehealthRoom]) -> dict[UUID, list[Sitting]]:
    """All that is known of these rooms, in the order of their starts."""
    found: dict[UUID, list[Sitting]] = {room.pk: [] for room in rooms}
    for source in _sources.values():
        for one in source(rooms):
            found[one.room_id].append(one)
    return {
        room_id: sorted(rows, key=lambda one: (one.start_at, one.end_at))
        for room_id, rows in found.items()
    }


def current(sittings: Iterable[Sitting], now: datetime) -> Sitting | None:
    """The one that is on or next, else the last there was; None when there is none that counts."""
    counting = [one for one in sittings if one.counts]
    ahead = next((one for one in counting if one.closes_at >= now), None)
    return ahead or (counting[-1] if counting else None)
