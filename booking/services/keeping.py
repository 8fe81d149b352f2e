"""What every change of a meeting shares: the locks, the hold that is given back, the record."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from django.db import OperationalError, transaction

from booking.enums import Party
from booking.errors import ChangedMeanwhile
from booking.models import MeetingChange
from booking.owners import host_of_meeting, tables_for
from booking.services import rooms
from booking.services.following import enqueue_change
from booking.services.history import record
from booking.services.seats import leave_place
from common.errors import Conflict, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from booking.enums import ChangeKind
    from booking.models import MeetingBase
    from booking.services.history import Before, Doer
    from workspaces.owners import Owner

_Result = TypeVar("_Result")
_GIVEN_WORDS = "This meeting was given to somebody else meanwhile. Nothing was changed."
_BUSY_WORDS = "Somebody else is changing this. Nothing was changed. Try again."


class GivenAway(Conflict):
    """Somebody else has the meeting since it was looked at."""


def reread(meeting: MeetingBase) -> MeetingBase:
    """The meeting as it is now. Raises NotFound when it was erased."""
    found: MeetingBase | None = tables_for(meeting).meetings().filter(pk=meeting.pk).first()
    if found is None:
        raise NotFound
    return found


@contextmanager
def held_still(meeting: MeetingBase, *others: Owner) -> Iterator[MeetingBase]:
    """One transaction in which the meeting's owner, the `others` and the meeting are locked.

    Owners are locked first and in one order, as booking does, so that no two changes wait for
    each other. Raises GivenAway when the meeting was given to somebody else meanwhile, and
    NotFound when it was erased.
    """
    host = host_of_meeting(meeting)
    with transaction.atomic():
        for owner in sorted({one.id: one for one in (host, *others)}.values(), key=lambda o: o.id):
            owner.lock()
        rows = tables_for(meeting).meetings().select_for_update(of=("self",), no_key=True)
        fresh: MeetingBase | None = rows.filter(pk=meeting.pk).first()
        if fresh is None:
            raise NotFound
        if host_of_meeting(fresh).id != host.id:
            raise GivenAway(_GIVEN_WORDS)
        yield fresh


def require_unchanged(fresh: MeetingBase, expected_sequence: int | None) -> None:
    """Refuse to act on what the caller has not seen. Within the transaction that locked the row.

    `expected_sequence` is the meeting's when the caller saw it, None for whoever does not mind. A
    join link that came since raises the sequence, too, and is no change of anybody's. Raises
    ChangedMeanwhile.
    """
    if expected_sequence is None or fresh.sequence <= expected_sequence:
        return
    changes = MeetingChange.objects.filter(
        workspace=fresh.workspace_id, meeting_id=fresh.pk, sequence__gt=expected_sequence
    )
    if changes.exists():
        raise ChangedMeanwhile


def once_more(work: Callable[[], _Result]) -> _Result:
    """What the transaction answers; it is run again after a deadlock or a lock that did not come.

    Raises Conflict when that happens again.
    """
    try:
        return work()
    except OperationalError:
        try:
            return work()
        except OperationalError as error:
            raise Conflict(_BUSY_WORDS) from error


def let_go(meeting: MeetingBase) -> None:
    """Save the meeting, whose state takes no time any more, without its place; the time is free
    once nobody else has a seat in it. Within the transaction that locked the owner.
    """
    meeting.save()
    leave_place(meeting)


def keep(
    *,
    fresh: MeetingBase,
    kind: ChangeKind,
    doer: Doer,
    now: datetime,
    was: Before | None = None,
    message: str = "",
    reason: str = "",
) -> MeetingChange:
    """Save the locked row as a later version of itself, record what was done to it, and have event
    and mails follow.
    """
    follows_calendar = doer.by is Party.PROVIDER
    fresh.sequence += 1
    fresh.event_is_due = not follows_calendar
    fresh.look_at = now
    fresh.save()
    rooms.follow(fresh)
    enqueue_change(fresh, follows_calendar=follows_calendar)
    return record(
        meeting=fresh, kind=kind, doer=doer, now=now, was=was, message=message, reason=reason
    )
