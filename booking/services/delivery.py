"""What leaves the house after a booking: the calendar event, then the mails; all from the outbox.

Event and mails wait in two queues of the meeting, so that a calendar that is down for hours
delays no mail. A mail waits for the join link for a while and then goes without it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from booking.enums import MeetingState, MessageKind, Step
from booking.joining import awaits_link
from booking.owners import meeting_tables, owner_of_meeting, tables_for, tables_of
from booking.services import mail, rooms
from booking.services.events import (
    MadeEvent,
    ask_again,
    event_at,
    keep_outcome,
    link_failed,
    look_again,
    make_event,
)
from booking.services.mail import EventPresence
from calendars.enums import ConferenceState
from common import outbox
from common.enums import OutboxState
from common.errors import Conflict, UpstreamError
from common.models import OutboxMessage
from conferencing import failures
from conferencing.enums import LinkFailure
from conferencing.routing import RouteRefusal

if TYPE_CHECKING:
    from datetime import datetime

    from audit.actors import Actor
    from booking.models import MeetingBase
    from calendars.models import Event
    from workspaces.owners import Owner

_LOOK_AGAIN, _LOOK_SELDOM = timedelta(seconds=2), timedelta(seconds=30)
# A conference that is still pending after this will not come.
_LINK_DEADLINE = timedelta(minutes=15)
# What is told of a link is told anew when it was asked for again.
_OF_LINK = (Step.AWAIT_LINK, Step.NO_LINK, Step.NO_LINK_NOTICE)
_LATE_WORDS = "The calendar gave no join link."
_NO_EVENT_WORDS = "The event could not be made, so there is no join link."


def enqueue_deliveries(meeting: MeetingBase) -> None:
    """Write what has to happen after the caller's transaction, which made the meeting.

    The event comes before the mails, which then need not wait for it.
    """
    messages = [_message(meeting, MessageKind.NOTIFICATION, Step.BOOKED)]
    if meeting.state == MeetingState.CONFIRMED:
        messages.insert(0, _message(meeting, MessageKind.CALENDAR_EVENT, Step.EVENT))
    outbox.enqueue_new(messages)


def handle_calendar_event(message: OutboxMessage) -> None:
    """The outbox's handler for `booking.calendar_event`."""
    meeting = _meeting_of(message)
    if meeting is None:
        return
    if message.payload["step"] == Step.AWAIT_LINK:
        await_link(meeting=meeting, asked_at=message.created_at, now=timezone.now())
    else:
        create_calendar_event(meeting=meeting, now=timezone.now())


def handle_notification(message: OutboxMessage) -> None:
    """The outbox's handler for `booking.notification`."""
    meeting = _meeting_of(message)
    if meeting is not None and meeting.erased_at is None:
        step = Step(message.payload["step"])
        send_notifications(meeting=meeting, step=step, key=message.dedupe_key, now=timezone.now())


def handle_link(message: OutboxMessage) -> None:
    """The outbox's handler of `calendars.link_settled`, for events whose link was missing."""
    event = event_at(UUID(message.payload["event_id"]))
    if event is None:
        return
    for tables in meeting_tables():
        rows = tables.meetings().filter(calendar_event_id=event.pk, state=MeetingState.CONFIRMED)
        for meeting in rows:
            _settle_link(meeting, event)


def _settle_link(meeting: MeetingBase, event: Event) -> None:
    """Keep the link that came, and mail it on; who was promised another try, or has a link that
    is good no more, hears of its end.
    """
    with transaction.atomic():
        fresh = _locked(meeting)
        had_link = bool(fresh.conference_url)
        if had_link and fresh.conference_url == event.conference_url:
            return
        if _keep_link(fresh, MadeEvent(event)):
            _follow_up(fresh)
        elif had_link and not fresh.conference_url:
            _tell_no_link(fresh)
        elif not fresh.conference_url and fresh.notice_sent_at and awaits_link(fresh):
            _enqueue(fresh, MessageKind.NOTIFICATION, Step.NO_LINK_NOTICE)
        _hurry(fresh)


def _keep_link(fresh: MeetingBase, made: MadeEvent, *, give_up: str = "") -> bool:
    """Keep what became of the link; whether there is one that a mail went out without."""
    was = fresh.conference_url
    keep_outcome(fresh, made, give_up=give_up)
    is_news = bool(fresh.conference_url) and fresh.conference_url != was
    return is_news and fresh.confirmation_sent_at is not None


def create_calendar_event(*, meeting: MeetingBase, now: datetime) -> None:
    """Put the meeting on the owner's booking calendar; a repeat finds the event it made.

    Without a calendar nothing is made. Raises UpstreamError.
    """
    if meeting.state != MeetingState.CONFIRMED or meeting.calendar_event_id is not None:
        return
    rooms.ensure_room(meeting)
    made = make_event(meeting)
    with transaction.atomic():
        fresh = _locked(meeting)
        if _keep_link(fresh, made):
            _follow_up(fresh)
        _hurry(fresh)
        if fresh.conference_state == ConferenceState.PENDING:
            _enqueue(fresh, MessageKind.CALENDAR_EVENT, Step.AWAIT_LINK, due_at=now + _LOOK_AGAIN)


def await_link(*, meeting: MeetingBase, asked_at: datetime, now: datetime) -> None:
    """Copy the join link onto the meeting once it is there, and mail it on if that is due.

    Raises NotYet while it may still come, and UpstreamError.
    """
    if meeting.conference_state != ConferenceState.PENDING:
        return
    made = look_again(meeting, asked_at=asked_at, now=now)
    is_late = now >= asked_at + _LINK_DEADLINE
    with transaction.atomic():
        fresh = _locked(meeting)
        if _keep_link(fresh, made, give_up=_LATE_WORDS if is_late else ""):
            _follow_up(fresh)
        elif fresh.conference_state == ConferenceState.FAILED:
            _tell_no_link(fresh)
        if fresh.conference_state != ConferenceState.PENDING:
            _hurry(fresh)
    if fresh.conference_state == ConferenceState.PENDING:
        is_new = now < asked_at + settings.CONFERENCE_WAIT
        raise outbox.NotYet(now + (_LOOK_AGAIN if is_new else _LOOK_SELDOM))


def retry_link(*, meeting: MeetingBase, actor: Actor, now: datetime) -> ConferenceState:
    """Ask again for a join link that is missing; the state that it has then.

    Once it is there the booker gets it by mail, with a later version of the calendar file. A link
    that is not missing is left alone. A try that fails is noted on the meeting with its reason,
    and raised: InvalidInput where asking again changes nothing, RouteRefusal and UpstreamError.
    """
    if meeting.conference_state != ConferenceState.FAILED:
        return ConferenceState(meeting.conference_state)
    try:
        made = ask_again(meeting, actor)
    except (RouteRefusal, UpstreamError) as error:
        with transaction.atomic():
            fresh = _locked(meeting)
            if not fresh.conference_url:  # else a rival's try brought it
                link_failed(fresh, failures.failure_of(error), failures.reason_of(error))
                fresh.conference_tries += 1
                fresh.save()
        raise
    with transaction.atomic():
        fresh = _locked(meeting)
        if _keep_link(fresh, made):
            _follow_up(fresh)
        if fresh.conference_state == ConferenceState.PENDING:
            _enqueue(fresh, MessageKind.CALENDAR_EVENT, Step.AWAIT_LINK, due_at=now + _LOOK_AGAIN)
    return ConferenceState(fresh.conference_state)


def send_notifications(*, meeting: MeetingBase, step: Step, key: str, now: datetime) -> None:
    """Send what this step owes the booker and the owner and is not marked as sent yet.

    Raises NotYet while waiting for the calendar event, and whatever the mail server raises.
    """
    if meeting.state not in {MeetingState.CONFIRMED, MeetingState.REQUESTED}:
        return
    owner = owner_of_meeting(meeting)
    if step in {Step.LINK, Step.NO_LINK}:
        mail.confirmation(meeting, owner, key=f"{key}:booker", now=now, is_update=True).send()
    elif step in {Step.EVENT_FAILED, Step.NO_LINK_NOTICE}:
        mail.notice(
            meeting,
            owner,
            event=event_presence(meeting),
            key=f"{key}:owner",
            now=now,
            lost_link=step is Step.NO_LINK_NOTICE,
        ).send()
    else:
        _send_first(meeting, owner, key=key, now=now)


def _send_first(meeting: MeetingBase, owner: Owner, *, key: str, now: datetime) -> None:
    """The confirmation and the notice. An address that takes no mail keeps none from the other."""
    presence = event_presence(meeting)
    if _should_wait(meeting, presence, now):
        raise outbox.NotYet(now + _LOOK_AGAIN)
    trouble: Exception | None = None
    if meeting.confirmation_sent_at is None:
        try:
            mail.confirmation(meeting, owner, key=f"{key}:booker", now=now).send()
            _mark_confirmation(meeting, now)
        except Exception as error:  # noqa: BLE001 -- raised below
            trouble = error
    if meeting.notice_sent_at is None and owner.notice_email:
        mail.notice(meeting, owner, event=presence, key=f"{key}:owner", now=now).send()
        _mark_notice(meeting, presence, now)
    if trouble is not None:
        raise trouble


def event_has_failed(message: OutboxMessage, words: str) -> None:
    """The event cannot be made: the owner is told, with the calendar file to add by hand."""
    meeting = _meeting_of(message)
    if meeting is None:
        return
    with transaction.atomic():
        fresh = _locked(meeting)
        if fresh.conference_state == ConferenceState.PENDING:
            what = _NO_EVENT_WORDS if fresh.calendar_event_id is None else _LATE_WORDS
            link_failed(fresh, LinkFailure.UNREACHABLE, f"{what} {words}")
            fresh.save()
            if fresh.confirmation_sent_at is not None and awaits_link(fresh):
                _enqueue(fresh, MessageKind.NOTIFICATION, Step.NO_LINK)
        if fresh.notice_sent_at is not None and fresh.calendar_event_id is None:
            _enqueue(fresh, MessageKind.NOTIFICATION, Step.EVENT_FAILED)
    _hurry(fresh)


def run_now(meeting: MeetingBase, kind: MessageKind) -> OutboxState | None:
    """Deliver the meeting's first message of this kind at once; None when a worker has it.

    Raises Conflict when there is none, because the meeting still waits for approval.
    """
    step = Step.EVENT if kind is MessageKind.CALENDAR_EVENT else Step.BOOKED
    message = OutboxMessage.objects.filter(dedupe_key=_key(meeting, step)).first()
    if message is None:
        raise Conflict("This meeting waits for approval. Nothing is sent before.")
    return OutboxState.SENT if message.state == OutboxState.SENT else outbox.deliver_now(message)


def event_presence(meeting: MeetingBase) -> EventPresence:
    """Whether the meeting stands in the owner's calendar."""
    if meeting.calendar_event_id is not None:
        return EventPresence.THERE
    states = OutboxMessage.objects.filter(dedupe_key=_key(meeting, Step.EVENT))
    state = states.values_list("state", flat=True).first()
    if state == OutboxState.FAILED:
        return EventPresence.FAILED
    return EventPresence.ON_ITS_WAY if state == OutboxState.PENDING else EventPresence.NO_CALENDAR


def _should_wait(meeting: MeetingBase, presence: EventPresence, now: datetime) -> bool:
    if meeting.state != MeetingState.CONFIRMED:
        return False
    if now >= meeting.created_at + settings.CONFERENCE_WAIT:
        return False
    if presence is EventPresence.THERE:
        is_unreachable = meeting.conference_failure == LinkFailure.UNREACHABLE
        return (
            is_unreachable and awaits_link(meeting)
        ) or meeting.conference_state == ConferenceState.PENDING
    return presence is EventPresence.ON_ITS_WAY


def _mark_confirmation(meeting: MeetingBase, now: datetime) -> None:
    """Mark the mail as sent; what became of the link while it was sent still has to follow."""
    with transaction.atomic():
        fresh = _locked(meeting)
        fresh.confirmation_sent_at = now
        fresh.save(update_fields=["confirmation_sent_at", "updated_at"])
        if fresh.conference_url != meeting.conference_url:
            _follow_up(fresh)
        elif _lost_its_link(meeting, fresh):
            _enqueue(fresh, MessageKind.NOTIFICATION, Step.NO_LINK)


def _mark_notice(meeting: MeetingBase, presence: EventPresence, now: datetime) -> None:
    """Mark the mail as sent; an event that failed meanwhile still has to be told."""
    with transaction.atomic():
        fresh = _locked(meeting)
        fresh.notice_sent_at = now
        fresh.save(update_fields=["notice_sent_at", "updated_at"])
        if presence is EventPresence.ON_ITS_WAY and event_presence(fresh) is EventPresence.FAILED:
            _enqueue(fresh, MessageKind.NOTIFICATION, Step.EVENT_FAILED)
        elif _lost_its_link(meeting, fresh):
            _enqueue(fresh, MessageKind.NOTIFICATION, Step.NO_LINK_NOTICE)


def _lost_its_link(was: MeetingBase, now: MeetingBase) -> bool:
    """Whether the link that a mail announced will not come after all."""
    return (
        awaits_link(now)
        and was.conference_state == ConferenceState.PENDING
        and now.conference_state == ConferenceState.FAILED
    )


def _tell_no_link(meeting: MeetingBase) -> None:
    """Tell those whose mail went out already that no link will follow it."""
    if not awaits_link(meeting):
        return
    if meeting.confirmation_sent_at is not None:
        _enqueue(meeting, MessageKind.NOTIFICATION, Step.NO_LINK)
    if meeting.notice_sent_at is not None:
        _enqueue(meeting, MessageKind.NOTIFICATION, Step.NO_LINK_NOTICE)


def _follow_up(meeting: MeetingBase) -> None:
    """Send the booker the meeting again with its link, as a later version of the same event.

    Who has a link to a room of ours knows how to join: the other one brings no mail.
    """
    if not awaits_link(meeting):
        return
    meeting.sequence += 1
    meeting.save(update_fields=["sequence", "updated_at"])
    _enqueue(meeting, MessageKind.NOTIFICATION, Step.LINK)


def _hurry(meeting: MeetingBase) -> None:
    """Wake the mail that waits for the event."""
    outbox.make_due(_key(meeting, Step.BOOKED))


def _enqueue(
    meeting: MeetingBase, kind: MessageKind, step: Step, *, due_at: datetime | None = None
) -> None:
    message = _message(meeting, kind, step)
    outbox.enqueue(
        kind=message.kind,
        payload=message.payload,
        dedupe_key=message.dedupe_key,
        workspace_id=message.workspace_id,
        ordering_key=message.ordering_key,
        due_at=due_at,
    )


def _message(meeting: MeetingBase, kind: MessageKind, step: Step) -> OutboxMessage:
    return OutboxMessage(
        kind=kind,
        payload={
            "owner_kind": tables_for(meeting).kind.value,
            "meeting_id": str(meeting.id),
            "step": step.value,
        },
        dedupe_key=_key(meeting, step),
        workspace_id=meeting.workspace_id,
        # Waiting for a link holds nothing else up.
        ordering_key="" if step is Step.AWAIT_LINK else f"{kind.value}:{meeting.id}",
    )


def _key(meeting: MeetingBase, step: Step) -> str:
    key = f"booking:{meeting.id}:{step.value}"
    if step is Step.LINK:  # each link that takes the place of another one is told
        return f"{key}:{meeting.sequence}"
    is_again = step in _OF_LINK and meeting.conference_tries > 1
    return f"{key}:{meeting.conference_tries}" if is_again else key


def _meeting_of(message: OutboxMessage) -> MeetingBase | None:
    """The meeting, or None when it was erased since."""
    tables = tables_of(message.payload["owner_kind"])
    found: MeetingBase | None = (
        tables.meetings().filter(pk=UUID(message.payload["meeting_id"])).first()
    )
    return found


def _locked(meeting: MeetingBase) -> MeetingBase:
    rows = tables_for(meeting).meetings().select_for_update(of=("self",), no_key=True)
    found: MeetingBase = rows.get(pk=meeting.pk)
    return found
