"""Events for a reader: from the mirror, and as good as it can be had when a provider fails."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings

from audit.services.log import log_mirror_reads
from calendars.queries import events_between
from calendars.services import due, sync
from common.errors import UpstreamError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from audit.actors import Actor
    from calendars.models import Calendar, CalendarConnectionBase
    from calendars.queries import SeenEvent, VisibleCalendar
    from common.spans import Span
    from workspaces.models import Membership

logger = logging.getLogger(__name__)

STALE_AFTER: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Listing:
    """Events, and since when they may be out of date.

    `is_stale` says that a calendar's last copy failed or is over a minute old; `as_of` is the
    oldest copy among them all, None when one was never copied.
    """

    events: list[SeenEvent]
    is_stale: bool
    as_of: datetime | None


def list_events_best_effort(
    *,
    membership: Membership,
    calendars: Sequence[VisibleCalendar],
    span: Span,
    actor: Actor,
    session_key: str,
    now: datetime,
) -> Listing:
    """What the member may see of these calendars; never raises for a provider.

    A calendar that was never copied is read now, and so is a span outside the mirror; what
    cannot be read is left out. Old copies are renewed by workers. Reading the mirror is logged.
    """
    read = _read_missing(calendars, span, actor, now)
    sync.refresh_stale(calendars, older_than=STALE_AFTER)
    copied = {one.connection.pk: one.connection for one in calendars}
    log_reading(
        membership=membership,
        actor=actor,
        session_key=session_key,
        connections=[row for key, row in copied.items() if key not in read],
        span=span,
        now=now,
    )
    stale = [one for one in calendars if one.is_stale or _is_old(one.calendar, now)]
    synced = [one.calendar.synced_at for one in calendars]
    known = [moment for moment in synced if moment is not None]
    return Listing(
        events=events_between(membership, span, calendars=calendars),
        is_stale=bool(stale),
        as_of=min(known) if known and len(known) == len(synced) else None,
    )


def log_reading(
    *,
    membership: Membership,
    actor: Actor,
    session_key: str,
    connections: Sequence[CalendarConnectionBase],
    span: Span,
    now: datetime,
) -> None:
    """Log that these connections' events were read from the mirror, at most once in ten minutes."""
    first = span.start.astimezone(UTC).date()
    if connections:
        log_mirror_reads(
            workspace_id=membership.workspace_id,
            actor=actor,
            session_key=session_key,
            connections=connections,
            week_on=first - timedelta(days=first.weekday()),
            now=now,
        )


def _read_missing(
    calendars: Sequence[VisibleCalendar], span: Span, actor: Actor, now: datetime
) -> set[UUID]:
    """Read what the mirror cannot have; the connections that were asked."""
    asked: dict[UUID, list[Calendar]] = {}
    for one in calendars:
        calendar = one.calendar
        # After a failure nobody waits for it in vain again: a worker tries on.
        wanted = not _holds(calendar, span) and not _is_left_alone(calendar, now)
        if one.connection.is_active and wanted:
            asked.setdefault(one.connection.pk, []).append(calendar)
    for mine in asked.values():
        try:
            _read(mine, span, actor, now)
        except UpstreamError as error:
            logger.info("events could not be read", extra={"code": error.code})
    return set(asked)


def _read(calendars: list[Calendar], span: Span, actor: Actor, now: datetime) -> None:
    limit = settings.PROVIDER_PAINT_TIMEOUT
    new = [calendar for calendar in calendars if calendar.synced_at is None]
    if new:
        sync.sync_connection(
            connection=new[0].connection,
            actor=actor,
            now=now,
            calendar_ids=[calendar.pk for calendar in new],
            time_limit=limit,
        )
        for calendar in new:
            calendar.refresh_from_db()
    beyond = [calendar for calendar in calendars if not _holds(calendar, span)]
    if beyond:
        sync.fetch_span(calendars=beyond, span=span, actor=actor, time_limit=limit)


def _is_left_alone(calendar: Calendar, now: datetime) -> bool:
    """Whether its provider failed a moment ago, or asked for a while without requests."""
    if calendar.sync_after is not None and calendar.sync_after > now:
        return True
    tried = calendar.sync_tried_at
    return bool(calendar.sync_error) and tried is not None and tried > now - due.RETRY_EVERY


def _holds(calendar: Calendar, span: Span) -> bool:
    """Whether the copy is of a window that the span lies in."""
    begins, ends = calendar.window_from, calendar.window_until
    if calendar.synced_at is None or begins is None or ends is None:
        return False
    return begins <= span.start and span.end <= ends


def _is_old(calendar: Calendar, now: datetime) -> bool:
    return not calendar.is_fresh(now, STALE_AFTER)
