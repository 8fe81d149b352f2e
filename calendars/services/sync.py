"""When the mirror is filled: one run reads calendars of one connection, with one token."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone

from audit.actors import task_actor
from audit.enums import AccessReason, ConnectionState
from calendars import tasks
from calendars.models import Calendar, Event
from calendars.owners import connection_field, connection_model, connection_models, manager_of
from calendars.queries import calendars_visible_to
from calendars.services import copying, listing
from calendars.services.accounts import opened
from common.errors import UpstreamError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from audit.actors import Actor
    from calendars.models import CalendarConnectionBase
    from calendars.queries import VisibleCalendar
    from common.spans import Span
    from workspaces.models import Membership

logger = logging.getLogger(__name__)

SYNC_EVERY: Final = timedelta(minutes=10)
RETRY_EVERY: Final = timedelta(seconds=30)
TOMBSTONES_KEPT: Final = timedelta(days=90)
MOST_AT_ONCE: Final = 500


def sync_connection(
    *,
    connection: CalendarConnectionBase,
    actor: Actor,
    now: datetime,
    calendar_ids: Sequence[UUID] | None = None,
    time_limit: timedelta | None = None,
) -> None:
    """Bring the connection's calendars up to date, or those named; one run, one log row.

    Without names the account's list of calendars is read first. A calendar that another run is
    at is left to it. What could not be read is said on its row; raises the first such
    UpstreamError when all has been tried.
    """
    calendars = _of(connection)
    if calendar_ids is not None:
        calendars = calendars.filter(pk__in=calendar_ids)
    try:
        with opened(
            connection, actor=actor, reason=AccessReason.EVENTS_SYNC, total_time_limit=time_limit
        ) as provider:
            if calendar_ids is None:
                listing.refresh_calendars(connection, provider.list_calendars(), now)
            tried = [copying.copy_calendar(provider, calendar, now) for calendar in calendars]
            for error in tried:
                if error is not None:
                    raise error
    except UpstreamError as error:
        # Calendars that were not reached are no more up to date than those that failed.
        calendars.filter(Q(sync_tried_at__isnull=True) | Q(sync_tried_at__lt=now)).update(
            sync_error=error.message[:300], sync_tried_at=now
        )
        raise


def fetch_span(*, calendars: Sequence[Calendar], span: Span, actor: Actor) -> None:
    """Copy a span outside the mirror's window, for a reader who asks; of one connection.

    Raises UpstreamError.
    """
    connection = calendars[0].connection
    with opened(connection, actor=actor, reason=AccessReason.EVENTS_LIST) as provider:
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
        if one.calendar.is_shown and _is_due(one.calendar, now, older_than)
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
    Event.objects.filter(deleted_at__lt=now - TOMBSTONES_KEPT).delete()
    due = Calendar.objects.filter(_not_tried_since(now - SYNC_EVERY), gone_at__isnull=True)
    return kick(due, now, whole=True)


def kick(calendars: QuerySet[Calendar], now: datetime, *, whole: bool = False) -> int:
    """Ask the workers for one run per connection of these calendars; how many calendars.

    A `whole` run reads the account's list of calendars too, and every calendar in it.
    """
    rows = list(calendars.values_list("pk", "client_connection", "user_connection")[:MOST_AT_ONCE])
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
        sync_connection(
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


def _is_due(calendar: Calendar, now: datetime, older_than: timedelta) -> bool:
    """A calendar that could not be read is left alone for longer: it may be a quota."""
    tried = calendar.sync_tried_at
    wait = max(older_than, RETRY_EVERY) if calendar.sync_error else older_than
    return tried is None or tried < now - wait


def _not_tried_since(before: datetime) -> Q:
    return Q(sync_tried_at__isnull=True) | Q(sync_tried_at__lt=before)


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
