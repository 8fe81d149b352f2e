"""Which events meet in which Zoom meetings, and what each meeting is to say of its event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.db.models import Q

from calendars.models import Event
from common.enums import OutboxState
from common.models import OutboxMessage
from conferencing import services as conferencing
from conferencing.enums import Conference
from conferencing.usage import Use, Wish

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.db.models import QuerySet

    from conferencing.models import ZoomMeeting

ZOOM_LINK_KIND: Final = "calendars.make_zoom_link"
NO_TITLE: Final = "Meeting"


def uses(rooms: Sequence[ZoomMeeting]) -> dict[UUID, Use]:
    """What the mirror knows of them (see `conferencing.usage`).

    An event that is in no copy of ours any more, because its account was disconnected, says
    nothing: only one that was seen to go, or to meet elsewhere, ends a meeting.
    """
    linked = _by_link(rooms)
    found: dict[UUID, Use] = {}
    for room in rooms:
        events = linked.get((room.workspace_id, room.join_url), [])
        living = [event for event in events if event.deleted_at is None]
        if living:
            found[room.pk] = Use(wish=_wish(room, living))
            continue
        use = _seen_to_go(room, events)
        if (use is None or not use.is_live) and _is_named(room):
            use = Use()
        if use is not None:
            found[room.pk] = use
    return found


def follow_moves(workspace_id: UUID, ids: Mapping[UUID, UUID]) -> None:
    """Events have another id now: their Zoom meetings, and the next try for one, know them by it.

    Call it inside the transaction that moves them.
    """
    conferencing.retie_zoom_meetings(workspace_id, ids)
    for message in tries_of(workspace_id, ids):
        now = ids[UUID(message.payload["event_id"])]
        OutboxMessage.objects.filter(pk=message.pk).update(payload={"event_id": str(now)})


def tries_of(workspace_id: UUID, event_ids: Iterable[UUID]) -> QuerySet[OutboxMessage]:
    """The tries for a Zoom link of these events that are still to come."""
    return OutboxMessage.objects.filter(
        kind=ZOOM_LINK_KIND,
        state=OutboxState.PENDING,
        workspace_id=workspace_id,
        payload__event_id__in=[str(one) for one in event_ids],
    )


def wish_of(room: ZoomMeeting) -> Wish | None:
    """What the meeting is to say; None where its events leave that open, or nobody meets in it."""
    use = uses([room]).get(room.pk)
    return use.wish if use is not None else None


def waits_for_link(event: Event) -> bool:
    """Whether it is to have a Zoom meeting and has none: the next try takes what there is."""
    return event.conference == Conference.ZOOM and not event.conference_url


def _by_link(rooms: Sequence[ZoomMeeting]) -> dict[tuple[UUID, str], list[Event]]:
    """Every event with the link of one of these, tombstones included."""
    urls = {room.join_url for room in rooms if room.join_url}
    found: dict[tuple[UUID, str], list[Event]] = {}
    rows = Event.objects.filter(
        conference=Conference.ZOOM,
        conference_url__in=urls,
        workspace__in={room.workspace_id for room in rooms},
    )
    for event in _with_accounts(rows) if urls else ():
        found.setdefault((event.workspace_id, event.conference_url), []).append(event)
    return found


def _with_accounts(rows: QuerySet[Event]) -> QuerySet[Event]:
    return rows.select_related("calendar__client_connection", "calendar__user_connection")


def _seen_to_go(room: ZoomMeeting, gone: Sequence[Event]) -> Use | None:
    """Of a meeting without a living event: that it is still wished for, or since when it is not."""
    event = None
    if room.event_id is not None:
        event = Event.objects.filter(pk=room.event_id, workspace=room.workspace_id).first()
    if event is not None and event.deleted_at is None:
        return Use() if waits_for_link(event) else Use(ended_at=event.seen_at)
    # A guest who leaves takes no room from the others.
    own = [one for one in gone if is_own(room, one)]
    moments = [one.deleted_at for one in (*own, event) if one is not None and one.deleted_at]
    return Use(ended_at=max(moments)) if moments else None


def _is_named(room: ZoomMeeting) -> bool:
    """Whether the text of an event sends people there, whatever its own link is."""
    if not room.join_url:
        return False
    named = Q(description__contains=room.join_url) | Q(location__contains=room.join_url)
    rows = Event.objects.filter(named, workspace=room.workspace_id, deleted_at__isnull=True)
    return rows.exists()


def event_of(room: ZoomMeeting) -> Event | None:
    """The living event whose meeting it is; None where there is none, or several share it."""
    events = _by_link([room]).get((room.workspace_id, room.join_url), [])
    return _own_event(room, [event for event in events if event.deleted_at is None])


def _wish(room: ZoomMeeting, events: Sequence[Event]) -> Wish | None:
    """What its own event says. A series' meeting has the series' title."""
    event = _own_event(room, events)
    return None if event is None else _told(event, is_series=bool(event.recurrence))


def _own_event(room: ZoomMeeting, events: Sequence[Event]) -> Event | None:
    """The series or the event that it was made for; events that share one by hand have none."""
    mine = [event for event in events if is_own(room, event)]
    rules = [event for event in mine if event.recurrence]
    if rules:
        return rules[-1]
    if any(event.series_remote_id for event in mine):
        return None
    if len({event.ical_uid or event.pk for event in mine}) != 1:
        return None
    return mine[0]


def is_own(room: ZoomMeeting, event: Event) -> bool:
    """Whether the event is its organiser's, who is the meeting's host; a guest's copy is not."""
    owner_id = event.calendar.connection.owner_id
    return event.is_organizer and owner_id == room.connection.owner_id


def _told(event: Event, *, is_series: bool) -> Wish:
    return Wish(
        topic=event.title or NO_TITLE,
        start=event.start_at,
        duration=event.end_at - event.start_at,
        timezone=event.timezone,
        is_series=is_series,
    )
