"""Which bookings meet in which Zoom meetings: a link that a booker was sent stays good."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Q

from booking.enums import IS_ON, EventPresence
from booking.owners import meeting_tables
from booking.services.messages import event_key, event_presence
from conferencing.usage import Use

if TYPE_CHECKING:
    from collections.abc import Sequence

    from booking.models import MeetingBase
    from conferencing.models import ZoomMeeting


def uses(rooms: Sequence[ZoomMeeting]) -> dict[UUID, Use]:
    """What the bookings know of them (see `conferencing.usage`)."""
    wished = {one: room for room in rooms if (one := _event_key(room)) is not None}
    linked = {(room.workspace_id, room.join_url): room for room in rooms if room.join_url}
    found: dict[UUID, Use] = {}
    for tables in meeting_tables():
        rows = tables.meeting._default_manager.filter(
            Q(pk__in=wished)
            | Q(event_key__in=wished)
            | Q(group_id__in=wished)
            | Q(conference_url__in=[url for _, url in linked]),
            workspace__in={room.workspace_id for room in rooms},
        )
        for meeting in rows:
            keys = (event_key(meeting), meeting.pk, meeting.group_id)
            named = {wished[key].pk: wished[key] for key in keys if key in wished}
            room = linked.get((meeting.workspace_id, meeting.conference_url))
            for one in (*named.values(), *((room,) if room else ())):
                if one.workspace_id == meeting.workspace_id:
                    found[one.pk] = _greater(found.get(one.pk), _use_by(meeting, one))
    return found


def _event_key(room: ZoomMeeting) -> UUID | None:
    """The key of the event that it was wished for with, which its meeting knows."""
    try:
        return UUID(hex=room.intent_key)
    except ValueError:
        return None


def _greater(one: Use | None, other: Use) -> Use:
    """Whoever meets there last."""
    if one is None or one.ended_at is None or other.ended_at is None:
        return one if one is not None and one.is_live else other
    return other if other.ended_at > one.ended_at else one


def _use_by(meeting: MeetingBase, room: ZoomMeeting) -> Use:
    if meeting.state not in IS_ON:
        return Use(ended_at=meeting.updated_at)
    if room.join_url and meeting.conference_url == room.join_url:
        return Use()
    # One that was wished for with a former event of the meeting is nobody's any more.
    is_own = _event_key(room) == event_key(meeting)
    is_coming = is_own and event_presence(meeting) is EventPresence.ON_ITS_WAY
    return Use() if is_coming else Use(ended_at=meeting.updated_at)
