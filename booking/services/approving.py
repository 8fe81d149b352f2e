"""Saying yes to a request: its time is held already, the calendars are asked once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from booking.booker import clean_text
from booking.enums import ChangeKind, MeetingState
from booking.errors import BusyUnknown, SlotTaken
from booking.owners import owner_of_meeting
from booking.services.following import expect_event
from booking.services.keeping import held_still, keep, once_more, require_unchanged, reread
from booking.services.seats import begin_group
from booking.services.verdicts import live_busy
from common.errors import Conflict, UpstreamError
from common.spans import Span, overlaps

if TYPE_CHECKING:
    from datetime import datetime

    from booking.models import MeetingBase
    from booking.services.history import Doer

_TAKEN_SINCE = (
    "Something else is in the calendar at this time now. "
    "Nothing was confirmed: move the meeting, or decline it."
)
_UNREADABLE = "The calendar did not answer, so nothing was confirmed. The time is kept. Try again."
_OFF = {
    MeetingState.CANCELLED: "This request was cancelled already.",
    MeetingState.DECLINED: "This request was declined already.",
    MeetingState.NO_SHOW: "This meeting is marked as no-show.",
}


def approve_meeting(
    *,
    meeting: MeetingBase,
    doer: Doer,
    now: datetime,
    message: str = "",
    expected_sequence: int | None = None,
) -> MeetingBase:
    """Confirm a request, if nothing came into the owner's calendars at its time meanwhile.

    A repeat changes nothing. Raises Conflict for what is off or has begun, SlotTaken when
    something is there now, BusyUnknown when a calendar that counts cannot be read,
    InvalidInput("message"), and ChangedMeanwhile where somebody changed it after
    `expected_sequence`. Never call it within a transaction.
    """
    text = clean_text(message, "message")
    current = reread(meeting)
    if current.state == MeetingState.CONFIRMED:
        return current
    require_unchanged(current, expected_sequence)
    _require_open(current, now)
    _require_free(current, doer)
    return once_more(lambda: _approve(current, doer, now, text, expected_sequence))


def _approve(
    meeting: MeetingBase, doer: Doer, now: datetime, text: str, expected: int | None
) -> MeetingBase:
    owner = owner_of_meeting(meeting)
    with held_still(meeting) as fresh:
        if fresh.state == MeetingState.CONFIRMED:
            return fresh
        require_unchanged(fresh, expected)
        _require_open(fresh, now)
        if (fresh.start_at, fresh.end_at) != (meeting.start_at, meeting.end_at):
            raise Conflict("This request was moved meanwhile. Look at its new time.")
        begin_group(fresh)
        fresh.state = MeetingState.CONFIRMED
        fresh.confirmation_sent_at = fresh.notice_sent_at = None
        expect_event(fresh, owner)
        keep(fresh=fresh, kind=ChangeKind.APPROVED, doer=doer, now=now, message=text)
    return fresh


def _require_open(meeting: MeetingBase, now: datetime) -> None:
    if meeting.state != MeetingState.REQUESTED:
        raise Conflict(_OFF[MeetingState(meeting.state)])
    if meeting.start_at <= now:
        raise Conflict("Its time has come already, so it cannot be confirmed any more.")


def _require_free(meeting: MeetingBase, doer: Doer) -> None:
    span = Span(meeting.start_at, meeting.end_at)
    try:
        busy = live_busy(owner_of_meeting(meeting), span, actor=doer.actor)
    except UpstreamError as error:
        raise BusyUnknown(_UNREADABLE) from error
    if overlaps(span, busy.spans):
        raise SlotTaken(_TAKEN_SINCE)
