"""What an event's details say of its telehealth room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse

from calendars.wording import clock
from conferencing.livekit import configured_server
from conferencing.telehealth.links import join_url
from conferencing.telehealth.rooms import room_of

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from calendars.models import Event


@dataclass(frozen=True, slots=True)
class RoomLine:
    """The way in for staff, the link to give to guests, and how the room stands."""

    url: str
    guest_url: str
    words: str
    is_trouble: bool = False


def room_line(event: Event, zone: ZoneInfo) -> RoomLine | None:
    """None for an event without a room of ours."""
    if event.room_id is None:
        return None
    words, is_trouble = _state(event, zone)
    url = reverse("calendars:event_join", args=[event.pk])
    return RoomLine(url, join_url(event.room_id), words, is_trouble)


def _state(event: Event, zone: ZoneInfo) -> tuple[str, bool]:
    room = room_of(event.workspace_id, event.room_id)
    if room is None:
        return "The room belongs to whoever invited you.", False
    if configured_server() is None:
        return "Telehealth is not set up on this installation, so nobody can enter.", True
    is_this_one = room.start_at == event.start_at
    if is_this_one and room.last_error:
        why = f"The room could not be prepared. {room.last_error}"
        return f"{why} LiveKit makes it when the first person joins.", True
    if is_this_one and room.warmed_at:
        return "The room is ready.", False
    opens = (event.start_at - settings.TELEHEALTH_OPENS_BEFORE).astimezone(zone)
    return f"Opens at {clock(opens)}.", False
