"""Notices from providers: believed when their secret fits, and answered by reading the changes."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone

from calendars import tasks
from calendars.models import Calendar, PushChannel
from calendars.providers.notices import NoticeKind
from calendars.services import sync
from common.secrets import hash_token

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from calendars.providers.notices import Notice

_NOBODY = hash_token("")
_NEWS = frozenset({NoticeKind.CHANGED, NoticeKind.MISSED, NoticeKind.ENDED})


def receive(*, provider: str, notices: Iterable[Notice]) -> int:
    """Follow the notices that are the provider's own; how many of them were.

    Only asks the workers: it never waits for a provider. An unknown channel, a wrong secret or
    another resource changes nothing, and which of them it was is not told.
    """
    accepted = 0
    for notice in notices:
        channel = _channel_of(notice, provider)
        if channel is not None:
            accepted += 1
            _follow(channel, notice.kind, timezone.now())
    return accepted


def _channel_of(notice: Notice, provider: str) -> PushChannel | None:
    """The channel, when the notice proves to come from where it was opened."""
    of_provider = Q(calendar__client_connection__provider=provider) | Q(
        calendar__user_connection__provider=provider
    )
    row = (
        PushChannel.objects.filter(of_provider, remote_id=notice.channel_remote_id)
        .select_related("calendar__client_connection", "calendar__user_connection")
        .first()
    )
    # Compared for an unknown channel too, and hashes only: the time it takes tells nothing.
    kept = row.secret_hash if row else _NOBODY
    fits = hmac.compare_digest(hash_token(notice.secret), kept) and bool(notice.secret)
    if row is None or not fits:
        return None
    named = notice.resource_remote_id
    if named and row.resource_remote_id and named != row.resource_remote_id:
        return None
    return row


def _follow(channel: PushChannel, kind: NoticeKind, now: datetime) -> None:
    calendar, connection = channel.calendar, channel.calendar.connection
    mine = Calendar.objects.filter(pk=calendar.pk)
    PushChannel.objects.filter(pk=channel.pk).update(last_notice_at=now)
    if kind == NoticeKind.ENDED:
        channel.delete()
        mine.update(push_until=None, push_tried_at=None)
    elif kind == NoticeKind.RENEW:
        # Nothing more may come before it is: until then the calendar is asked again.
        mine.update(push_until=now, push_tried_at=None)
    else:
        # A notice that arrives proves that they do.
        mine.filter(Q(push_until__isnull=True) | Q(push_until__lt=channel.expires_at)).update(
            push_until=channel.expires_at
        )
    if kind in _NEWS:
        mine.update(noticed_at=now)
        sync.kick(mine, now)
    if kind in {NoticeKind.ENDED, NoticeKind.RENEW}:
        tasks.start(tasks.tend_channels, connection.owner_kind, str(connection.pk))
