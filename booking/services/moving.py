"""Moving a meeting to another time: the whole decision again, and the hold swapped in one go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError
from django.utils.translation import gettext, gettext_noop

from booking.booker import clean_text
from booking.enums import ChangeKind, DegradedMode, MeetingState, Party
from booking.errors import BookerRefused, BusyUnknown, SlotTaken
from booking.owners import host_of_meeting
from booking.receipts import receipt_of
from booking.services.availability import (
    Terms,
    durations_of,
    nearest_starts,
    terms_of,
    terms_of_owner,
)
from booking.services.blocking import refuse_blocked
from booking.services.following import expect_event, part_with_event
from booking.services.history import Doer, before
from booking.services.keeping import held_still, keep, once_more, require_unchanged, reread
from booking.services.seats import is_alone, take_place
from booking.services.verdicts import (
    instant_of,
    live_busy,
    raise_refusal,
    refusal_of,
    span_to_hold,
    with_length_of,
)
from calendars.services.busy import BusyAnswer
from calendars.services.holds import move_hold, release_hold
from common.errors import Conflict, InvalidInput, UpstreamError
from common.spans import Span

if TYPE_CHECKING:
    from booking.models import MeetingBase

CLOSED_WORDS = gettext_noop(
    "No other time can be chosen any more: this booking link is closed. "
    "The meeting stands as it is, and it can be cancelled."
)
_BEGUN = gettext_noop("This meeting has begun, so it cannot be moved any more.")
_UNREADABLE = gettext_noop(
    "The calendar did not answer, so nothing was moved. The meeting stands. Try again."
)
# As when they book: that the workspace refuses them, and by which rule, stays untold.
_NOT_ONLINE = gettext_noop(
    "This meeting cannot be moved online. It stands as it is, and it can be cancelled. "
    "Ask the host in another way."
)
_OFF = {
    MeetingState.CANCELLED: gettext_noop("This meeting was cancelled already."),
    MeetingState.DECLINED: gettext_noop("This request was declined already."),
    MeetingState.NO_SHOW: gettext_noop("This meeting is marked as no-show."),
}
SHORTEST, LONGEST = timedelta(minutes=5), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Move:
    """Where the meeting is to go, and who wants that."""

    span: Span
    doer: Doer
    now: datetime
    message: str
    overriding: str
    expected_sequence: int | None = None

    @property
    def by_booker(self) -> bool:
        return self.doer.by is Party.BOOKER

    @property
    def follows_calendar(self) -> bool:
        """Whether the owner has moved the event already; that outranks rules and calendars."""
        return self.doer.by is Party.PROVIDER


def move_meeting(
    *,
    meeting: MeetingBase,
    start: datetime,
    doer: Doer,
    now: datetime,
    message: str = "",
    duration: timedelta | None = None,
    overriding: str = "",
    expected_sequence: int | None = None,
) -> MeetingBase:
    """Move the meeting, or the request, to `start` (aware); the old time is kept until then.

    A booker is bound by all of the link's terms, and where the link asks for approval the meeting
    becomes a request again. Staff may set rules aside with `overriding`, a reason that is kept;
    what overlaps another promise or event is never overridden. A move that follows the calendar
    (`Party.PROVIDER`) is stopped by other promises only. A repeat changes nothing.

    Raises Conflict for what is off or has begun, or when the link is closed (bookers only),
    BookerRefused for a booker on the block list, who may cancel only,
    SlotTaken with the nearest open times, InvalidInput naming `start`, `duration`, `message` or
    `overriding`, ChangedMeanwhile where somebody changed it after `expected_sequence`, and
    BusyUnknown. Never call it within a transaction.
    """
    current = reread(meeting)
    length = duration or current.end_at - current.start_at
    if not SHORTEST <= length <= LONGEST:
        raise InvalidInput("duration", "Give a length from 5 to 1440 minutes.")
    moment = instant_of(start)
    move = _Move(
        span=Span(moment, moment + length),
        doer=doer,
        now=now,
        message=clean_text(message, "message"),
        overriding=clean_text(overriding, "overriding"),
        expected_sequence=expected_sequence,
    )
    _require_movable(current, move)
    if _stands_at(current, move.span):
        return current
    require_unchanged(current, expected_sequence)
    _refuse_blocked(current, move)
    terms = _terms(current, move)
    try:
        busy = _read_busy(current, terms, move)
        return once_more(lambda: _swap(current, busy, move))
    except IntegrityError as error:
        taken = SlotTaken()
        taken.__cause__ = error
    except SlotTaken as refusal:
        taken = refusal
    nearest = nearest_starts(terms=terms, start=moment, now=now, actor=doer.actor)
    raise SlotTaken(taken.message, nearest) from taken


def check_move(
    *,
    meeting: MeetingBase,
    start: datetime,
    doer: Doer,
    now: datetime,
    duration: timedelta | None = None,
) -> None:
    """Raise what `move_meeting` would raise at once for this time; asks no calendar about it."""
    moment = instant_of(start)
    length = duration or meeting.end_at - meeting.start_at
    move = _Move(Span(moment, moment + length), doer, now, "", "")
    _require_movable(meeting, move)
    _refuse_blocked(meeting, move)
    _decide(meeting, _terms(meeting, move), move, ())


def moving_terms(*, meeting: MeetingBase, doer: Doer, duration: timedelta | None = None) -> Terms:
    """The terms under which the doer may move the meeting: what a page of open times is drawn by.

    Raises Conflict when the link is closed (bookers only), and InvalidInput("duration").
    """
    length = duration or meeting.end_at - meeting.start_at
    span = Span(meeting.start_at, meeting.start_at + length)
    terms = _terms(meeting, _Move(span, doer, meeting.start_at, "", ""))
    return replace(terms, moving=meeting)


def _require_movable(meeting: MeetingBase, move: _Move) -> None:
    if meeting.state not in {MeetingState.CONFIRMED, MeetingState.REQUESTED}:
        raise Conflict(gettext(_OFF[MeetingState(meeting.state)]))
    if meeting.start_at <= move.now and not move.follows_calendar:
        raise Conflict(gettext(_BEGUN))
    link = meeting.link
    if move.by_booker and (link is None or not link.is_active):
        raise Conflict(gettext(CLOSED_WORDS))


def _refuse_blocked(meeting: MeetingBase, move: _Move) -> None:
    """Raise BookerRefused for a booker whom the workspace takes no bookings from by now."""
    if not move.by_booker:
        return
    try:
        refuse_blocked(
            workspace=meeting.workspace,
            email=meeting.booker_email,
            address=move.doer.actor.address,
            now=move.now,
        )
    except BookerRefused as error:
        raise BookerRefused(gettext(_NOT_ONLINE)) from error


def _stands_at(meeting: MeetingBase, span: Span) -> bool:
    return (meeting.start_at, meeting.end_at) == (span.start, span.end)


def _terms(meeting: MeetingBase, move: _Move) -> Terms:
    """The link's terms for the meeting's owner; without a link the owner's own hours."""
    owner, link, length = host_of_meeting(meeting), meeting.link, move.span.duration
    if link is None:
        if move.by_booker:
            raise Conflict(gettext(CLOSED_WORDS))
        return terms_of_owner(owner, length)
    offered = durations_of(link)
    if move.by_booker and length not in {*offered, meeting.end_at - meeting.start_at}:
        raise InvalidInput("duration", gettext("Choose one of the lengths this link offers."))
    return with_length_of(terms_of(link, offered[0], owner=owner), move.span)


def _read_busy(meeting: MeetingBase, terms: Terms, move: _Move) -> BusyAnswer | None:
    """What the calendars say of the new time; None where that is left to the approval."""
    if move.follows_calendar:
        return BusyAnswer((), ())
    _decide(meeting, terms, move, ())
    own = () if meeting.calendar_event_id is None else (meeting.calendar_event_id,)
    try:
        busy = live_busy(terms.owner, terms.held(move.span), actor=move.doer.actor, besides=own)
    except UpstreamError as error:
        is_request = meeting.state == MeetingState.REQUESTED
        if is_request and move.by_booker and terms.degraded_mode is DegradedMode.REQUEST:
            return None
        raise BusyUnknown(gettext(_UNREADABLE)) from error
    _decide(meeting, terms, move, busy.spans)
    return busy


def _decide(meeting: MeetingBase, terms: Terms, move: _Move, busy: tuple[Span, ...]) -> Span:
    """The time to hold for the meeting at its new place. Raises what `move_meeting` does."""
    if move.by_booker:
        raise_refusal(refusal_of(terms, move.span, move.now, busy=busy, moving=meeting))
        return terms.held(move.span)
    return span_to_hold(
        terms,
        move.span,
        move.now,
        busy=busy,
        overriding="moved in the calendar" if move.follows_calendar else move.overriding,
        moving=meeting,
    )


def _swap(meeting: MeetingBase, busy: BusyAnswer | None, move: _Move) -> MeetingBase:
    """Decide again about our own rows under the locks, and write."""
    with held_still(meeting) as fresh:
        _require_movable(fresh, move)
        if _stands_at(fresh, move.span):
            return fresh
        require_unchanged(fresh, move.expected_sequence)
        terms = _terms(fresh, move)
        held = _decide(fresh, terms, move, () if busy is None else busy.spans)
        was = before(fresh)
        _hold_instead(fresh, terms, move.span, held)
        fresh.start_at, fresh.end_at = move.span.start, move.span.end
        if move.by_booker and terms.needs_approval and fresh.state == MeetingState.CONFIRMED:
            # The event goes; whoever said yes to the old time is asked about the new one.
            fresh.state = MeetingState.REQUESTED
            part_with_event(fresh)
        elif fresh.calendar_event_id is None:
            expect_event(fresh, terms.owner)
        fresh.receipt = receipt_of(terms.rules, busy, move.now)
        if move.overriding:
            fresh.receipt["overridden"] = {"reason": move.overriding, "by": move.doer.name}
        keep(
            fresh=fresh,
            kind=ChangeKind.MOVED,
            doer=move.doer,
            now=move.now,
            was=was,
            message=move.message,
            reason=move.overriding,
        )
    return fresh


def _hold_instead(fresh: MeetingBase, terms: Terms, span: Span, held: Span) -> None:
    """Promise the new time in place of the old one; a seat is taken or left where others sit.

    Raises SlotTaken for a full slot, and IntegrityError when another hold overlaps.
    """
    was_alone, old = is_alone(fresh), fresh.hold
    joins = span.start in terms.shared(span)
    if old is not None and was_alone and not joins:
        move_hold(hold=old, span=held)
        return
    place = take_place(owner=terms.owner, link=fresh.link, span=span, held=held)
    part_with_event(fresh)
    place.put(fresh)
    fresh.save()
    if old is not None and was_alone:
        release_hold(old)
