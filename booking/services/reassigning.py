"""Giving a meeting to somebody else: their time is promised before the other's is given back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError

from booking.booker import Booker, clean_text
from booking.enums import ChangeKind, MeetingState
from booking.errors import BusyUnknown, SlotTaken
from booking.owners import host_of_meeting, public_name, tables_for
from booking.receipts import receipt_of
from booking.services.availability import Terms, durations_of, terms_of, terms_of_owner
from booking.services.bookers import person_id
from booking.services.following import expect_event, part_with_event
from booking.services.history import before
from booking.services.keeping import (
    GivenAway,
    held_still,
    keep,
    once_more,
    require_unchanged,
    reread,
)
from booking.services.seats import Place, is_alone
from booking.services.verdicts import live_busy, span_to_hold, with_length_of
from calendars.services.holds import place_hold, release_hold
from common.errors import Conflict, InvalidInput, UpstreamError
from common.spans import Span
from workspaces.owners import owner_for

if TYPE_CHECKING:
    from datetime import datetime

    from booking.models import MeetingBase
    from booking.services.history import Doer
    from calendars.services.busy import BusyAnswer
    from workspaces.owners import Owner

_UNREADABLE = (
    "The calendar of {name} did not answer, so nothing was changed. "
    "The meeting stands as it is. Try again."
)
_TAKEN = "{name} has something else at this time. Nothing was changed."


@dataclass(frozen=True, slots=True)
class _Handing:
    """To whom, by whom."""

    to: Owner
    doer: Doer
    now: datetime
    message: str
    overriding: str
    expected_sequence: int | None


def reassign_meeting(
    *,
    meeting: MeetingBase,
    to: Owner,
    doer: Doer,
    now: datetime,
    message: str = "",
    overriding: str = "",
    expected_sequence: int | None = None,
) -> MeetingBase:
    """Give the meeting, or the request, to another user or client of the same workspace.

    It keeps its time, its link and its address for the booker; a client's booker becomes a
    contact of the other client too. The new owner's hours may be set aside with `overriding`;
    what overlaps their promises or events is never overridden. A repeat changes nothing.

    Raises Conflict for what is off or has begun, InvalidInput naming `to`, `message` or
    `overriding`, SlotTaken when the other has something else then, ChangedMeanwhile where somebody
    changed it after `expected_sequence`, and BusyUnknown. Never call it within a transaction.
    """
    handing = _Handing(
        to,
        doer,
        now,
        clean_text(message, "message"),
        clean_text(overriding, "overriding"),
        expected_sequence,
    )
    current = reread(meeting)
    _require_same_house(current, to)
    if host_of_meeting(current).id == to.id:
        return current
    require_unchanged(current, expected_sequence)
    _require_open(current, now)
    terms = _terms(current, to)
    span = Span(current.start_at, current.end_at)
    try:
        busy = live_busy(to, terms.held(span), actor=doer.actor)
    except UpstreamError as error:
        raise BusyUnknown(_UNREADABLE.format(name=public_name(to))) from error
    try:
        return once_more(lambda: _hand_over(current, busy, handing))
    except GivenAway:
        given = reread(meeting)
        # A rival of the same mind was first.
        if host_of_meeting(given).id == to.id:
            return given
        raise
    except (IntegrityError, SlotTaken) as error:
        raise SlotTaken(_TAKEN.format(name=public_name(to))) from error


def _hand_over(meeting: MeetingBase, busy: BusyAnswer, handing: _Handing) -> MeetingBase:
    to, now = handing.to, handing.now
    with held_still(meeting, to) as fresh:
        require_unchanged(fresh, handing.expected_sequence)
        _require_open(fresh, now)
        span = Span(fresh.start_at, fresh.end_at)
        if span != Span(meeting.start_at, meeting.end_at):
            raise Conflict("This meeting was moved meanwhile. Look at its new time.")
        terms = _terms(fresh, to)
        held = span_to_hold(terms, span, now, busy=busy.spans, overriding=handing.overriding)
        former = host_of_meeting(fresh)
        was, tables = before(fresh, owner_name=public_name(former)), tables_for(fresh)
        old = fresh.hold if is_alone(fresh) else None
        part_with_event(fresh)
        Place(place_hold(owner=to, span=held, source=tables.hold_source)).put(fresh)
        setattr(fresh, tables.owner_column, to.id)
        setattr(fresh, f"{tables.person_column}_id", person_id(tables, to, _booker(fresh)))
        fresh.receipt = receipt_of(terms.rules, busy, now)
        if handing.overriding:
            overridden = {"reason": handing.overriding, "by": handing.doer.name}
            fresh.receipt["overridden"] = overridden
        expect_event(fresh, to)
        fresh.notice_sent_at = None
        keep(
            fresh=fresh,
            kind=ChangeKind.REASSIGNED,
            doer=handing.doer,
            now=now,
            was=was,
            message=handing.message,
            reason=handing.overriding,
        )
        if old is not None:
            release_hold(old)
    return fresh


def _require_same_house(meeting: MeetingBase, to: Owner) -> None:
    if to.kind != tables_for(meeting).kind or to.workspace.pk != meeting.workspace_id:
        raise InvalidInput("to", "Choose somebody of the same workspace.")
    try:
        owner_for(to.kind, to.id, to.workspace)
    except ObjectDoesNotExist:
        raise InvalidInput("to", "Choose somebody of the same workspace.") from None


def _require_open(meeting: MeetingBase, now: datetime) -> None:
    if meeting.state not in {MeetingState.CONFIRMED, MeetingState.REQUESTED}:
        words = MeetingState(meeting.state).label.lower()
        raise Conflict(f"This meeting is {words}, so nobody else can take it.")
    if meeting.start_at <= now:
        raise Conflict("This meeting has begun, so nobody else can take it any more.")


def _terms(meeting: MeetingBase, to: Owner) -> Terms:
    """The new owner's hours; of the link only its buffers, its other rules were met before."""
    span = Span(meeting.start_at, meeting.end_at)
    terms = terms_of_owner(to, span.duration)
    if meeting.link is None:
        return terms
    rules = terms_of(meeting.link, durations_of(meeting.link)[0], owner=to).rules
    buffers = replace(
        terms.rules,
        step=rules.step,
        buffer_before=rules.buffer_before,
        buffer_after=rules.buffer_after,
    )
    return with_length_of(replace(terms, rules=buffers), span)


def _booker(meeting: MeetingBase) -> Booker:
    return Booker(
        name=meeting.booker_name,
        email=meeting.booker_email,
        timezone=meeting.booker_timezone,
        phone=meeting.booker_phone,
        language=meeting.booker_language,
    )
