"""What the calendars tell of changed events, where it matters to meetings: noted, then acted on.

Called while a copy is written, so all it does is a few cheap reads and outbox rows. The owner may
drag an event about before it stays where it is, and undo a deletion: what changed is looked at a
moment later, as it is then.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from booking.enums import TAKES_TIME, MessageKind
from booking.owners import BookingTables, meeting_tables
from calendars.enums import EventStatus, Response
from calendars.models import Event
from calendars.owners import connection_field
from common import outbox

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

_BATCH: Final = 500


def note_changes(workspace_id: UUID, event_ids: Collection[UUID]) -> None:
    """The follower of `calendars.following`: note which meetings have to look at their calendar.

    Those whose own event is at another time or gone, those that a changed event lies over now,
    and those it lay over until now.
    """
    now = timezone.now()
    for tables in meeting_tables():
        lasting = _lasting(tables, workspace_id, now)
        if lasting.exists():  # else a first copy of thousands costs nothing here
            for ids in _batches(event_ids):
                _note_own(tables, lasting, ids, now)
                _note_clashes(tables, lasting, ids, now)


def _note_own(tables: BookingTables, lasting: Any, ids: Sequence[UUID], now: datetime) -> None:
    meetings = list(
        lasting.filter(calendar_event_id__in=ids).values_list(
            "pk", "workspace_id", "calendar_event_id", "start_at", "end_at", "clash"
        )
    )
    if not meetings:
        return
    found = Event.objects.filter(pk__in=[row[2] for row in meetings])
    events = {row[0]: row[1:] for row in found.values_list("pk", *_TIMES)}
    for meeting_id, workspace_id, event_id, start, end, clash in meetings:
        event = events.get(event_id)
        if event is None:
            continue
        if event[:2] == (start, end) and event[2] is None and not clash:
            continue  # as we wrote it
        outbox.enqueue(
            kind=MessageKind.EVENT_CHANGED,
            payload={"owner_kind": tables.kind.value, "meeting_id": str(meeting_id)},
            # One for each change: the same time may come back.
            dedupe_key=f"booking:{meeting_id}:event_changed:{event[3].timestamp()}",
            workspace_id=workspace_id,
            ordering_key=f"{MessageKind.EVENT_CHANGED}:{meeting_id}",
            about_id=meeting_id,
            due_at=now + settings.BOOKING_FOLLOW_AFTER,
        )


def _note_clashes(tables: BookingTables, lasting: Any, ids: Sequence[UUID], now: datetime) -> None:
    """Meetings that one of these events lies over, or lay over when it was last looked at."""
    wanted = dict(lasting.filter(clash_event_id__in=ids).values_list("pk", "workspace_id"))
    wanted |= _below(tables, lasting, ids, now)
    for meeting_id, workspace_id in wanted.items():
        outbox.enqueue(
            kind=MessageKind.CLASH,
            payload={"owner_kind": tables.kind.value, "meeting_id": str(meeting_id)},
            dedupe_key=f"booking:{meeting_id}:clash:{now.timestamp()}",
            workspace_id=workspace_id,
            ordering_key=f"{MessageKind.EVENT_CHANGED}:{meeting_id}",
            about_id=meeting_id,
            due_at=now + settings.BOOKING_FOLLOW_AFTER,
        )


def _below(
    tables: BookingTables, lasting: Any, ids: Sequence[UUID], now: datetime
) -> dict[UUID, UUID]:
    """The meetings, and their workspaces, that one of these events of their owner lies over."""
    owner = f"calendar__{connection_field(tables.kind)}__{tables.owner_column}"
    rows = _taking_time(now).filter(pk__in=ids, **{f"{owner}__isnull": False})
    busy = list(rows.values_list("pk", owner, "start_at", "end_at"))
    if not busy:
        return {}
    meetings = lasting.filter(
        start_at__lt=max(row[3] for row in busy),
        end_at__gt=min(row[2] for row in busy),
        **{f"{tables.owner_column}__in": {row[1] for row in busy}},
    ).values_list(
        "pk", "workspace_id", tables.owner_column, "start_at", "end_at", "calendar_event_id"
    )
    return {
        meeting_id: workspace_id
        for meeting_id, workspace_id, owner_id, start, end, own in meetings
        if any(
            row[1] == owner_id and row[0] != own and row[2] < end and row[3] > start for row in busy
        )
    }


_TIMES: Final = ("start_at", "end_at", "deleted_at", "seen_at")


def _lasting(tables: BookingTables, workspace_id: UUID, now: datetime) -> Any:
    """The workspace's meetings that still take somebody's time."""
    rows = tables.meeting._default_manager.filter(workspace=workspace_id)
    return rows.filter(state__in=TAKES_TIME, end_at__gt=now)


def _taking_time(now: datetime) -> Any:
    """The events that count as busy from now on."""
    counts = Q(
        deleted_at__isnull=True,
        recurrence=[],
        is_busy=True,
        end_at__gt=now,
        calendar__counts_as_busy=True,
        calendar__gone_at__isnull=True,
    )
    rows = Event.objects.filter(counts).exclude(status=EventStatus.CANCELLED)
    return rows.exclude(response=Response.DECLINED)


def _batches(ids: Collection[UUID]) -> Iterator[list[UUID]]:
    rest = iter(ids)
    while batch := list(islice(rest, _BATCH)):
        yield batch
