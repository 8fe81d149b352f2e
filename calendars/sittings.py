"""When telehealth rooms are wanted, as the events say that carry their links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calendars.enums import EventStatus
from calendars.models import Event
from calendars.prose import is_web_address
from conferencing.telehealth.sittings import Sitting

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from calendars.models import CalendarConnectionBase
    from conferencing.models import TelehealthRoom


def account_of(connection: CalendarConnectionBase) -> str:
    """The account as rooms remember it: the same after it was connected again."""
    return f"{connection.provider}:{connection.account_remote_id}"[:300]


def event_sittings(rooms: Collection[TelehealthRoom]) -> Iterator[Sitting]:
    """The times of these rooms' events; one query.

    Only events that the room's own account organises count: whoever has a link could send an
    invitation with it, and so open the room at another time.
    """
    by_id = {room.pk: room for room in rooms}
    if not by_id:
        return
    rows = Event.objects.filter(
        room_id__in=list(by_id),
        workspace_id__in={room.workspace_id for room in rooms},
        is_organizer=True,
        deleted_at__isnull=True,
        recurrence=[],
    ).exclude(status=EventStatus.CANCELLED)
    for event in rows.select_related("calendar__client_connection", "calendar__user_connection"):
        room = by_id[event.room_id] if event.room_id else None
        if room is None or room.workspace_id != event.workspace_id:
            continue
        if account_of(event.calendar.connection) != room.account:
            continue
        url = event.conference_url
        yield Sitting(
            room_id=room.pk,
            start_at=event.start_at,
            end_at=event.end_at,
            fallback_url=url if is_web_address(url) else "",
        )
