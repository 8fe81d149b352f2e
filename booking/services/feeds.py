"""Opening and closing an owner's calendar feed; each of it stands in the workspace's log."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse

from audit.actors import task_actor
from audit.enums import AccessReason, Outcome
from audit.models import OAuthTokenAccessLog
from audit.services import log
from booking.enums import FeedDetail, MessageKind
from booking.models import CalendarFeed
from calendars.access import may_manage
from common import outbox
from common.errors import Conflict, InvalidInput, NotFound
from common.secrets import Secret, hash_token
from workspaces.access import MAY_WORK, require_role

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from audit.actors import Actor
    from common.models import OutboxMessage
    from workspaces.models import Membership
    from workspaces.owners import Owner

_RIVAL: Final = (
    "Somebody else made an address in this moment. Nothing was changed by you. Look again."
)


@dataclass(frozen=True, slots=True)
class OpenedFeed:
    """A feed and the token of its address, which is known in this moment and never again."""

    feed: CalendarFeed
    token: Secret

    def url(self) -> str:
        """The whole address, for the one page that shows it."""
        path = reverse("booking:feed", args=[self.token.reveal()])
        return f"{settings.PUBLIC_URL}{path}"


def feed_of(owner: Owner) -> CalendarFeed | None:
    """The owner's open feed in this workspace."""
    return _open_feeds(owner).first()


def open_feed(
    *, owner: Owner, detail: str, by: Membership, actor: Actor, now: datetime
) -> OpenedFeed:
    """Make an address for the owner's meetings. One that was there is closed by it.

    Raises Forbidden, NotFound for an owner of somebody else's, InvalidInput naming `detail`,
    Conflict when a rival made one meanwhile. The log is written first, so never call it within a
    transaction.
    """
    _require_power(by, owner)
    if detail not in FeedDetail.values:
        raise InvalidInput("detail", "Choose what the calendar tells.")
    token = Secret(secrets.token_urlsafe(32))
    feed = CalendarFeed(
        workspace=owner.workspace,
        token_hash=hash_token(token.reveal()),
        detail=detail,
        opened_by_name=by.user.get_full_name(),
        **{f"{owner.kind.value}_id": owner.id},
    )
    former = feed_of(owner)
    entries = [_entry(feed, AccessReason.FEED_CREATE)]
    if former is not None:
        entries.insert(0, _entry(former, AccessReason.FEED_DELETE))
    log.append(workspace_id=owner.workspace.id, actor=actor, entries=entries, now=now)
    try:
        with transaction.atomic():
            if former is not None:
                _close(CalendarFeed.objects.filter(pk=former.pk), by, now)
            feed.save(force_insert=True)
    except IntegrityError:
        raise Conflict(_RIVAL) from None
    return OpenedFeed(feed, token)


def close_feed(*, owner: Owner, by: Membership, actor: Actor, now: datetime) -> bool:
    """Close the owner's address: from now on it finds nothing. False when there was none.

    Raises Forbidden, NotFound. Never call it within a transaction.
    """
    _require_power(by, owner)
    feed = feed_of(owner)
    if feed is None:
        return False
    entry = _entry(feed, AccessReason.FEED_DELETE)
    log.append(workspace_id=owner.workspace.id, actor=actor, entries=[entry], now=now)
    return _close(CalendarFeed.objects.filter(pk=feed.pk), by, now) > 0


def close_feeds_of_member(membership: Membership, now: datetime) -> None:
    """Close the member's own feed in the workspace, within the transaction that sees them off.

    Its row in the log, which no transaction may hold, follows from the outbox.
    """
    rows = CalendarFeed.objects.select_for_update().filter(
        workspace=membership.workspace_id, user=membership.user_id, closed_at__isnull=True
    )
    for feed in rows:
        feed.closed_at, feed.closed_by_name = now, "Left the workspace"
        feed.save(update_fields=["closed_at", "closed_by_name", "updated_at"])
        outbox.enqueue(
            kind=MessageKind.FEED_CLOSED,
            payload={"feed_id": str(feed.pk)},
            dedupe_key=f"feed_closed:{feed.pk}",
            workspace_id=feed.workspace_id,
        )


def handle_feed_closed(message: OutboxMessage) -> None:
    """The outbox's handler: the row in the log of a feed that closed as its member left."""
    feed = CalendarFeed.objects.filter(pk=UUID(message.payload["feed_id"])).first()
    if feed is None:
        return
    rows = OAuthTokenAccessLog.objects.filter(
        workspace_id=feed.workspace_id, connection_id=feed.pk, reason=AccessReason.FEED_DELETE
    )
    if rows.exists():
        return
    entry = _entry(feed, AccessReason.FEED_DELETE, why=", as its member left")
    log.append(
        workspace_id=feed.workspace_id,
        actor=task_actor(MessageKind.FEED_CLOSED.value),
        entries=[entry],
    )


def _require_power(by: Membership, owner: Owner) -> None:
    """Members decide about clients and about themselves."""
    require_role(by, MAY_WORK, "Auditors change no addresses.")
    if owner.workspace.id != by.workspace_id or not may_manage(by, owner.kind, owner.id):
        raise NotFound


def _open_feeds(owner: Owner) -> QuerySet[CalendarFeed]:
    return CalendarFeed.objects.filter(
        owner.filter_for(), workspace=owner.workspace, closed_at__isnull=True
    )


def _close(rows: QuerySet[CalendarFeed], by: Membership, now: datetime) -> int:
    name = by.user.get_full_name()
    return rows.filter(closed_at__isnull=True).update(closed_at=now, closed_by_name=name)


def _entry(feed: CalendarFeed, reason: AccessReason, *, why: str = "") -> log.Entry:
    return log.Entry(
        connection_id=feed.pk,
        connection_email="",
        provider="",
        reason=reason,
        outcome=Outcome.GRANTED,
        target=f"feed {feed.pk}, {FeedDetail(feed.detail).label.lower()}{why}",
    )
