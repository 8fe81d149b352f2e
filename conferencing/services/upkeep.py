"""Looking after Zoom meetings: what a crash, a lost answer or a refusal left is found and settled.

One sweep per account at a time, by lease. Zoom is asked only when there is something to do; only
meetings that bear the mark of a row of ours are ever deleted, and none that anybody meets in.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from django.db.models import Q
from django.utils import timezone

from audit.actors import task_actor
from audit.enums import AccessReason, ConnectionState
from common.errors import RateLimited, ReconnectNeeded, UpstreamError, UpstreamUnavailable
from common.leases import drop_lease, take_lease
from conferencing.models import MARK, ZoomConnection, ZoomMeeting
from conferencing.services.accounts import opened
from conferencing.services.rooms import (
    DOUBT_LASTS,
    bears_mark,
    delete_if_wanted,
    mark_deleted,
    tell,
)
from conferencing.usage import uses_of
from conferencing.zoom import RoomGone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from audit.actors import Actor
    from conferencing.usage import Use, Wish
    from conferencing.zoom import ListedRoom, ZoomClient

logger = logging.getLogger(__name__)

ACTOR: Final = "conferencing.sweep_zoom"
CHECK_EVERY: Final = timedelta(minutes=5)
# An event that was moved elsewhere is gone here a while before it is there.
ENDED_FOR: Final = timedelta(minutes=15)
# Whoever wished for it may ask again so long.
ABANDONED_AFTER: Final = timedelta(hours=1)
NEVER_USED_FOR: Final = timedelta(days=1)
LONGEST_WAIT: Final = timedelta(days=1)
BATCH: Final = 100
ACCOUNTS: Final = 200
_LEASE: Final = timedelta(minutes=3)
# Celery ends a task that runs for too long wherever it is; nothing new is begun after this.
_SWEEP_FOR: Final = 60.0
# Somebody waits for their account to be disconnected.
_AT_LAST_FOR: Final = 8.0
_OF_THE_ACCOUNT: Final = (RateLimited, ReconnectNeeded, UpstreamUnavailable)


@dataclass(slots=True)
class _Work:
    """What there is to do at Zoom for one account."""

    told: list[tuple[ZoomMeeting, Wish]] = field(default_factory=list)
    ended: list[ZoomMeeting] = field(default_factory=list)
    doubted: list[ZoomMeeting] = field(default_factory=list)

    @property
    def rooms(self) -> list[ZoomMeeting]:
        return [*(room for room, _ in self.told), *self.ended, *self.doubted]


def sweep_zoom() -> int:
    """Look after the meetings that are due, as many as a minute allows; how many accounts."""
    ends = time.monotonic() + _SWEEP_FOR
    due = ZoomMeeting.objects.filter(_open(), due_at__lte=timezone.now())
    accounts = ZoomConnection.objects.filter(
        state=ConnectionState.ACTIVE, pk__in=due.values("connection_id")
    )
    done = 0
    for connection in accounts.select_related("workspace").order_by("updated_at")[:ACCOUNTS]:
        if time.monotonic() >= ends:
            break
        done += look_after(
            connection=connection, actor=task_actor(ACTOR), now=timezone.now(), ends=ends
        )
    return done


def look_after(
    *,
    connection: ZoomConnection,
    actor: Actor,
    now: datetime,
    at_last: bool = False,
    ends: float | None = None,
) -> bool:
    """Look after the account's meetings that are due; False while another process does.

    `at_last`, before the account goes, those are due whose deletion is still to be done. Nothing
    is begun after `ends` on the monotonic clock. What Zoom refuses is kept and tried again later,
    so it raises nothing of Zoom's.
    """
    ends = ends or time.monotonic() + (_AT_LAST_FOR if at_last else _SWEEP_FOR)
    holder = take_lease(connection, now=now, lasts=_LEASE)
    if holder is None:
        return False
    try:
        due = (
            connection.zoom_meetings.filter(_open(), deletion_wanted_at__isnull=False)
            if at_last
            else connection.zoom_meetings.filter(_open(), due_at__lte=now)
        )
        rooms = list(due.select_related("connection", "workspace").order_by("due_at")[:BATCH])
        work = _work_of(rooms, now)
        _look_again(rooms, now + CHECK_EVERY)
        if work.rooms:
            _do(connection, work, actor, now, ends)
    finally:
        drop_lease(connection, holder)
    return True


def _open() -> Q:
    return Q(deleted_at__isnull=True) | Q(attempted_at__isnull=False)


def _work_of(rooms: Sequence[ZoomMeeting], now: datetime) -> _Work:
    """Decide by our own tables what is to be asked."""
    uses, work = uses_of(rooms), _Work()
    for room in rooms:
        use = uses.get(room.pk)
        if room.lease_until is not None and room.lease_until > now:
            continue  # somebody is at it
        if room.attempted_at is not None and _is_old_doubt(room, use, now):
            work.doubted.append(room)
        if room.is_there and use is not None and use.is_live:
            _keep(room, use, work)
        elif room.is_there and _is_over(room, use, now):
            _want_deletion(room, now)
            work.ended.append(room)
        elif not room.remote_id and room.attempted_at is None and _is_unwanted(room, use, now):
            mark_deleted(room)  # never made
    return work


def _keep(room: ZoomMeeting, use: Use, work: _Work) -> None:
    if room.deletion_wanted_at is not None:
        ZoomMeeting.objects.filter(pk=room.pk).update(deletion_wanted_at=None)
    if use.wish is not None and use.wish.fingerprint != room.told:
        work.told.append((room, use.wish))


def _is_over(room: ZoomMeeting, use: Use | None, now: datetime) -> bool:
    """Whether nobody meets in it: because it was said, or seen, or because nobody ever did."""
    if room.deletion_wanted_at is not None:
        return True
    if use is not None and use.ended_at is not None:
        return use.ended_at < now - ENDED_FOR
    return room.event_id is None and room.created_at < now - NEVER_USED_FOR


def _is_unwanted(room: ZoomMeeting, use: Use | None, now: datetime) -> bool:
    since = room.attempted_at or room.created_at
    return (use is None or not use.is_live) and since < now - ABANDONED_AFTER


def _is_old_doubt(room: ZoomMeeting, use: Use | None, now: datetime) -> bool:
    """Whether it is time to see what a lost answer left; a wish that is still open sees itself."""
    if room.attempted_at is None or room.attempted_at > now - DOUBT_LASTS:
        return False
    return bool(room.remote_id) or _is_unwanted(room, use, now)


def _want_deletion(room: ZoomMeeting, now: datetime) -> None:
    room.deletion_wanted_at = room.deletion_wanted_at or now
    ZoomMeeting.objects.filter(pk=room.pk, deletion_wanted_at=None).update(deletion_wanted_at=now)


def _do(connection: ZoomConnection, work: _Work, actor: Actor, now: datetime, ends: float) -> None:
    """Ask Zoom. What speaks of the account ends it; what speaks of one meeting is its own."""
    left = {room.pk: room for room in work.rooms}
    try:
        with opened(connection, connection.workspace, actor, AccessReason.ZOOM_SWEEP) as zoom:
            for room, act in _acts(zoom, work):
                if time.monotonic() >= ends:
                    return  # the rest is due again soon
                with _one_by_one(room, left, now):
                    act()
    except UpstreamError as error:
        logger.info("Zoom meetings are looked after later", extra={"code": error.code})
        wait = error.retry_after if isinstance(error, RateLimited) else None
        for room in left.values():
            _put_off(room, now, wait)


def _acts(zoom: ZoomClient, work: _Work) -> Iterator[tuple[ZoomMeeting, Callable[[], object]]]:
    """What is to be done at Zoom, and to which meeting."""
    listed = _listed(zoom, work.doubted)
    for room in work.doubted:
        yield room, partial(_settle, zoom, room, listed.get(room.mark, ()))
    for room in work.ended:
        yield room, partial(_end, zoom, room)
    for room, wish in work.told:
        yield room, partial(tell, zoom, room, wish)


def _end(zoom: ZoomClient, room: ZoomMeeting) -> None:
    """Delete it, unless somebody came to meet in it while others were deleted."""
    use = uses_of([room]).get(room.pk)
    if use is None or not use.is_live:
        delete_if_wanted(zoom, room)


class _one_by_one:  # noqa: N801 -- a context manager, as the standard library names them
    """One meeting's turn: done, or its own refusal, which is tried again later."""

    def __init__(
        self, room: ZoomMeeting, open_rooms: dict[UUID, ZoomMeeting], now: datetime
    ) -> None:
        self._room, self._open, self._now = room, open_rooms, now

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if error is None or isinstance(error, RoomGone):
            self._open.pop(self._room.pk, None)
            return error is not None
        if not isinstance(error, UpstreamError) or isinstance(error, _OF_THE_ACCOUNT):
            return False
        logger.info("a Zoom meeting is looked after later", extra={"code": error.code})
        self._open.pop(self._room.pk, None)
        _put_off(self._room, self._now, None)
        return True


def _listed(zoom: ZoomClient, rooms: Sequence[ZoomMeeting]) -> dict[str, list[ListedRoom]]:
    """What Zoom has under the marks of these, by mark; asked only when there are any."""
    found: dict[str, list[ListedRoom]] = {}
    for one in zoom.list_meetings() if rooms else ():
        if one.agenda.startswith(MARK):
            found.setdefault(one.agenda.split("\n", 1)[0].strip(), []).append(one)
    return found


def _settle(zoom: ZoomClient, room: ZoomMeeting, there: Iterable[ListedRoom]) -> None:
    """Of the meetings with this mark leave the one that is used; then there is no doubt left."""
    room.refresh_from_db()
    more = [one for one in there if bears_mark(one, room) and one.remote_id != room.remote_id]
    for one in more:
        if not _is_met_in(room, one):
            zoom.delete_meeting(one.remote_id)
    if not room.remote_id:
        mark_deleted(room)
    ZoomMeeting.objects.filter(pk=room.pk, attempted_at=room.attempted_at).update(attempted_at=None)


def _is_met_in(room: ZoomMeeting, other: ListedRoom) -> bool:
    twin = ZoomMeeting(
        workspace_id=room.workspace_id,
        connection=room.connection,
        remote_id=other.remote_id,
        join_url=other.join_url,
    )
    use = uses_of([twin]).get(twin.pk)
    return use is not None and use.is_live


def _look_again(rooms: Sequence[ZoomMeeting], at: datetime) -> None:
    ZoomMeeting.objects.filter(pk__in=[room.pk for room in rooms]).update(due_at=at)


def _put_off(room: ZoomMeeting, now: datetime, wait: timedelta | None) -> None:
    """Later and later, at the latest once a day."""
    pause = wait or min(CHECK_EVERY * 2 ** min(room.failures, 12), LONGEST_WAIT)
    ZoomMeeting.objects.filter(pk=room.pk).update(due_at=now + pause, failures=room.failures + 1)
