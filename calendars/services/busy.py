"""When an owner is busy, from the providers. What could not be read is raised, never free."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.utils import timezone

from audit.enums import AccessReason, ConnectionState
from calendars.models import Calendar, Event
from calendars.owners import counting_calendars_of
from calendars.providers.errors import CalendarGone
from calendars.queries import busy_times
from calendars.services import mirror, sync
from calendars.services.accounts import note_failure, note_success, open_account
from calendars.services.turns import account_key, turn_at
from common.errors import ReconnectNeeded, UpstreamError, UpstreamForbidden, UpstreamUnavailable
from common.spans import Span, intersect, merge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from datetime import datetime
    from uuid import UUID

    from audit.actors import Actor
    from calendars.models import CalendarConnectionBase
    from calendars.providers.base import BusySpan, CalendarProvider
    from workspaces.owners import Owner

WORKERS: Final = 16
_TOO_MUCH: Final = "The calendar service is asked too much right now. Try again."


@dataclass(frozen=True, slots=True)
class BusySource:
    """A calendar that was consulted, and how old what it said is."""

    calendar_id: UUID
    name: str
    as_of: datetime
    live: bool


@dataclass(frozen=True, slots=True)
class BusyAnswer:
    """Sorted, disjoint busy spans within the span asked for, and where they come from."""

    spans: tuple[Span, ...]
    sources: tuple[BusySource, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    """One connection's part of a live read."""

    connection: CalendarConnectionBase
    calendars: list[Calendar]
    provider: CalendarProvider
    ignoring: frozenset[str]


def busy_live(
    *,
    owner: Owner,
    span: Span,
    actor: Actor,
    reason: AccessReason,
    time_limit: timedelta,
    ignoring: frozenset[UUID] = frozenset(),
    calendars: Sequence[Calendar] | None = None,
) -> BusyAnswer:
    """Ask every calendar of the owner that counts, now; never a partial answer.

    `calendars` are those, from `counting_calendars`, where the caller has read them already.
    Events whose id is in `ignoring` do not count. An owner without calendars gets an empty
    answer. Raises UpstreamError (ReconnectNeeded, UpstreamForbidden for a paused account,
    CalendarGone, …) when any of them cannot be read within the limit.
    """
    if calendars is None:
        calendars = counting_calendars(owner)
    return _read_live(
        calendars, span, actor=actor, reason=reason, time_limit=time_limit, ignoring=ignoring
    )


def busy_painted(
    *,
    owner: Owner,
    span: Span,
    actor: Actor,
    now: datetime,
    ignoring: frozenset[UUID] = frozenset(),
    time_limit: timedelta | None = None,
) -> BusyAnswer:
    """The same for showing slots: from copies at most `PAINT_FRESH` old, the rest read live.

    A calendar that had to be read live has its copy renewed by a worker. Raises UpstreamError,
    also when that takes longer than `time_limit` (PROVIDER_PAINT_TIMEOUT when None).
    """
    calendars = counting_calendars(owner)
    fresh = [calendar for calendar in calendars if _is_fresh(calendar, span, now)]
    copied = _from_mirror(fresh, span, ignoring)
    stale = [calendar for calendar in calendars if calendar not in fresh]
    if not stale:
        return copied
    live = _read_live(
        stale,
        span,
        actor=actor,
        reason=AccessReason.BUSY_READ,
        time_limit=settings.PROVIDER_PAINT_TIMEOUT if time_limit is None else time_limit,
        ignoring=ignoring,
    )
    sync.kick(Calendar.objects.filter(pk__in=[calendar.pk for calendar in stale]), now)
    return BusyAnswer(tuple(merge([*copied.spans, *live.spans])), (*copied.sources, *live.sources))


def counting_calendars(owner: Owner) -> list[Calendar]:
    """The owner's calendars that count as busy. Raises UpstreamError for an unreadable one."""
    calendars = counting_calendars_of(owner)
    for calendar in calendars:
        _require_readable(calendar)
    return calendars


def _require_readable(calendar: Calendar) -> None:
    connection = calendar.connection
    if connection.state == ConnectionState.PAUSED and not connection.is_paused_by_plan:
        raise UpstreamForbidden(f"{connection.connected_email} is paused.")
    if connection.needs_consent:
        raise ReconnectNeeded(f"{connection.connected_email} has to be connected again.")
    if calendar.gone_at is not None:
        raise CalendarGone(f"{calendar.name} is no longer there.", calendar.remote_id)


def _is_fresh(calendar: Calendar, span: Span, now: datetime) -> bool:
    """Whether the copy is young or kept so by push, whole, and holds the span."""
    begins, ends = calendar.window_from, calendar.window_until
    if begins is None or ends is None or calendar.sync_error:
        return False
    return (
        calendar.is_fresh(now, settings.PAINT_FRESH) and begins <= span.start and span.end <= ends
    )


def _from_mirror(
    calendars: Sequence[Calendar], span: Span, ignoring: frozenset[UUID]
) -> BusyAnswer:
    if not calendars:
        return BusyAnswer((), ())
    times = busy_times([calendar.pk for calendar in calendars], span, ignoring=ignoring)
    sources = tuple(
        BusySource(calendar.pk, calendar.name, calendar.synced_at, live=False)
        for calendar in calendars
        if calendar.synced_at is not None
    )
    return BusyAnswer(tuple(_covered(times, span)), sources)


def _covered(times: list[tuple[datetime, datetime]], span: Span) -> Iterator[Span]:
    """What the times cover of the span, in order; pairs, as there are many more than spans."""
    opens, closes = span.start, span.start
    for start, end in sorted(times):
        if end <= start:
            continue
        if start > closes:
            if opens < closes:
                yield Span(opens, closes)
            opens = start
        closes = max(closes, min(end, span.end))
    if opens < closes:
        yield Span(opens, closes)


def _read_live(
    calendars: Sequence[Calendar],
    span: Span,
    *,
    actor: Actor,
    reason: AccessReason,
    time_limit: timedelta,
    ignoring: frozenset[UUID],
) -> BusyAnswer:
    if not calendars:
        return BusyAnswer((), ())
    with ExitStack() as turns:
        reads = _open(
            calendars,
            turns,
            actor=actor,
            reason=reason,
            time_limit=time_limit,
            ignoring=ignoring,
        )
        found = _ask_all(reads, span, time_limit)
    as_of = timezone.now()
    sources = tuple(
        BusySource(calendar.pk, calendar.name, as_of, live=True)
        for read in reads
        for calendar in read.calendars
    )
    taken = [busy.span for busy in found]
    return BusyAnswer(tuple(intersect(taken, [span])) if taken else (), sources)


def _open(
    calendars: Sequence[Calendar],
    turns: ExitStack,
    *,
    actor: Actor,
    reason: AccessReason,
    time_limit: timedelta,
    ignoring: frozenset[UUID],
) -> list[_Read]:
    """Every turn and token first, in this thread: pool threads touch no table.

    Turns are taken in one order, so that no two readers wait for each other.
    """
    by_connection: dict[UUID, list[Calendar]] = {}
    for calendar in calendars:
        by_connection.setdefault(calendar.connection.pk, []).append(calendar)
    ignored = _remote_ids(calendars, ignoring)
    ends = time.monotonic() + time_limit.total_seconds()
    order = sorted(by_connection.values(), key=lambda rows: account_key(rows[0].connection))
    for mine in order:
        left = timedelta(seconds=max(ends - time.monotonic(), 0))
        turns.enter_context(turn_at(mine[0].connection, wait=left))
    reads = []
    for mine in by_connection.values():
        connection = mine[0].connection
        provider = open_account(
            connection,
            workspace=mine[0].workspace,
            actor=actor,
            reason=reason,
            total_time_limit=time_limit,
        )
        names = frozenset(name for one in mine for name in ignored.get(one.pk, ()))
        reads.append(_Read(connection, mine, provider, names))
    return reads


def _remote_ids(calendars: Sequence[Calendar], ignoring: frozenset[UUID]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = {}
    if ignoring:
        rows = Event.objects.filter(pk__in=ignoring, calendar__in=[one.pk for one in calendars])
        for calendar_id, remote_id in rows.values_list("calendar_id", "remote_id"):
            found.setdefault(calendar_id, []).append(remote_id)
    return found


def _ask_all(reads: list[_Read], span: Span, time_limit: timedelta) -> list[BusySpan]:
    """Every connection at once; the first error when any of them fails."""
    if len(reads) == 1:
        return _noted(reads[0], lambda: _ask(reads[0], span))
    futures = [_pool().submit(_ask, read, span) for read in reads]
    # Twice as long as the provider may take: whoever then waits for a free thread still has
    # waited enough.
    _, late = wait(futures, timeout=2 * time_limit.total_seconds())
    if late:
        for future in late:
            future.cancel()
        raise UpstreamUnavailable(_TOO_MUCH)
    found: list[BusySpan] = []
    errors: list[UpstreamError] = []
    for read, future in zip(reads, futures, strict=True):
        try:
            found += _noted(read, lambda: _asked(read, span, future))  # noqa: B023 -- called at once
        except UpstreamError as error:
            errors.append(error)
    if errors:
        raise errors[0]
    return found


def _asked(read: _Read, span: Span, future: Future[list[BusySpan]]) -> list[BusySpan]:
    """What the pool found. A refused token can be renewed in this thread only: asked again here."""
    try:
        return future.result()
    except ReconnectNeeded:
        return _ask(read, span)


def _ask(read: _Read, span: Span) -> list[BusySpan]:
    """One connection's answer, in its turn."""
    remotes = [mirror.as_remote(calendar) for calendar in read.calendars]
    return read.provider.busy(remotes, span, ignoring=read.ignoring)


def _noted(read: _Read, result: Callable[[], list[BusySpan]]) -> list[BusySpan]:
    """The result, and the connection says how it went."""
    try:
        found = result()
    except UpstreamError as error:
        note_failure(read.connection, error)
        raise
    note_success(read.connection)
    return found


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(WORKERS, thread_name_prefix="busy")


# Threads do not survive a fork.
os.register_at_fork(after_in_child=_pool.cache_clear)
