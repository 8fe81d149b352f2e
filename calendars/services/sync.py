"""When the mirror is filled: one run reads calendars of one connection, with one token."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone

from audit.actors import task_actor
from audit.enums import AccessReason, ConnectionState
from calendars import tasks
from calendars.models import Calendar, Event
from calendars.owners import connection_field, connection_model, connection_models, manager_of
from calendars.providers.registry import provider_class
from calendars.queries import calendars_visible_to
from calendars.services import copying, due, listing
from calendars.services.accounts import opened
from calendars.services.turns import NoTurn
from common.errors import RateLimited, ReconnectNeeded, UpstreamError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from audit.actors import Actor
    from calendars.models import CalendarConnectionBase
    from calendars.providers.base import CalendarProvider
    from calendars.queries import VisibleCalendar
    from common.spans import Span
    from workspaces.models import Membership

logger = logging.getLogger(__name__)

TOMBSTONES_KEPT: Final = timedelta(days=90)
# Where a provider says "too many" and not for how long.
PAUSE: Final = timedelta(seconds=60)
# A subscription that could not be read is tried again sooner than a good one.
FAILED_RESTS: Final = timedelta(minutes=10)
MOST_AT_ONCE: Final = 500


def sync_connection(
    *,
    connection: CalendarConnectionBase,
    actor: Actor,
    now: datetime,
    calendar_ids: Sequence[UUID] | None = None,
    time_limit: timedelta | None = None,
    anew: bool = False,
) -> bool:
    """Bring the connection's calendars up to date, or those named; one run, one log row.

    Without names the account's list of calendars is read first. A calendar that another run is
    at is left to it, one whose provider asked for a pause is left alone; when that is all of
    those named, or as many runs are at the account as may be, no token is opened. `anew` reads
    the windows whole. What could not be read is said on its row; raises the first such
    UpstreamError. False when all was left to others.
    """
    calendars = _of(connection).filter(due.may_be_asked(now))
    kind = provider_class(connection.provider)
    # What has one calendar for ever has no list of them to read before it.
    lists = calendar_ids is None and not (kind.is_single and _of(connection).exists())
    if calendar_ids is not None:
        calendars = calendars.filter(pk__in=calendar_ids)
    if not lists and (not _has_room(connection) or not calendars.filter(_free()).exists()):
        return False
    rests = kind.rests
    try:
        with opened(
            connection,
            workspace=connection.workspace,
            actor=actor,
            reason=AccessReason.EVENTS_SYNC,
            total_time_limit=time_limit,
            first=settings.SYNC_PER_ACCOUNT,
        ) as provider:
            if lists:
                listing.refresh_calendars(connection, provider.list_calendars(), now)
            _copy_all(provider, calendars, now, anew=anew)
            learnt = provider.learnt_calendars()
            if learnt and not lists:
                listing.refresh_calendars(connection, learnt, now)
    except NoTurn:
        return False
    except UpstreamError as error:
        # Calendars that were not reached are no more up to date than those that failed.
        calendars.filter(Q(sync_tried_at__isnull=True) | Q(sync_tried_at__lt=now)).update(
            sync_error=error.message[:300], sync_tried_at=now
        )
        if isinstance(error, RateLimited):
            _pause(connection, error.retry_after or PAUSE)
        elif rests:
            _pause(connection, min(rests, FAILED_RESTS))
        raise
    if rests:
        _pause(connection, rests)
    return True


def _copy_all(
    provider: CalendarProvider, calendars: Iterable[Calendar], now: datetime, *, anew: bool
) -> None:
    """One after the other; the first error is raised when all were tried, or none may be."""
    first: UpstreamError | None = None
    for calendar in calendars:
        error = copying.copy_calendar(provider, calendar, now, anew=anew)
        first = first or error
        if isinstance(error, (RateLimited, ReconnectNeeded)):
            break
    if first is not None:
        raise first


def _pause(connection: CalendarConnectionBase, wait: timedelta) -> None:
    """Leave the account alone for that long, and a little longer, each calendar its own while."""
    now = timezone.now()
    for calendar in _of(connection):
        own = timedelta(seconds=calendar.pk.int % 10)
        Calendar.objects.filter(pk=calendar.pk).update(sync_after=now + wait + own)


def _free() -> Q:
    now = timezone.now()
    return Q(lease_until__isnull=True) | Q(lease_until__lte=now)


def _has_room(connection: CalendarConnectionBase) -> bool:
    """Whether fewer runs are at the account than providers bear beside people's own requests."""
    most: int = settings.SYNC_PER_ACCOUNT
    return _of(connection).exclude(_free()).count() < most


def fetch_span(
    *,
    calendars: Sequence[Calendar],
    span: Span,
    actor: Actor,
    time_limit: timedelta | None = None,
) -> None:
    """Copy a span outside the mirror's window, for a reader who asks; of one connection.

    Raises UpstreamError.
    """
    connection = calendars[0].connection
    with opened(
        connection,
        workspace=calendars[0].workspace,
        actor=actor,
        reason=AccessReason.EVENTS_LIST,
        total_time_limit=time_limit,
    ) as provider:
        for calendar in calendars:
            copying.copy_span(provider, calendar, span)


def refresh_stale_calendars(membership: Membership, *, older_than: timedelta) -> int:
    """Have the shown calendars of the workspace synced whose copy is older; how many.

    Only asks the workers: it never waits for a provider.
    """
    return refresh_stale(calendars_visible_to(membership), older_than=older_than)


def refresh_stale(calendars: Iterable[VisibleCalendar], *, older_than: timedelta) -> int:
    """The same for calendars that were read already; no query when none is stale."""
    now = timezone.now()
    stale = [
        one.calendar.pk
        for one in calendars
        if one.calendar.is_shown and due.is_due(one.calendar, now, older_than)
    ]
    return kick(Calendar.objects.filter(pk__in=stale), now) if stale else 0


def refresh_calendar(calendar_id: UUID) -> None:
    """Have one calendar synced by a worker."""
    kick(Calendar.objects.filter(pk=calendar_id), timezone.now())


def refresh_account(connection: CalendarConnectionBase) -> None:
    """Have the account's list of calendars and all of them read again by a worker."""
    tasks.start(tasks.sync_connection, connection.owner_kind, str(connection.pk), None)


def sync_due_calendars() -> int:
    """Have every calendar synced that nobody looked at for a while; how many.

    Forgets the tombstones whose time is over, too.
    """
    now = timezone.now()
    forget_tombstones(now)
    # Those that nobody may read would stand first for ever, and leave no room for the others.
    active = Q(client_connection__state=ConnectionState.ACTIVE)
    active |= Q(user_connection__state=ConnectionState.ACTIVE)
    rows = Calendar.objects.filter(active, due.maybe_due(now)).order_by("sync_tried_at")
    ids = [row.pk for row in rows if due.is_due_for_beat(row, now)]
    return kick(Calendar.objects.filter(pk__in=ids[:MOST_AT_ONCE]), now, whole=True)


def forget_tombstones(now: datetime) -> None:
    """Forget what was deleted 90 days ago, but for deleted occurrences that a rule would revive."""
    old = Event.objects.filter(deleted_at__lt=now - TOMBSTONES_KEPT)
    old.exclude(is_exception=True, original_start_at__gt=now - copying.BEFORE).delete()


def kick(calendars: QuerySet[Calendar], now: datetime, *, whole: bool = False) -> int:
    """Ask the workers for one run per connection of these calendars; how many calendars.

    A `whole` run reads the account's list of calendars too, and every calendar in it.
    """
    asked_for = calendars.filter(due.may_be_asked(now))
    rows = list(asked_for.values_list("pk", "client_connection", "user_connection")[:MOST_AT_ONCE])
    kinds = _readable({client or user for _, client, user in rows})
    runs: dict[UUID, list[str]] = {}
    for calendar_id, client, user in rows:
        if (client or user) in kinds:
            runs.setdefault(client or user, []).append(str(calendar_id))
    asked = [calendar_id for ids in runs.values() for calendar_id in ids]
    # Noted when asked for, so that the next look a moment later does not ask again.
    Calendar.objects.filter(pk__in=asked).update(sync_tried_at=now)
    for connection_id, ids in runs.items():
        named = None if whole else ids
        tasks.start(tasks.sync_connection, kinds[connection_id], str(connection_id), named)
    return len(asked)


def run(*, kind: str, connection_id: UUID, calendar_ids: Sequence[UUID] | None) -> None:
    """What a worker does: one run. Its failure is said on the rows, so it raises nothing."""
    connection = manager_of(connection_model(kind)).filter(pk=connection_id).first()
    if connection is None or connection.state != ConnectionState.ACTIVE:
        return
    try:
        was_run = sync_connection(
            connection=connection,
            actor=task_actor("calendars.sync_connection"),
            now=timezone.now(),
            calendar_ids=calendar_ids,
        )
    except UpstreamError as error:
        logger.info("calendars could not be read", extra={"code": error.code})
    except IntegrityError:
        if manager_of(connection_model(kind)).filter(pk=connection_id).exists():
            raise
        logger.info("the account was disconnected while it was read")
    else:
        # Who found no room must not ask for another run, which would find none either: those that
        # are at it ask when they are through, and the beat where they are of another workspace.
        if was_run:
            _kick_noticed(connection)


def _kick_noticed(connection: CalendarConnectionBase) -> None:
    """A notice that came while the account had no room for another run is still to be followed."""
    waiting = [row.pk for row in _of(connection) if row.has_notice and not row.sync_error]
    if waiting:
        kick(Calendar.objects.filter(_free(), pk__in=waiting), timezone.now())


def _readable(ids: set[UUID]) -> dict[UUID, str]:
    """The kind of each of these connections that is active."""
    found: dict[UUID, str] = {}
    for model in connection_models():
        rows = manager_of(model).filter(pk__in=ids, state=ConnectionState.ACTIVE)
        found |= {row.pk: row.owner_kind for row in rows}
    return found


def _of(connection: CalendarConnectionBase) -> QuerySet[Calendar]:
    of_connection: dict[str, Any] = {connection_field(connection.owner_kind): connection}
    return Calendar.objects.filter(**of_connection, gone_at__isnull=True)
