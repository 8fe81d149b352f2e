"""A meeting's event on its owner's booking calendar: made once, read again while its link comes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from audit.actors import task_actor
from audit.enums import AccessReason
from booking.enums import IS_ON, MeetingState, MessageKind
from booking.joining import wanted_conference
from booking.owners import owner_of_meeting, tables_for
from booking.services.messages import event_key
from calendars.enums import ConferenceState
from calendars.models import Calendar, Event
from calendars.owners import booking_calendar_of
from calendars.prose import as_text
from calendars.providers.base import UNSET, EventDraft, Unset
from calendars.services import conferences
from calendars.services.events import create_event, refresh_event, update_event
from calendars.services.link_retry import NO_LINK_WANTED, retry_link
from common.errors import InvalidInput
from common.outbox import NotYet
from conferencing.enums import Conference, LinkFailure
from conferencing.failures import failure_of
from conferencing.routing import RouteRefusal
from conferencing.telehealth.links import join_url, links_in

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from audit.actors import Actor
    from booking.models import MeetingBase
    from common.errors import DomainError
    from workspaces.owners import Owner

# A sign that opens a tag, an end tag or a comment; before a space or a digit it is only a sign.
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
# A line that names somebody: an address, with a name before it or none.
_PERSON = re.compile(r"(?:.{1,120} )?\S+@\S+")
NO_EVENT = "The meeting is in no calendar, so there is nothing that could make its join link."
_ACTOR = MessageKind.CALENDAR_EVENT.value


@dataclass(frozen=True, slots=True)
class MadeEvent:
    """The event, None without a calendar to write to; `refused` is why it has no conference."""

    event: Event | None
    refused: DomainError | None = None


def make_event(meeting: MeetingBase) -> MadeEvent:
    """The meeting's event, made now or by an earlier try.

    A conference that is refused leaves the event without one: the time is promised either way.
    Raises UpstreamError.
    """
    owner = owner_of_meeting(meeting)
    calendar = _calendar_of(meeting, owner)
    if calendar is None:
        return MadeEvent(None)
    wanted = wanted_conference(meeting)
    reason: DomainError
    try:
        return MadeEvent(_create(meeting, calendar, owner, wanted))
    except RouteRefusal as refusal:
        reason = refusal
    except InvalidInput as refusal:
        if refusal.field != "conference":
            raise
        reason = refusal
    event = _create(meeting, calendar, owner, Conference.NONE)
    if wanted not in {Conference.NONE, Conference.AUTO} and not event.conference_url:
        # So that it can be asked for again where the event is.
        conferences.link_failed(event, failure_of(reason), reason.message, kind=wanted)
    return MadeEvent(event, reason)


def event_at(event_id: UUID) -> Event | None:
    """The event, if it is there."""
    rows = Event.objects.filter(pk=event_id, deleted_at__isnull=True)
    return rows.select_related("calendar__workspace").first()


def look_again(meeting: MeetingBase, *, asked_at: datetime, now: datetime) -> MadeEvent:
    """The event as it is now, whose link was asked for at `asked_at`. Raises UpstreamError.

    At first the calendar itself waits for the link and this only reads its copy; a link that
    comes after it gave up is asked for here.
    """
    if meeting.calendar_event_id is None:
        return MadeEvent(None)
    event = event_at(meeting.calendar_event_id)
    if event is None:
        return MadeEvent(None)
    given_up = event.conference_failure == LinkFailure.LATE
    is_open = given_up or event.conference_state == ConferenceState.PENDING
    if is_open and now > asked_at + settings.CONFERENCE_WAIT:
        event = refresh_event(event=event, actor=task_actor(_ACTOR))
    elif given_up:
        event.conference_state = ConferenceState.PENDING
    return MadeEvent(event)


def ask_again(meeting: MeetingBase, actor: Actor) -> MadeEvent:
    """Ask for the join link that is missing, because a person wants it to be tried again.

    Raises InvalidInput naming `conference` where that changes nothing, RouteRefusal and
    UpstreamError.
    """
    event = event_at(meeting.calendar_event_id) if meeting.calendar_event_id else None
    if event is None:
        raise InvalidInput("conference", NO_EVENT)
    if event.conference_state:
        return MadeEvent(retry_link(event=event, actor=actor))
    wanted = wanted_conference(meeting)
    if wanted is Conference.NONE:
        raise InvalidInput("conference", NO_LINK_WANTED)
    draft = EventDraft(conference=wanted, notify=False, asks_again=True)
    return MadeEvent(update_event(event=event, draft=draft, actor=actor))


def keep_outcome(fresh: MeetingBase, made: MadeEvent, *, give_up: str = "") -> None:
    """Copy onto the locked row what became of the event and its conference, and save it.

    With `give_up`, a link that is still pending counts as failed, for that reason where no other
    one is known.
    """
    event = made.event
    if event is None:
        fresh.conference_state = ConferenceState.NONE
    else:
        fresh.calendar_id, fresh.calendar_event_id = event.calendar_id, event.pk
        fresh.conference = event.conference
        fresh.conference_state = event.conference_state
        fresh.conference_url = event.conference_url
        fresh.conference_note = event.conference_note
        fresh.conference_failure = event.conference_failure
        fresh.conference_since_at = event.conference_since_at
        fresh.conference_tries = event.conference_tries
    if made.refused is not None:
        link_failed(fresh, failure_of(made.refused), made.refused.message)
        fresh.conference_tries = 1
    elif give_up and fresh.conference_state == ConferenceState.PENDING:
        failure = LinkFailure(fresh.conference_failure or LinkFailure.LATE)
        link_failed(fresh, failure, fresh.conference_note if fresh.conference_failure else give_up)
    fresh.save()


def link_failed(fresh: MeetingBase, failure: LinkFailure, words: str) -> None:
    """Note on the row, which the caller saves, that the join link will not come, and why."""
    fresh.conference_state = ConferenceState.FAILED
    fresh.conference_note = words[:300]
    fresh.conference_failure = failure
    fresh.conference_since_at = timezone.now()


def _calendar_of(meeting: MeetingBase, owner: Owner) -> Calendar | None:
    """The calendar an earlier try wrote to, else the owner's booking calendar, remembered.

    The owner may choose another one between two tries; that must not make a second event. What
    is remembered also says that there may be an event, whatever becomes of this process. Raises
    NotYet when the meeting was given to somebody else this moment.
    """
    if meeting.calendar_id is not None:
        chosen = Calendar.objects.filter(pk=meeting.calendar_id, gone_at__isnull=True).first()
        if chosen is not None:
            return chosen
    calendar = booking_calendar_of(owner)
    if calendar is not None and calendar.pk != meeting.calendar_id:
        rows = tables_for(meeting).meeting._default_manager.filter(
            pk=meeting.pk,
            event_key=meeting.event_key,
            calendar_id=meeting.calendar_id,
            state=MeetingState.CONFIRMED,
        )
        if not rows.update(calendar_id=calendar.pk, updated_at=timezone.now()):
            raise NotYet(timezone.now())
        meeting.calendar_id = calendar.pk
    return calendar


def says(event: Event, meeting: MeetingBase) -> bool:
    """Whether the event stands at the meeting's time, and names whoever is in its group."""
    times = (event.start_at, event.end_at) == (meeting.start_at, meeting.end_at)
    return times and (meeting.group_id is None or event.title == _title(meeting))


def _create(meeting: MeetingBase, calendar: Calendar, owner: Owner, wanted: Conference) -> Event:
    draft = replace(
        draft_of(meeting, owner),
        location=meeting.location,
        all_day=False,
        busy=True,
        # The booker has our calendar file and is no guest: a provider would send a second one.
        notify=False,
        idempotency_key=event_key(meeting).hex,
        join_url=join_url(meeting.room_id) if meeting.room_id else UNSET,
    )
    return create_event(
        calendar=calendar,
        draft=draft,
        actor=task_actor(_ACTOR),
        reason=AccessReason.BOOKING_EVENT_CREATE,
        want=wanted,
    )


def draft_of(meeting: MeetingBase, owner: Owner) -> EventDraft:
    """What changes of an event when its meeting does: when it is, and who comes."""
    return EventDraft(
        title=_title(meeting),
        description=_description(meeting),
        start=meeting.start_at,
        end=meeting.end_at,
        timezone=owner.zone.key,
    )


def _title(meeting: MeetingBase) -> str:
    if meeting.group_id is None:
        return f"{meeting.title}: {meeting.booker_name}"
    count = len(_present(meeting))
    return f"{meeting.title}: {count} {'guest' if count == 1 else 'guests'}"


def _present(meeting: MeetingBase) -> list[MeetingBase]:
    """The meeting, or those of its group that are on, by seat."""
    if meeting.group_id is None:
        return [meeting]
    rows = tables_for(meeting).meetings().filter(group_id=meeting.group_id, state__in=IS_ON)
    return list(rows.order_by("seat"))


def _description(meeting: MeetingBase) -> str:
    """What the bookers typed, in words."""
    return in_words("\n\n".join(_typed(one) for one in _present(meeting)))


def in_words(text: str) -> str:
    """What others wrote, for an event's text: Google shows its markup, links among it.

    A join link of ours in it is cut short: whole, it would make this an event of that room.
    """
    for url, _ in list(links_in(text)):
        text = text.replace(url, f"{url.rpartition('/')[0]}/\u2026")
    return _TAG.sub("< ", text)


def fresh_description(event: Event, meeting: MeetingBase) -> str | Unset:
    """The event's text with the guests as they are now, if all else in it is as we wrote it.

    What its owner made of the text stays theirs.
    """
    ours, theirs = _description(meeting), as_text(event.description)
    if theirs == ours or _without_people(theirs) != _without_people(ours):
        return UNSET
    return ours


def _without_people(text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line and not _PERSON.fullmatch(line)]


def _typed(meeting: MeetingBase) -> str:
    lines = [meeting.booker_name, meeting.booker_email]
    if meeting.booker_phone:
        lines.append(meeting.booker_phone)
    lines += [f"{guest['name']} {guest['email']}".strip() for guest in meeting.guests]
    lines += [f"\n{answer['label']}\n{answer['answer']}" for answer in meeting.answers]
    if meeting.message:
        lines.append(f"\n{meeting.message}")
    return "\n".join(lines)
