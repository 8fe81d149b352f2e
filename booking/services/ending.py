"""How meetings end before their time: cancelled, declined, expired; and who never came."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext, gettext_noop

from audit.actors import task_actor
from booking.booker import clean_text
from booking.enums import ChangeKind, MeetingState, Party
from booking.models import MeetingChange
from booking.owners import meeting_tables, tables_for
from booking.services.history import Doer, record
from booking.services.keeping import held_still, keep, let_go, once_more, require_unchanged
from common.errors import Conflict, NotFound

if TYPE_CHECKING:
    from datetime import datetime

    from booking.models import MeetingBase

EXPIRES_REQUESTS = "booking.expire_requests"
_AT_ONCE = 200
_ASKS_ANEW = (ChangeKind.MOVED, ChangeKind.REASSIGNED)
_OVER = gettext_noop("This meeting is over, so it cannot be cancelled any more.")
_IS_DECLINED = gettext_noop("This request was declined already.")
_IS_CANCELLED = gettext_noop("This meeting was cancelled already.")
_NO_SHOW_WORDS = gettext_noop("This meeting is marked as no-show.")
_NOT_ASKED = "This meeting is confirmed already. Cancel it instead."


def cancel_meeting(
    *,
    meeting: MeetingBase,
    doer: Doer,
    now: datetime,
    message: str = "",
    expected_sequence: int | None = None,
) -> MeetingBase:
    """Call the meeting, or the request, off and give its time back.

    Possible whatever became of its link. A repeat changes nothing. Raises Conflict for one that
    is over, declined or a no-show, InvalidInput("message"), and ChangedMeanwhile where somebody
    changed it after `expected_sequence`.
    """
    text = clean_text(message, "message")
    return once_more(lambda: _cancel(meeting, doer, now, text, expected_sequence))


def _cancel(
    meeting: MeetingBase, doer: Doer, now: datetime, text: str, expected: int | None
) -> MeetingBase:
    with held_still(meeting) as fresh:
        if fresh.state == MeetingState.CANCELLED:
            return fresh
        require_unchanged(fresh, expected)
        if fresh.state == MeetingState.DECLINED:
            raise Conflict(gettext(_IS_DECLINED))
        if fresh.state == MeetingState.NO_SHOW:
            raise Conflict(gettext(_NO_SHOW_WORDS))
        if fresh.end_at <= now:
            raise Conflict(gettext(_OVER))
        fresh.state = MeetingState.CANCELLED
        fresh.cancelled_by, fresh.cancel_reason = doer.by, text[:300]
        let_go(fresh)
        keep(fresh=fresh, kind=ChangeKind.CANCELLED, doer=doer, now=now, message=text)
    return fresh


def decline_meeting(
    *,
    meeting: MeetingBase,
    doer: Doer,
    now: datetime,
    message: str = "",
    expected_sequence: int | None = None,
) -> MeetingBase:
    """Say no to a request and give its time back.

    A repeat changes nothing. Raises Conflict for what is no request (any more),
    InvalidInput("message"), and ChangedMeanwhile as `cancel_meeting`.
    """
    text = clean_text(message, "message")
    return once_more(lambda: _decline(meeting, doer, now, text, expected_sequence))


def _decline(
    meeting: MeetingBase, doer: Doer, now: datetime, text: str, expected: int | None
) -> MeetingBase:
    with held_still(meeting) as fresh:
        if fresh.state == MeetingState.DECLINED:
            return fresh
        require_unchanged(fresh, expected)
        if fresh.state != MeetingState.REQUESTED:
            is_off = fresh.state == MeetingState.CANCELLED
            raise Conflict(_IS_CANCELLED if is_off else _NOT_ASKED)
        _say_no(fresh, doer, now, text)
    return fresh


def _say_no(fresh: MeetingBase, doer: Doer, now: datetime, text: str) -> None:
    fresh.state = MeetingState.DECLINED
    fresh.cancelled_by, fresh.cancel_reason = doer.by, text[:300]
    let_go(fresh)
    keep(fresh=fresh, kind=ChangeKind.DECLINED, doer=doer, now=now, message=text)


def mark_no_show(
    *,
    meeting: MeetingBase,
    doer: Doer,
    now: datetime,
    is_no_show: bool = True,
    expected_sequence: int | None = None,
) -> MeetingBase:
    """Note that the guest did not come, or take that back; nobody is told.

    A repeat changes nothing. Raises Conflict before the start, and for what was never confirmed
    or is off, and ChangedMeanwhile as `cancel_meeting`.
    """
    return once_more(lambda: _mark(meeting, doer, now, is_no_show, expected_sequence))


def _mark(
    meeting: MeetingBase,
    doer: Doer,
    now: datetime,
    is_no_show: bool,  # noqa: FBT001 -- one caller
    expected: int | None,
) -> MeetingBase:
    state = MeetingState.NO_SHOW if is_no_show else MeetingState.CONFIRMED
    with held_still(meeting) as fresh:
        if fresh.state not in {MeetingState.CONFIRMED, MeetingState.NO_SHOW}:
            raise Conflict("Only a confirmed meeting can be a no-show.")
        if fresh.start_at > now:
            raise Conflict("This meeting has not begun yet.")
        if fresh.state == state:
            return fresh
        require_unchanged(fresh, expected)
        fresh.state, fresh.look_at = state, now
        fresh.save(update_fields=["state", "look_at", "updated_at"])
        kind = ChangeKind.NO_SHOW if is_no_show else ChangeKind.ATTENDED
        record(meeting=fresh, kind=kind, doer=doer, now=now)
    return fresh


def expire_requests(*, now: datetime) -> int:
    """Decline the requests that nobody answered in time; how many that were.

    In time is before the start, and within `BOOKING_REQUEST_LIFE` of being asked, which counts
    anew from each move and for whoever it is handed to. One that is answered, moved or handed
    over at this moment is left alone.
    """
    expired = 0
    for tables in meeting_tables():
        rows = tables.meetings().filter(_unanswered(now)).order_by("start_at")
        for meeting in rows[:_AT_ONCE]:
            # The answer of this moment comes first, and what was erased asks nobody any more.
            with suppress(Conflict, NotFound):
                expired += once_more(partial(_expire, meeting, now))
    return expired


def _expire(meeting: MeetingBase, now: datetime) -> bool:
    with held_still(meeting) as fresh:
        rows = tables_for(fresh).meetings().filter(_unanswered(now), pk=fresh.pk)
        if not rows.exists():
            return False
        doer = Doer(Party.SYSTEM, task_actor(EXPIRES_REQUESTS), "Meridian")
        _say_no(fresh, doer, now, "")
    return True


def _unanswered(now: datetime) -> Q:
    """Requests whose start has come, or which whoever has them by now was asked long ago."""
    since = now - settings.BOOKING_REQUEST_LIFE
    asked_anew = MeetingChange.objects.filter(
        meeting_id=OuterRef("pk"), kind__in=_ASKS_ANEW, at__gt=since
    )
    is_late = Q(start_at__lte=now) | (Q(created_at__lte=since) & Q(~Exists(asked_anew)))
    return Q(state=MeetingState.REQUESTED) & is_late
