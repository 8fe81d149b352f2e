"""Calendar events of meetings whose booker was erased: their titles and texts at the provider."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from audit.actors import task_actor
from audit.enums import AccessReason
from booking.enums import TAKES_TIME, MessageKind
from booking.models import Erasure, OutsideInvitation
from booking.owners import host_of_meeting, meeting_tables
from booking.services.erasing import finish
from booking.services.events import draft_of, event_at
from booking.services.invited_drafts import NO_TITLE
from calendars.errors import EventChanged
from calendars.providers.base import EventDraft
from calendars.providers.errors import EventGone
from calendars.services.events import delete_event, update_event

if TYPE_CHECKING:
    from booking.models import MeetingBase
    from calendars.models import Event
    from common.models import OutboxMessage


def handle_erased_event(message: OutboxMessage) -> None:
    """The outbox's handler for `booking.erased_event`. Raises UpstreamError."""
    event = event_at(UUID(message.payload["event_id"]))
    if event is not None:
        with suppress(EventGone):
            _empty(event)
    erasure = Erasure.objects.filter(pk=UUID(message.payload["erasure_id"])).first()
    if erasure is not None:
        finish(erasure, but=message)


def _empty(event: Event) -> None:
    """Delete the event of what was called off; of what was held, leave its time and its kind.

    Where others are left, of a group or who had invited the person, it names them as before.
    """
    actor = task_actor(MessageKind.ERASED_EVENT.value)
    reason = AccessReason.BOOKING_EVENT_ERASE
    standing = [one for one in _meetings_at(event) if one.state in TAKES_TIME]
    if OutsideInvitation.objects.filter(event_id=event.pk).exists():
        # What an erased person had invited to keeps the time of who accepted.
        draft = EventDraft(title=NO_TITLE, description="", location="", notify=False)
        update_event(event=event, draft=draft, actor=actor, reason=reason)
        return
    if not standing:
        delete_event(event=event, actor=actor, notify=bool(event.attendees), reason=reason)
        return
    # Where its owner invited more people, not every provider changes it without telling them.
    draft = replace(_draft(standing), notify=bool(event.attendees))
    try:
        update_event(event=event, draft=draft, actor=actor, reason=reason)
    except EventChanged as changed:
        # Our copy has neither title nor text any more, so that whatever stands there is news.
        fresh = event_at(changed.event_id)
        if fresh is not None:
            update_event(event=fresh, draft=draft, actor=actor, reason=reason)


def _draft(standing: list[MeetingBase]) -> EventDraft:
    left = next((one for one in standing if one.erased_at is None), None)
    if left is None:
        return EventDraft(title=standing[0].title, description="")
    whole = draft_of(left, host_of_meeting(left))
    return EventDraft(title=whole.title, description=whole.description)


def _meetings_at(event: Event) -> list[MeetingBase]:
    return [
        meeting
        for tables in meeting_tables()
        for meeting in tables.meetings().filter(calendar_event_id=event.pk)
    ]
