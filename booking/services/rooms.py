"""Telehealth rooms of meetings, and what meetings say of their times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from booking.enums import MeetingState
from booking.errors import LinkClosed
from booking.owners import meeting_tables, owner_of_meeting, public_name
from conferencing.enums import Conference
from conferencing.telehealth import rooms
from conferencing.telehealth.sittings import Sitting

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from booking.models import BookingLink, MeetingBase
    from conferencing.models import TelehealthRoom
    from workspaces.models import Workspace

_KEY: Final = "meeting:"
_OFF: Final = frozenset({MeetingState.CANCELLED, MeetingState.DECLINED})


def room_for(*, workspace: Workspace, link: BookingLink | None, meeting_id: UUID) -> UUID | None:
    """The room of a meeting booked through the link, if the workspace has telehealth."""
    if link is None or link.conference == Conference.NONE or not rooms.is_on(workspace):
        return None
    return rooms.open_room(workspace=workspace, key=f"{_KEY}{meeting_id}").pk


def follow(meeting: MeetingBase) -> None:
    """Let the room follow the meeting's time and state. Call it in the transaction that wrote."""
    rooms.follow(meeting.workspace_id, {meeting.room_id})


def meeting_sittings(asked: Collection[TelehealthRoom]) -> Iterator[Sitting]:
    """What meetings say of their rooms. Once the event is there, it speaks for the time."""
    named = {room.key.removeprefix(_KEY): room for room in asked if room.key.startswith(_KEY)}
    if not named:
        return
    for tables in meeting_tables():
        for meeting in tables.meetings().filter(pk__in=list(named)):
            room = named[str(meeting.pk)]
            if room.workspace_id == meeting.workspace_id:
                yield _sitting(room.pk, meeting)


def _sitting(room_id: UUID, meeting: MeetingBase) -> Sitting:
    try:
        owner_name = public_name(owner_of_meeting(meeting))
    except LinkClosed:
        owner_name = ""
    is_on = meeting.state in {MeetingState.CONFIRMED, MeetingState.NO_SHOW}
    return Sitting(
        room_id=room_id,
        start_at=meeting.start_at,
        end_at=meeting.end_at,
        fallback_url=meeting.conference_url,
        booker_name=meeting.booker_name,
        owner_name=owner_name,
        zone=meeting.booker_timezone,
        counts=is_on and meeting.calendar_event_id is None,
        is_off=meeting.state in _OFF,
    )
