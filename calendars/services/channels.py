"""Push channels: opened, renewed before they end, and closed when nobody needs them any more."""

from __future__ import annotations

import logging
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from audit.enums import AccessReason, ConnectionState
from calendars import tasks
from calendars.models import Calendar, CalendarConnectionBase, PushChannel
from calendars.owners import connection_field, connection_model, manager_of
from calendars.providers.base import ChannelWish, Feature, RemoteChannel
from calendars.providers.registry import provider_class
from calendars.services import mirror, sync
from calendars.services.accounts import opened
from common.errors import DomainError, RateLimited, ReconnectNeeded, UpstreamError
from common.secrets import hash_token

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from audit.actors import Actor
    from audit.models import ConnectionBase
    from calendars.providers.base import CalendarProvider

logger = logging.getLogger(__name__)

RENEW_BEFORE: Final = timedelta(hours=24)
# A calendar that cannot be watched (holidays, say) is asked about again now and then.
RETRY_EVERY: Final = timedelta(hours=6)
# How long a channel lives for us until the provider has said for how long.
PROVISIONAL: Final = timedelta(minutes=10)
CLOSE_LIMIT: Final = timedelta(seconds=4)
# Read by somebody, or deciding when its owner is busy: the others need no channel.
_NEEDED: Final = Q(is_shown=True) | Q(counts_as_busy=True)


def start_tending(now: datetime) -> int:
    """Have every connection tended that has a channel to open, to renew or to close; how many."""
    if not settings.PUSH_ENABLED:
        return 0
    due = Calendar.objects.filter(_lacks_push(now), gone_at__isnull=True)
    useless = Q(channels__expires_at__lt=now) | (Q(channels__isnull=False) & ~_NEEDED)
    rows = Calendar.objects.filter(Q(pk__in=due.values("pk")) | useless)
    asked: set[tuple[str, UUID]] = set()
    for calendar in rows.select_related("client_connection", "user_connection").distinct():
        connection = calendar.connection
        if connection.state == ConnectionState.ACTIVE and _can_push(connection):
            asked.add((connection.owner_kind, connection.pk))
    for kind, connection_id in asked:
        tasks.start(tasks.tend_channels, kind, str(connection_id))
    return len(asked)


def tend(*, kind: str, connection_id: UUID, actor: Actor, now: datetime) -> None:
    """What a worker does: open what is missing, renew what ends soon, close what is not needed.

    A new channel is there before the old one is closed. One token, one log row; nothing when there
    is nothing to do. What the provider refuses is tried again hours later, so it raises nothing.
    """
    connection = manager_of(connection_model(kind)).filter(pk=connection_id).first()
    if connection is None or connection.state != ConnectionState.ACTIVE:
        return
    if not settings.PUSH_ENABLED or not _can_push(connection):
        return
    _of(connection).filter(expires_at__lt=now - PROVISIONAL).delete()
    calendars = _calendars(connection)
    lacking = list(calendars.filter(_lacks_push(now)))
    if not lacking and not _surplus(connection):
        return
    try:
        with opened(
            connection, workspace=connection.workspace, actor=actor, reason=AccessReason.WATCH
        ) as provider:
            for calendar in lacking:
                _open(provider, calendar, now)
            _close(provider, _surplus(connection))
    except UpstreamError as error:
        logger.info("channels could not be tended", extra={"code": error.code})


def close_all(*, connection: ConnectionBase, actor: Actor) -> None:
    """Close the connection's channels before its tokens are erased, as far as that can be done.

    One that cannot be closed ends by itself within days, and its notices are not believed. An
    account without calendars has none.
    """
    if not isinstance(connection, CalendarConnectionBase):
        return
    channels = list(_of(connection))
    if channels:
        try:
            with opened(
                connection,
                workspace=connection.workspace,
                actor=actor,
                reason=AccessReason.WATCH,
                total_time_limit=CLOSE_LIMIT,
            ) as provider:
                _close(provider, channels)
        except DomainError as error:
            logger.info("channels could not be closed", extra={"error": type(error).__name__})
        _of(connection).delete()
    _calendars(connection).update(push_until=None, push_tried_at=None)


def _can_push(connection: CalendarConnectionBase) -> bool:
    return Feature.PUSH in provider_class(connection.provider).features


def _lacks_push(now: datetime) -> Q:
    ends_soon = Q(push_until__isnull=True) | Q(push_until__lt=now + RENEW_BEFORE)
    renewable = Q(push_tried_at__isnull=True) | Q(push_tried_at__lt=now - RETRY_EVERY)
    return _NEEDED & ends_soon & renewable


def _calendars(connection: CalendarConnectionBase) -> QuerySet[Calendar]:
    of_connection: dict[str, Any] = {connection_field(connection.owner_kind): connection}
    return Calendar.objects.filter(**of_connection, gone_at__isnull=True)


def _of(connection: CalendarConnectionBase) -> QuerySet[PushChannel]:
    field = connection_field(connection.owner_kind)
    of_connection: dict[str, Any] = {f"calendar__{field}": connection}
    return PushChannel.objects.filter(**of_connection)


def _surplus(connection: CalendarConnectionBase) -> list[PushChannel]:
    """All channels but the newest of each calendar that needs one."""
    needed = set(_calendars(connection).filter(_NEEDED).values_list("pk", flat=True))
    surplus, newest = [], set()
    for channel in _of(connection).order_by("-created_at"):
        if channel.calendar_id in needed and channel.calendar_id not in newest:
            newest.add(channel.calendar_id)
        else:
            surplus.append(channel)
    return surplus


def _open(provider: CalendarProvider, calendar: Calendar, now: datetime) -> None:
    """Open a channel. The row is there first: the provider may call while it is being asked."""
    secret = secrets.token_urlsafe(32)
    row = PushChannel(
        calendar=calendar, secret_hash=hash_token(secret), expires_at=now + PROVISIONAL
    )
    row.remote_id = str(row.pk)
    row.save()
    wish = ChannelWish(
        channel_id=str(row.pk),
        address=f"{settings.PUBLIC_URL}/{provider.hook}",
        secret=secret,
        lifecycle_address=f"{settings.PUBLIC_URL}/{provider.lifecycle_hook}"
        if provider.lifecycle_hook
        else "",
    )
    mine = Calendar.objects.filter(pk=calendar.pk)
    mine.update(push_tried_at=now)
    try:
        channel = provider.watch(mirror.as_remote(calendar), wish)
    except UpstreamError as error:
        row.delete()
        if isinstance(error, (RateLimited, ReconnectNeeded)):
            raise
        logger.info("a calendar cannot be watched", extra={"code": error.code})
        return
    PushChannel.objects.filter(pk=row.pk).update(
        remote_id=channel.remote_id,
        resource_remote_id=channel.resource_remote_id,
        expires_at=channel.expires_at,
    )
    row.refresh_from_db(fields=["last_notice_at"])
    if channel.is_proven or row.last_notice_at is not None:
        mine.update(push_until=channel.expires_at)
    # What changed before the channel was open is told by nobody.
    sync.kick(mine, timezone.now())


def _close(provider: CalendarProvider, channels: Iterable[PushChannel]) -> None:
    """Close them at the provider; one that cannot be closed now is tried again."""
    first: UpstreamError | None = None
    for channel in channels:
        named = RemoteChannel(channel.remote_id, channel.resource_remote_id, channel.expires_at)
        try:
            provider.unwatch(named)
        except UpstreamError as error:
            first = first or error
        else:
            channel.delete()
            _forget_push(channel.calendar_id)
    if first is not None:
        raise first


def _forget_push(calendar_id: UUID) -> None:
    if not PushChannel.objects.filter(calendar=calendar_id).exists():
        Calendar.objects.filter(pk=calendar_id).update(push_until=None)


def next_renewal(calendars: Sequence[Calendar], now: datetime) -> datetime | None:
    """When the first channel of these will be renewed; None without push."""
    ends = [one.push_until for one in calendars if one.push_until and one.is_pushed(now)]
    return min(ends) - RENEW_BEFORE if ends else None
