"""What the outbox's rows of a meeting have done: each handler calls one service."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.utils import timezone

from booking.enums import MeetingState, Step
from booking.services import delivery, following, telling
from booking.services.messages import meeting_of
from common.models import OutboxMessage

if TYPE_CHECKING:
    from booking.models import MeetingBase

_TOLD_BY_STATE = frozenset({Step.BOOKED, Step.CHANGED, Step.LINK, Step.AGAIN})


def handle_calendar_event(message: OutboxMessage) -> None:
    """The outbox's handler for `booking.calendar_event`."""
    step, now = Step(message.payload["step"]), timezone.now()
    if step is Step.RELEASE:
        following.release_event(message)
        return
    meeting = meeting_of(message)
    if meeting is None:
        return
    if step is Step.AWAIT_LINK:
        delivery.await_link(meeting=meeting, asked_at=message.created_at, now=now)
    else:
        following.settle_event(meeting=meeting, now=now)


def event_has_failed(message: OutboxMessage, words: str) -> None:
    """What to do once a row of `booking.calendar_event` is given up."""
    meeting = meeting_of(message)
    if meeting is None:
        return
    if Step(message.payload["step"]) is Step.RELEASE or _stands_wrong(meeting):
        following.could_not_follow(meeting, message)
    else:
        delivery.event_has_failed(meeting, words)


def event_is_late(message: OutboxMessage, words: str) -> None:
    """What to do while a row of `booking.calendar_event` has failed for an hour and goes on."""
    meeting = meeting_of(message)
    if meeting is not None and Step(message.payload["step"]) is not Step.AWAIT_LINK:
        following.is_late(meeting, message)


def _stands_wrong(meeting: MeetingBase) -> bool:
    """Whether there is, or may be, an event that does not say what the meeting says."""
    if meeting.state == MeetingState.CONFIRMED:
        return meeting.calendar_event_id is not None and meeting.event_is_due
    return meeting.calendar_id is not None


def handle_notification(message: OutboxMessage) -> None:
    """The outbox's handler for `booking.notification`."""
    meeting = meeting_of(message)
    if meeting is None or meeting.erased_at is not None:
        return
    step, key, now = Step(message.payload["step"]), message.dedupe_key, timezone.now()
    if step in _TOLD_BY_STATE:
        telling.tell(meeting=meeting, asked_at=message.created_at, now=now)
    elif step in {Step.EVENT_BEHIND, Step.EVENT_LATE}:
        failed = OutboxMessage.objects.filter(pk=UUID(message.payload["message_id"])).first()
        if step is Step.EVENT_LATE and (failed is None or not failed.is_failing):
            return  # it came after all, or was given up, which is told by another row
        telling.tell_behind(
            meeting=meeting,
            owner_id=UUID(message.payload["owner_id"]),
            words=failed.last_error if failed is not None else "",
            key=key,
            is_late=step is Step.EVENT_LATE,
        )
    else:
        telling.tell_more(meeting=meeting, step=step, key=key, now=now)
