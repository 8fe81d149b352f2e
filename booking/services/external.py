"""Changes that people make in Google or Outlook: the meeting follows its event, and says so.

What cannot be followed waits for the owner (`booking.services.clashes`): a time at which something
else is promised, one that has passed, a length that no meeting has.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from audit.actors import task_actor
from booking.enums import TAKES_TIME, ChangeKind, Clash, MeetingState, MessageKind, Party
from booking.errors import SlotTaken
from booking.models import MeetingChange
from booking.owners import host_of_meeting, meeting_of, tables_for
from booking.services import clashes
from booking.services.changes import Doer, cancel_meeting, move_meeting
from booking.services.following import tell_event_again
from booking.services.history import before
from booking.services.keeping import held_still, keep, once_more, reread
from booking.services.messages import event_is_on_its_way, event_was_given_up
from booking.services.moving import LONGEST, SHORTEST
from booking.services.seats import is_alone, others_of
from calendars.models import Event
from calendars.owners import calendars_of
from calendars.providers.errors import EventGone
from calendars.services.events import refresh_event
from calendars.services.holds import holds_of, move_hold
from common import outbox
from common.errors import Conflict, InvalidInput, NotFound
from common.spans import Span, overlaps

if TYPE_CHECKING:
    from datetime import datetime

    from booking.models import MeetingBase
    from common.models import OutboxMessage

_LOOK_AGAIN: Final = timedelta(seconds=10)
# For so long a refusal is taken for a change that somebody else makes at this moment.
_PATIENCE: Final = timedelta(minutes=2)
_ACTOR: Final = MessageKind.EVENT_CHANGED.value


def handle_event_changed(message: OutboxMessage) -> None:
    """The outbox's handler of `booking.event_changed`."""
    meeting, now = meeting_of(message.payload), timezone.now()
    if meeting is None:
        return
    try:
        follow_event(meeting=meeting, now=now)
    except NotFound:
        return  # erased this moment
    except Conflict:
        if now < message.created_at + _PATIENCE:
            raise outbox.NotYet(now + _LOOK_AGAIN) from None
        could_not_follow(meeting=meeting, now=now)


def could_not_follow(*, meeting: MeetingBase, now: datetime) -> None:
    """Have the owner see to a meeting that was refused its event's change. Raises NotFound."""
    fresh = reread(meeting)
    if fresh.calendar_event_id is not None and _lasts(fresh, now):
        clashes.note(fresh, Clash.REFUSED, event_id=fresh.calendar_event_id, now=now)


def follow_event(*, meeting: MeetingBase, now: datetime) -> None:
    """Let the meeting, or everybody's of a group's slot, follow its event.

    What stands in the calendar is true: another time moves the meeting, whatever the link's rules
    say, and a deletion cancels it. The bookers are told either way. Raises NotYet while a change
    of ours is on its way to the event, UpstreamError when it cannot be seen whether the event is
    gone, NotFound for an erased meeting, and Conflict when somebody else changes it at this moment.
    """
    if meeting.calendar_event_id is None or not _lasts(meeting, now):
        return
    if meeting.event_is_due and event_is_on_its_way(meeting):
        raise outbox.NotYet(now + _LOOK_AGAIN)
    event = Event.objects.filter(pk=meeting.calendar_event_id).first()
    if event is None:
        return  # its account was disconnected: nothing speaks for the event any more
    there = event if event.deleted_at is None else _found_again(meeting, event)
    if there is None:
        _cancel(meeting, now)
    elif meeting.event_is_due and _is_left_behind(meeting, there):
        # One that was given up was told to who has it in their calendar, to move it by hand.
        if not event_was_given_up(meeting):
            tell_event_again(meeting, there)
    else:
        _go_along(meeting, there, now)


def _lasts(meeting: MeetingBase, now: datetime) -> bool:
    return meeting.state in TAKES_TIME and meeting.end_at > now


def _is_left_behind(meeting: MeetingBase, event: Event) -> bool:
    """Whether the event still stands where the meeting once was."""
    former = MeetingChange.objects.filter(
        meeting_id=meeting.pk, was_start_at=event.start_at, was_end_at=event.end_at
    )
    is_there = (event.start_at, event.end_at) == (meeting.start_at, meeting.end_at)
    return not is_there and former.exists()


def _go_along(meeting: MeetingBase, event: Event, now: datetime) -> None:
    """Raises Conflict when somebody else changes the meeting, too."""
    if (event.start_at, event.end_at) == (meeting.start_at, meeting.end_at):
        _meet_again(meeting, event, now)
        return
    if event.start_at == meeting.start_at <= now:
        return  # it runs a little longer, or is over sooner: whoever it is with sees to that
    clash = _no_time_to_meet(meeting, event, now)
    if clash is None:
        try:
            moved = _move(meeting, Span(event.start_at, event.end_at), now)
        except SlotTaken:
            clash = Clash.OCCUPIED
        except InvalidInput:  # its length is that of a meeting, so it is its start
            clash = Clash.PAST
        else:
            clashes.settle(moved, now=now)
            return
    clashes.note(meeting, clash, event_id=event.pk, now=now)


def _meet_again(meeting: MeetingBase, event: Event, now: datetime) -> None:
    """The event is where the meeting is."""
    if meeting.event_is_due:
        if event_was_given_up(meeting):
            rows = tables_for(meeting).meeting._default_manager.filter(pk=meeting.pk)
            rows.filter(sequence=meeting.sequence).update(event_is_due=False)
        else:
            tell_event_again(meeting, event)  # who comes was changed while it was gone
    clashes.settle(meeting, now=now)


def _no_time_to_meet(meeting: MeetingBase, event: Event, now: datetime) -> Clash | None:
    """Why no meeting can be where the event is, whatever else is promised then."""
    length = event.end_at - event.start_at
    against = {
        Clash.ALL_DAY: event.is_all_day,
        Clash.TOO_SHORT: length < SHORTEST,
        Clash.TOO_LONG: length > LONGEST,
        Clash.PAST: event.end_at <= now,
        Clash.REFUSED: meeting.state == MeetingState.NO_SHOW,
    }
    return next((clash for clash, is_so in against.items() if is_so), None)


def _move(meeting: MeetingBase, span: Span, now: datetime) -> MeetingBase:
    """Raises SlotTaken where something else is promised, InvalidInput for a time that passed, and
    Conflict when somebody else changes the meeting, too.
    """
    if not is_alone(meeting):
        return once_more(lambda: _move_group(meeting, span, now))
    return move_meeting(
        meeting=meeting, start=span.start, duration=span.duration, doer=_doer(meeting), now=now
    )


def _move_group(meeting: MeetingBase, span: Span, now: datetime) -> MeetingBase:
    """Everybody in the slot goes along, with the one hold they share."""
    doer = _doer(meeting)
    if span.start <= now:
        raise InvalidInput("start", "This time has passed.")
    with held_still(meeting) as fresh:
        hold = fresh.hold
        if hold is None:
            return fresh
        held = Span(
            span.start - (fresh.start_at - hold.held_from),
            span.end + (hold.held_until - fresh.end_at),
        )
        taken = holds_of(host_of_meeting(fresh), held, ignoring=[hold.pk])
        if overlaps(span, taken):
            raise SlotTaken
        move_hold(hold=hold, span=span if overlaps(held, taken) else held)
        for one in (fresh, *others_of(fresh)):
            was = before(one)
            one.start_at, one.end_at = span.start, span.end
            keep(fresh=one, kind=ChangeKind.MOVED, doer=doer, now=now, was=was)
    return fresh


def _cancel(meeting: MeetingBase, now: datetime) -> None:
    """Cancel everybody's; itself comes last, so that a run that died is begun again.

    Raises Conflict when that of somebody has to be tried again.
    """
    refused: Conflict | None = None
    for one in (*others_of(meeting), meeting):
        try:
            cancel_meeting(meeting=one, doer=_doer(one), now=now)
        except NotFound:
            continue  # erased meanwhile
        except Conflict as error:
            fresh = reread(one)
            # Of one that is over, off or was missed nothing is left to tell.
            if _lasts(fresh, now) and fresh.state != MeetingState.NO_SHOW:
                refused = error
    if refused is not None:
        raise refused


def _doer(meeting: MeetingBase) -> Doer:
    """The owner, as far as anybody knows: they or somebody with their calendar did it there."""
    name = host_of_meeting(meeting).name
    return Doer(by=Party.PROVIDER, actor=task_actor(_ACTOR), name=name)


def _found_again(meeting: MeetingBase, event: Event) -> Event | None:
    """The event where it is now, though our copy has lost it: in another calendar of the owner,
    or at its old place after all. None when it is gone. Raises UpstreamError.
    """
    twin = _twin_of(meeting, event)
    if twin is not None:
        rows = tables_for(meeting).meeting._default_manager.filter(calendar_event_id=event.pk)
        rows.update(
            calendar_event_id=twin.pk, calendar_id=twin.calendar_id, updated_at=timezone.now()
        )
        return twin
    try:
        return refresh_event(event=event, actor=task_actor(_ACTOR))
    except EventGone:
        return None


def _twin_of(meeting: MeetingBase, event: Event) -> Event | None:
    """The event in another calendar of the owner's, where a person has moved it."""
    if not event.ical_uid:
        return None
    calendars = calendars_of(host_of_meeting(meeting)).filter(gone_at__isnull=True)
    rows = Event.objects.filter(calendar__in=calendars, ical_uid=event.ical_uid)
    return rows.filter(deleted_at__isnull=True, recurrence=[]).first()
