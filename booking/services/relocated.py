"""Meetings whose event was moved to another calendar go on knowing it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.utils import timezone

from booking.owners import meeting_tables

if TYPE_CHECKING:
    from common.models import OutboxMessage


def follow_event(message: OutboxMessage) -> None:
    """The outbox's handler of `calendars.event_moved`; a repeat changes nothing."""
    payload = message.payload
    for tables in meeting_tables():
        rows = tables.meeting._default_manager.filter(calendar_event_id=UUID(payload["was"]))
        rows.update(
            calendar_event_id=UUID(payload["now"]),
            calendar_id=UUID(payload["calendar"]),
            updated_at=timezone.now(),
        )
