"""What leaves the house after a booking: the calendar event with its join link, from the outbox.

The mails are in `booking.services.telling`, what follows a change in `booking.services.following`.
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
from booking.owners import meeting_tables
from booking.services import rooms
from booking.services.crm_notes import rows_of_booking
from booking.services.events import (
    MadeEvent,
    ask_again,
    event_at,
    keep_outcome,
    link_failed,
    look_again,
    make_event,
    says,
)
from booking.services.messages import (
    enqueue,
    event_key,
    hurry,
    locked,
    message_of,
    queue_of,
)
from booking.services.readers import owner_has_file
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

_LOOK_AGAIN, _LOOK_SELDOM = timedelta(seconds=2), timedelta(seconds=30)
# A conference that is still pending after this will not come.
_LINK_DEADLINE = timedelta(minutes=15)
_LATE_WORDS = "The calendar gave no join link."
_NO_EVENT_WORDS = "The event could not be made, so there is no join link."


def enqueue_deliveries(meeting: MeetingBase) -> None:
    """Write what has to happen after the caller's transaction, which made the meeting.

    The event comes before the mails, which then need not wait for it; the CRM comes last.
    """
    messages = []
    if meeting.state == MeetingState.CONFIRMED:
        messages.append(message_of(meeting, MessageKind.CALENDAR_EVENT, Step.EVENT))
    messages.append(message_of(meeting, MessageKind.NOTIFICATION, Step.BOOKED))
    messages += rows_of_booking(meeting)
    outbox.enqueue_new(messages)


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
        fresh = locked(meeting)
        if _has_parted(fresh, meeting):
            return
        had_link = bool(fresh.conference_url)
        if had_link and fresh.conference_url == event.conference_url:
            return
        if _keep_link(fresh, MadeEvent(event)):
            send_link(fresh)
        elif had_link and not fresh.conference_url:
            _tell_no_link(fresh)
        elif not fresh.conference_url and fresh.notice_sent_at and awaits_link(fresh):
            enqueue(fresh, MessageKind.NOTIFICATION, Step.NO_LINK_NOTICE)
        hurry(fresh)


def _has_parted(fresh: MeetingBase, meeting: MeetingBase) -> bool:
    """Whether the meeting has another event by now than the one that was just asked about."""
    return event_key(fresh) != event_key(meeting)


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
        fresh = locked(meeting)
        if _has_parted(fresh, meeting):
            return
        fresh.event_is_due = made.event is not None and not says(made.event, fresh)
        if _keep_link(fresh, made):
            send_link(fresh)
        if fresh.event_is_due:
            enqueue(fresh, MessageKind.CALENDAR_EVENT, Step.FOLLOW)
        elif made.event is None and fresh.notice_sent_at is not None and not owner_has_file(fresh):
            # The notice was not to wait for longer, and said that the event was on its way.
            enqueue(fresh, MessageKind.NOTIFICATION, Step.EVENT_FAILED)
        hurry(fresh)
        if fresh.conference_state == ConferenceState.PENDING:
            enqueue(fresh, MessageKind.CALENDAR_EVENT, Step.AWAIT_LINK, due_at=now + _LOOK_AGAIN)


def await_link(*, meeting: MeetingBase, asked_at: datetime, now: datetime) -> None:
    """Copy the join link onto the meeting once it is there, and mail it on if that is due.

    Raises NotYet while it may still come, and UpstreamError.
    """
    is_on = meeting.state == MeetingState.CONFIRMED
    if meeting.conference_state != ConferenceState.PENDING or not is_on:
        return
    made = look_again(meeting, asked_at=asked_at, now=now)
    is_late = now >= asked_at + _LINK_DEADLINE
    with transaction.atomic():
        fresh = locked(meeting)
        if _has_parted(fresh, meeting):
            return
        if _keep_link(fresh, made, give_up=_LATE_WORDS if is_late else ""):
            send_link(fresh)
        elif fresh.conference_state == ConferenceState.FAILED:
            _tell_no_link(fresh)
        if fresh.conference_state != ConferenceState.PENDING:
            hurry(fresh)
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
            fresh = locked(meeting)
            if not fresh.conference_url:  # else a rival's try brought it
                link_failed(fresh, failures.failure_of(error), failures.reason_of(error))
                fresh.conference_tries += 1
                fresh.save()
        raise
    with transaction.atomic():
        fresh = locked(meeting)
        if not _has_parted(fresh, meeting) and _keep_link(fresh, made):
            send_link(fresh)
        if fresh.conference_state == ConferenceState.PENDING:
            enqueue(fresh, MessageKind.CALENDAR_EVENT, Step.AWAIT_LINK, due_at=now + _LOOK_AGAIN)
    return ConferenceState(fresh.conference_state)


def event_has_failed(meeting: MeetingBase, words: str) -> None:
    """The event cannot be made: the owner is told, with the calendar file to add by hand."""
    with transaction.atomic():
        fresh = locked(meeting)
        if fresh.conference_state == ConferenceState.PENDING:
            what = _NO_EVENT_WORDS if fresh.calendar_event_id is None else _LATE_WORDS
            link_failed(fresh, LinkFailure.UNREACHABLE, f"{what} {words}")
            fresh.save()
            if fresh.confirmation_sent_at is not None and awaits_link(fresh):
                enqueue(fresh, MessageKind.NOTIFICATION, Step.NO_LINK)
        if fresh.notice_sent_at is not None and fresh.calendar_event_id is None:
            enqueue(fresh, MessageKind.NOTIFICATION, Step.EVENT_FAILED)
    hurry(fresh)


def run_now(meeting: MeetingBase, kind: MessageKind) -> OutboxState | None:
    """Deliver the meeting's first unsent message of this kind; None when a worker has it.

    What is to be sent at a time of its own keeps that. Raises Conflict when there is none, because
    the meeting still waits for approval.
    """
    queue = OutboxMessage.objects.filter(ordering_key=queue_of(meeting, kind))
    # A group's queue has rows of others, too.
    rows = queue.filter(about_id=meeting.pk).order_by("created_at", "pk")
    if not rows and meeting.state == MeetingState.REQUESTED:
        raise Conflict("This meeting waits for approval. Nothing is sent before.")
    now, is_open = timezone.now(), (OutboxState.PENDING, OutboxState.FAILED)
    open_rows = [
        row for row in rows if row.state in is_open and not outbox.is_appointment(row, now)
    ]
    return outbox.deliver_now(open_rows[0]) if open_rows else OutboxState.SENT


def _tell_no_link(meeting: MeetingBase) -> None:
    """Tell those whose mail went out already that no link will follow it."""
    if not awaits_link(meeting):
        return
    if meeting.confirmation_sent_at is not None:
        enqueue(meeting, MessageKind.NOTIFICATION, Step.NO_LINK)
    if meeting.notice_sent_at is not None:
        enqueue(meeting, MessageKind.NOTIFICATION, Step.NO_LINK_NOTICE)


def send_link(meeting: MeetingBase) -> None:
    """Send the booker the meeting again with its link, as a later version of the same event.

    Who has a link to a room of ours knows how to join: the other one brings no mail.
    """
    if not awaits_link(meeting) or meeting.state != MeetingState.CONFIRMED:
        return
    meeting.sequence += 1
    meeting.save(update_fields=["sequence", "updated_at"])
    enqueue(meeting, MessageKind.NOTIFICATION, Step.LINK)
