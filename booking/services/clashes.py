"""What the calendar says against a meeting after it was booked: noted for its owner, never settled
behind their back.

An event that came over it, or the meeting's own event where the meeting cannot follow. The meeting
stays as it was promised; the owner sees it on the meetings page and gets one mail for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from booking.enums import TAKES_TIME, Clash, MessageKind, Party
from booking.errors import LinkClosed
from booking.owners import meeting_of, owner_of_meeting, tables_for, tables_of
from booking.services.clash_mail import clash_mail
from booking.services.posting import post
from calendars.owners import calendars_of
from calendars.queries import busy_events
from common import outbox
from common.spans import Span

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from booking.models import MeetingBase
    from calendars.models import Event
    from common.models import OutboxMessage


def handle_clash(message: OutboxMessage) -> None:
    """The outbox's handler of `booking.clash`."""
    meeting = meeting_of(message.payload)
    if meeting is not None:
        look_for_clash(meeting=meeting, now=timezone.now())


def handle_notice(message: OutboxMessage) -> None:
    """The outbox's handler of `booking.clash_notice`; what is settled by now needs no mail."""
    meeting = meeting_of(message.payload)
    if meeting is None or not meeting.clash or str(meeting.clash_event_id) != _event_in(message):
        return
    try:
        owner = owner_of_meeting(meeting)
    except LinkClosed:
        return
    if owner.notice_email:
        letter = clash_mail(meeting, owner)
        post(letter, meeting, kind="booking.clash", key=message.dedupe_key)


def look_for_clash(*, meeting: MeetingBase, now: datetime) -> None:
    """Note an event that lies over the meeting by now, or that none does any more."""
    is_over = meeting.state not in TAKES_TIME or meeting.end_at <= now
    event = None if is_over else clashing_event(meeting)
    if meeting.clash not in {Clash.NONE, Clash.EVENT_OVER_IT} and not is_over:
        return  # its own event is elsewhere, which is the greater trouble
    if event is not None:
        note(meeting, Clash.EVENT_OVER_IT, event_id=event.pk, now=now)
    elif meeting.clash:
        note(meeting, Clash.NONE, event_id=None, now=now)


def clashing_event(meeting: MeetingBase) -> Event | None:
    """The first event on a calendar of the owner's that takes the meeting's time and is none of
    the owner's own meetings, as far as our copy knows.
    """
    try:
        owner = owner_of_meeting(meeting)
    except LinkClosed:
        return None
    span = Span(meeting.start_at, meeting.end_at)
    counting = calendars_of(owner).filter(counts_as_busy=True, gone_at__isnull=True)
    own = tables_of(owner.kind).meeting._default_manager.filter(
        ~Q(cancelled_by=Party.PROVIDER), owner.filter_for(), calendar_event_id=OuterRef("pk")
    )
    rows = busy_events(counting.values_list("pk", flat=True), span).exclude(Exists(own))
    return rows.order_by("start_at").first()


def settle(meeting: MeetingBase, *, now: datetime) -> None:
    """Its event and the meeting are at one time again; whether another event lies over it."""
    if meeting.clash not in {Clash.NONE, Clash.EVENT_OVER_IT}:
        note(meeting, Clash.NONE, event_id=None, now=now)
    look_for_clash(meeting=meeting, now=now)


def note(meeting: MeetingBase, clash: Clash, *, event_id: UUID | None, now: datetime) -> None:
    """Keep it on the meeting, and tell the owner of what is new. A repeat tells nobody."""
    tables = tables_for(meeting)
    with transaction.atomic():
        rows = tables.meeting._default_manager.select_for_update(no_key=True)
        fresh = rows.filter(pk=meeting.pk).first()
        if fresh is None or (fresh.clash, fresh.clash_event_id) == (clash, event_id):
            return
        fresh.clash, fresh.clash_event_id = clash, event_id
        fresh.clash_at = now if clash else None
        fresh.save(update_fields=["clash", "clash_event_id", "clash_at", "updated_at"])
        if clash:
            outbox.enqueue(
                kind=MessageKind.CLASH_NOTICE,
                payload={
                    "owner_kind": tables.kind.value,
                    "meeting_id": str(fresh.pk),
                    "event_id": str(event_id),
                },
                dedupe_key=f"booking:{fresh.pk}:clash_notice:{now.timestamp()}",
                workspace_id=fresh.workspace_id,
                ordering_key=f"{MessageKind.EVENT_CHANGED}:{fresh.pk}",
                about_id=fresh.pk,
            )
    meeting.clash, meeting.clash_event_id = clash, event_id


def _event_in(message: OutboxMessage) -> str:
    return str(message.payload.get("event_id", ""))
