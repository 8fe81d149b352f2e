"""The meeting's event on its owner's calendar follows every change of the meeting.

Nothing here knows what was changed: each row of the outbox has the event made, moved or deleted
so that it says what the meeting says by then. A create whose answer was lost is found by its key.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from audit.actors import task_actor
from audit.enums import AccessReason
from booking.enums import IS_OFF, IS_ON, MeetingState, MessageKind, Step
from booking.joining import wanted_conference
from booking.owners import host_of_meeting, meeting_tables
from booking.services import rooms
from booking.services.delivery import create_calendar_event
from booking.services.events import draft_of, fresh_description
from booking.services.messages import enqueue, event_key, hurry, locked, message_of
from calendars.enums import ConferenceState
from calendars.errors import EventChanged
from calendars.models import Calendar, Event
from calendars.owners import booking_calendar_of
from calendars.providers.base import UNSET
from calendars.providers.errors import CalendarGone, EventGone
from calendars.services.events import delete_created, delete_event, update_event
from common import outbox
from common.errors import UpstreamConflict, UpstreamUnavailable
from conferencing.enums import Conference, LinkFailure

if TYPE_CHECKING:
    from datetime import datetime

    from booking.models import MeetingBase
    from calendars.providers.base import EventDraft
    from common.models import OutboxMessage
    from workspaces.owners import Owner

_ACTOR = MessageKind.CALENDAR_EVENT.value
_TRIES = 3
_BUSY_WORDS = "Somebody is changing the event in the calendar at this moment."


def enqueue_change(meeting: MeetingBase, *, follows_calendar: bool = False) -> None:
    """Write what has to follow a change, in the transaction that made it.

    One that `follows_calendar` is in the owner's calendar already.
    """
    event = MessageKind.CALENDAR_EVENT
    if meeting.state == MeetingState.CONFIRMED and meeting.calendar_event_id is None:
        enqueue(meeting, event, Step.EVENT)
    if not follows_calendar:
        enqueue(meeting, event, Step.FOLLOW)
    enqueue(meeting, MessageKind.NOTIFICATION, Step.CHANGED)
    hurry(meeting)


def expect_event(meeting: MeetingBase, owner: Owner) -> None:
    """Note on the row, which the caller saves, what is on its way for a confirmed meeting: the
    room, and the link that comes with the event.
    """
    wanted = wanted_conference(meeting)
    if meeting.state != MeetingState.CONFIRMED or wanted == Conference.NONE:
        return
    if booking_calendar_of(owner) is not None:
        meeting.conference_state = ConferenceState.PENDING
    if meeting.room_id is None:
        meeting.room_id = rooms.room_of_meeting(meeting)


def part_with_event(meeting: MeetingBase) -> None:
    """Let the meeting, which the caller saves, have another event from now on.

    The one it has, or may have, is deleted from the outbox unless others of its group have it.
    """
    former = {
        "calendar_id": str(meeting.calendar_id or ""),
        "event_id": str(meeting.calendar_event_id or ""),
        "event_key": event_key(meeting).hex,
        "group_id": str(meeting.group_id or ""),
        "owner_id": str(host_of_meeting(meeting).id),
    }
    meeting.event_key = uuid.uuid4()
    if meeting.calendar_id is not None or meeting.calendar_event_id is not None:
        enqueue(meeting, MessageKind.CALENDAR_EVENT, Step.RELEASE, besides=former)
    meeting.calendar_id = meeting.calendar_event_id = None
    meeting.event_is_due = False
    meeting.conference = meeting.conference_url = meeting.conference_note = ""
    meeting.conference_state = ConferenceState.NONE
    meeting.conference_failure = LinkFailure.NONE
    meeting.conference_since_at = None
    meeting.conference_tries = 0


def settle_event(*, meeting: MeetingBase, now: datetime) -> None:
    """Let the owner's calendar say of the meeting what is true now. Raises UpstreamError."""
    if meeting.state in IS_OFF:
        _take_out(meeting)
        _note_done(meeting)
    elif meeting.calendar_event_id is None:
        create_calendar_event(meeting=meeting, now=now)
    elif meeting.event_is_due and meeting.state in IS_ON:
        _bring_up_to_date(meeting)


def release_event(message: OutboxMessage) -> None:
    """Delete the event that a meeting has parted with, also when the meeting is erased by now.

    Raises UpstreamError.
    """
    said = message.payload
    event_id = UUID(said["event_id"]) if said["event_id"] else None
    if said["group_id"] and _others_have_it(UUID(said["group_id"]), event_id):
        return
    calendar_id = UUID(said["calendar_id"]) if said["calendar_id"] else None
    _delete(event_id, calendar_id, said["event_key"])


def _bring_up_to_date(meeting: MeetingBase) -> None:
    """Send the meeting's time, and of a group who comes, to its event."""
    event_id = meeting.calendar_event_id
    if event_id is not None and Event.objects.filter(pk=event_id).exists():
        try:
            _send_place(meeting, event_id)
        except EventGone:
            # Its owner has deleted it. Whether they undo that is seen when the meeting follows;
            # until then the event was not told.
            _note_missed(meeting)
            return
    _note_done(meeting)


def _send_place(meeting: MeetingBase, event_id: UUID) -> None:
    """Raises EventGone and UpstreamError."""
    event = _event(event_id)
    if event is None:
        raise EventGone
    whole = draft_of(meeting, host_of_meeting(meeting))
    # Its owner may have changed the texts; of a group they are ours.
    draft = replace(whole, notify=bool(event.attendees))
    if meeting.group_id is None:
        text = fresh_description(event, meeting)
        draft = replace(draft, title=UNSET, description=text)
    _send(event, draft)


def tell_event_again(meeting: MeetingBase, event: Event) -> None:
    """Have the event, which was gone and is back, say what the meeting has become meanwhile."""
    with transaction.atomic():
        fresh = locked(meeting)
        if fresh.calendar_event_id != event.pk or fresh.state not in IS_ON:
            return
        _note_due(fresh)
        message = message_of(fresh, MessageKind.CALENDAR_EVENT, Step.FOLLOW)
        outbox.enqueue(
            kind=message.kind,
            payload=message.payload,
            # Once for each time that it came back.
            dedupe_key=f"{message.dedupe_key}:{event.seen_at.timestamp()}",
            workspace_id=message.workspace_id,
            ordering_key=message.ordering_key,
            about_id=message.about_id,
        )


def _note_missed(meeting: MeetingBase) -> None:
    with transaction.atomic():
        fresh = locked(meeting)
        if fresh.calendar_event_id == meeting.calendar_event_id and fresh.state in IS_ON:
            _note_due(fresh)


def _note_due(fresh: MeetingBase) -> None:
    if not fresh.event_is_due:
        fresh.event_is_due = True
        fresh.save(update_fields=["event_is_due", "updated_at"])


def _note_done(meeting: MeetingBase) -> None:
    """The event is as the meeting was when it was read; a later change is still to follow."""
    with transaction.atomic():
        fresh = locked(meeting)
        if fresh.event_is_due and _place_of(fresh) == _place_of(meeting):
            fresh.event_is_due = False
            fresh.save(update_fields=["event_is_due", "updated_at"])


def _place_of(meeting: MeetingBase) -> tuple[object, ...]:
    """What the event has of the meeting; its link is none of this."""
    return event_key(meeting), meeting.state, meeting.start_at, meeting.end_at, meeting.guests


def _send(event: Event, draft: EventDraft) -> None:
    """Change the event; a change elsewhere at the same moment is outranked: ours was told.

    Raises EventGone, and UpstreamUnavailable while it is changed again and again.
    """
    reason, now_there = AccessReason.BOOKING_EVENT_UPDATE, event
    for _try in range(_TRIES):
        try:
            update_event(event=now_there, draft=draft, actor=task_actor(_ACTOR), reason=reason)
        except UpstreamConflict as error:
            changed_id = error.event_id if isinstance(error, EventChanged) else event.pk
            found = _event(changed_id)
            if found is None:
                raise EventGone from error
            now_there = found
        else:
            return
    raise UpstreamUnavailable(_BUSY_WORDS)


def _take_out(meeting: MeetingBase) -> None:
    """Delete the event of a meeting that is off; others of its group keep theirs."""
    event_id = meeting.calendar_event_id
    if meeting.group_id is not None and _others_have_it(meeting.group_id, event_id):
        return
    _delete(meeting.calendar_event_id, meeting.calendar_id, event_key(meeting).hex)


def _delete(event_id: UUID | None, calendar_id: UUID | None, key: str) -> None:
    """Delete the event, known or only wished for; one that is gone, or whose calendar or account
    is, is a success.
    """
    actor, reason = task_actor(_ACTOR), AccessReason.BOOKING_EVENT_DELETE
    with suppress(CalendarGone):
        if event_id is not None:
            event = _event(event_id)
            if event is not None:
                notify = bool(event.attendees)
                delete_event(event=event, actor=actor, notify=notify, reason=reason)
            return
        if calendar_id is None:
            return
        calendar = Calendar.objects.filter(pk=calendar_id, gone_at__isnull=True).first()
        if calendar is not None:
            delete_created(calendar=calendar, idempotency_key=key, actor=actor, reason=reason)


def _event(event_id: UUID | None) -> Event | None:
    if event_id is None:
        return None
    rows = Event.objects.filter(pk=event_id, deleted_at__isnull=True)
    return rows.select_related("calendar__workspace").first()


def _others_have_it(group_id: UUID, event_id: UUID | None) -> bool:
    """Let the group's event name those who are left; whether anybody is."""
    others: list[MeetingBase] = []
    for tables in meeting_tables():
        others += tables.meetings().filter(group_id=group_id, state__in=IS_ON).order_by("seat")
    if not others:
        return False
    having = next((one for one in others if one.calendar_event_id is not None), None)
    if having is not None:
        _bring_up_to_date(having)
    elif event_id is not None:
        # Theirs is still to be made, or was given up: it is this one, and names who left.
        with suppress(EventGone):
            _send_place(others[0], event_id)
    return True


def could_not_follow(meeting: MeetingBase, message: OutboxMessage) -> None:
    """The event stays as it is; have whoever has it in their calendar told of that."""
    besides = _why(meeting, message)
    enqueue(meeting, MessageKind.NOTIFICATION, Step.EVENT_BEHIND, besides=besides)


def is_late(meeting: MeetingBase, message: OutboxMessage) -> None:
    """The calendar has not answered for long, and is asked again: have its owner told of that."""
    besides = _why(meeting, message)
    enqueue(meeting, MessageKind.NOTIFICATION, Step.EVENT_LATE, besides=besides)


def _why(meeting: MeetingBase, message: OutboxMessage) -> dict[str, str]:
    owner_id = message.payload.get("owner_id") or str(host_of_meeting(meeting).id)
    return {"owner_id": owner_id, "message_id": str(message.pk)}
