"""Telehealth rooms of meetings, and what meetings say of their times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.db import transaction

from booking.enums import MeetingState
from booking.errors import LinkClosed
from booking.joining import wanted_conference
from booking.owners import meeting_tables, owner_of_meeting, public_name
from calendars.enums import EventStatus
from calendars.models import Event
from conferencing.enums import Conference
from conferencing.telehealth import rooms
from conferencing.telehealth.sittings import Sitting

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from booking.models import BookingLink, MeetingBase
    from conferencing.models import TelehealthRoom
    from workspaces.models import Workspace

_KEY: Final = "meeting:"
_GROUP: Final = "group:"
_OFF: Final = frozenset({MeetingState.CANCELLED, MeetingState.DECLINED})


def room_for(
    *,
    workspace: Workspace,
    link: BookingLink | None,
    meeting_id: UUID,
    group_id: UUID | None = None,
) -> UUID | None:
    """The room of a meeting booked through the link, if the workspace has telehealth.

    Meetings of one group meet in one room.
    """
    if link is None or link.conference == Conference.NONE or not rooms.is_on(workspace):
        return None
    key = f"{_KEY}{meeting_id}" if group_id is None else f"{_GROUP}{group_id}"
    return rooms.open_room(workspace=workspace, key=key).pk


def room_of_meeting(meeting: MeetingBase) -> UUID | None:
    """The room of a meeting that is to have a link, if the workspace has telehealth."""
    if wanted_conference(meeting) == Conference.NONE or not rooms.is_on(meeting.workspace):
        return None
    is_single = meeting.group_id is None
    key = f"{_KEY}{meeting.pk}" if is_single else f"{_GROUP}{meeting.group_id}"
    return rooms.open_room(workspace=meeting.workspace, key=key).pk


def follow(meeting: MeetingBase) -> None:
    """Let the room follow the meeting's time and state. Call it in the transaction that wrote."""
    rooms.follow(meeting.workspace_id, {meeting.room_id})


def meeting_sittings(asked: Collection[TelehealthRoom]) -> Iterator[Sitting]:
    """What meetings say of their rooms. Once the event is there, it speaks for the time.

    Of an event that lost the link its time is told here: the booker has theirs by mail.
    """
    named = {room.key: room for room in asked if room.key.startswith((_KEY, _GROUP))}
    if not named:
        return
    found = list(_meetings_in(named))
    events = _events_of([meeting for _, meeting in found])
    for room, meeting in found:
        if room.workspace_id == meeting.workspace_id:
            event = events.get(meeting.calendar_event_id)
            is_bare = event is not None and event.room_id != room.pk
            yield _sitting(room.pk, meeting, event if is_bare else None)


def _meetings_in(
    named: Mapping[str, TelehealthRoom],
) -> Iterator[tuple[TelehealthRoom, MeetingBase]]:
    """The meetings that are to be held in these rooms; of a group one that is on, if any is."""
    alone = [key.removeprefix(_KEY) for key in named if key.startswith(_KEY)]
    groups = [key.removeprefix(_GROUP) for key in named if key.startswith(_GROUP)]
    for tables in meeting_tables():
        for meeting in tables.meetings().filter(pk__in=alone):
            yield named[f"{_KEY}{meeting.pk}"], meeting
        if not groups:
            continue
        speaking: dict[UUID, MeetingBase] = {}
        for meeting in tables.meetings().filter(group_id__in=groups).order_by("created_at"):
            first = speaking.get(meeting.group_id)
            if first is None or first.state in _OFF:
                speaking[meeting.group_id] = meeting
        for group_id, meeting in speaking.items():
            yield named[f"{_GROUP}{group_id}"], meeting


def _events_of(meetings: Collection[MeetingBase]) -> dict[UUID | None, Event]:
    """Those of their events that are there."""
    ids = [one.calendar_event_id for one in meetings if one.calendar_event_id is not None]
    if not ids:
        return {}
    rows = Event.objects.filter(
        pk__in=ids,
        workspace__in={one.workspace_id for one in meetings},
        deleted_at__isnull=True,
    )
    return {row.pk: row for row in rows.exclude(status=EventStatus.CANCELLED)}


def _sitting(room_id: UUID, meeting: MeetingBase, bare: Event | None) -> Sitting:
    times = bare or meeting
    try:
        owner_name = public_name(owner_of_meeting(meeting))
    except LinkClosed:
        owner_name = ""
    is_on = meeting.state in {MeetingState.CONFIRMED, MeetingState.NO_SHOW}
    return Sitting(
        room_id=room_id,
        start_at=times.start_at,
        end_at=times.end_at,
        fallback_url=times.conference_url or meeting.conference_url,
        # Whoever comes through the link of a group is greeted by nobody else's name.
        booker_name="" if meeting.group_id else meeting.booker_name,
        owner_name=owner_name,
        zone=meeting.booker_timezone,
        counts=is_on and (meeting.calendar_event_id is None or bare is not None),
        is_off=meeting.state in _OFF,
    )


def ensure_room(meeting: MeetingBase) -> None:
    """One that was confirmed after it had been requested gets its telehealth room now."""
    if meeting.room_id is not None:
        return
    meeting.room_id = room_of_meeting(meeting)
    if meeting.room_id is not None:
        with transaction.atomic():
            meeting.save(update_fields=["room_id", "updated_at"])
            follow(meeting)
