"""The outbox rows of a meeting: what they are called, in which order, and whose they are.

Event and mails wait in two queues of the meeting, so that a calendar that is down for hours
delays no mail. What a row says is only that something is to be looked at: its handler says and
does what is true by then, so that rows which come late, or twice, do no harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from booking.enums import EventPresence, MessageKind, Step
from booking.owners import tables_for, tables_of
from common import outbox
from common.enums import OutboxState
from common.models import OutboxMessage

if TYPE_CHECKING:
    from datetime import datetime

    from booking.models import MeetingBase

# What is told of a link is told anew when it was asked for again.
_OF_LINK = (Step.AWAIT_LINK, Step.NO_LINK, Step.NO_LINK_NOTICE)
# What is done, or told, anew with each other event.
_OF_EVENT = (Step.EVENT, Step.RELEASE, Step.EVENT_FAILED)
# What is told, or done, anew with each later version of the meeting.
_OF_VERSION = (Step.LINK, Step.FOLLOW, Step.CHANGED, Step.EVENT_BEHIND, Step.EVENT_LATE)


def event_key(meeting: MeetingBase) -> UUID:
    """What the meeting's event is wished for with; meetings of one group share theirs."""
    key: UUID = meeting.group_id or meeting.event_key or meeting.pk
    return key


def key_of(meeting: MeetingBase, step: Step) -> str:
    """The dedupe key of that step."""
    key = f"booking:{meeting.id}:{step.value}"
    if step in _OF_VERSION:
        return f"{key}:{meeting.sequence}"
    if step in _OF_EVENT and meeting.event_key is not None:
        return f"{key}:{meeting.event_key.hex}"
    is_again = step in _OF_LINK and meeting.conference_tries > 1
    return f"{key}:{meeting.conference_tries}" if is_again else key


def message_of(meeting: MeetingBase, kind: MessageKind, step: Step) -> OutboxMessage:
    """A row to write, in the meeting's queue of that kind."""
    return OutboxMessage(
        kind=kind,
        payload={
            "owner_kind": tables_for(meeting).kind.value,
            "meeting_id": str(meeting.id),
            "step": step.value,
        },
        dedupe_key=key_of(meeting, step),
        workspace_id=meeting.workspace_id,
        # Waiting for a link holds nothing else up.
        ordering_key="" if step is Step.AWAIT_LINK else queue_of(meeting, kind),
        about_id=meeting.pk,
    )


def queue_of(meeting: MeetingBase, kind: MessageKind) -> str:
    """What keeps the meeting's rows of that kind in order.

    A group has one event: whoever comes or goes queues for it, so that none writes who was there
    a moment ago over who is there now.
    """
    is_shared = kind is MessageKind.CALENDAR_EVENT and meeting.group_id is not None
    return f"{kind.value}:{meeting.group_id if is_shared else meeting.id}"


def enqueue(
    meeting: MeetingBase,
    kind: MessageKind,
    step: Step,
    *,
    due_at: datetime | None = None,
    besides: dict[str, str] | None = None,
) -> None:
    """Write the row of that step, with more ids `besides`; once, however often it is asked for."""
    message = message_of(meeting, kind, step)
    outbox.enqueue(
        kind=message.kind,
        payload={**message.payload, **(besides or {})},
        dedupe_key=message.dedupe_key,
        workspace_id=message.workspace_id,
        ordering_key=message.ordering_key,
        due_at=due_at,
        about_id=message.about_id,
    )


def event_is_on_its_way(meeting: MeetingBase) -> bool:
    """Whether a change of ours waits to reach the event; one that was given up does not."""
    queue = queue_of(meeting, MessageKind.CALENDAR_EVENT)
    rows = OutboxMessage.objects.filter(ordering_key=queue, state=OutboxState.PENDING)
    return rows.filter(about_id=meeting.pk).exists()


def event_was_given_up(meeting: MeetingBase) -> bool:
    """Whether a change of ours, or the event itself, failed for good."""
    queue = queue_of(meeting, MessageKind.CALENDAR_EVENT)
    rows = OutboxMessage.objects.filter(ordering_key=queue, state=OutboxState.FAILED)
    return rows.filter(about_id=meeting.pk).exists()


def hurry(meeting: MeetingBase) -> None:
    """Wake the mails that wait for the event."""
    outbox.make_queue_due(queue_of(meeting, MessageKind.NOTIFICATION))


def meeting_of(message: OutboxMessage) -> MeetingBase | None:
    """The meeting, or None when it was erased since."""
    tables = tables_of(message.payload["owner_kind"])
    found: MeetingBase | None = (
        tables.meetings().filter(pk=UUID(message.payload["meeting_id"])).first()
    )
    return found


def locked(meeting: MeetingBase) -> MeetingBase:
    """The meeting as it is now, held until the caller's transaction ends."""
    rows = tables_for(meeting).meetings().select_for_update(of=("self",), no_key=True)
    found: MeetingBase = rows.get(pk=meeting.pk)
    return found


def event_presence(meeting: MeetingBase) -> EventPresence:
    """Whether the meeting stands in the owner's calendar."""
    if meeting.calendar_event_id is not None:
        return EventPresence.THERE
    states = OutboxMessage.objects.filter(dedupe_key=key_of(meeting, Step.EVENT))
    state = states.values_list("state", flat=True).first()
    if state == OutboxState.FAILED:
        return EventPresence.FAILED
    return EventPresence.ON_ITS_WAY if state == OutboxState.PENDING else EventPresence.NO_CALENDAR
