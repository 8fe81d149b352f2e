"""Whose turn it is: which messages are due, one worker's claim of one, its lease and its end."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from common.enums import OutboxState
from common.leases import extend_lease
from common.models import OutboxMessage
from common.outbox import lanes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet

logger = logging.getLogger(__name__)

# Renewed while the message is handled, so that it ends soon after its worker does.
LEASE: Final[timedelta] = settings.OUTBOX_LEASE
# Whatever hangs for longer than this is not waited for: its lease is renewed no more.
LONGEST_HANDLING: Final = timedelta(minutes=10)
# What is due later than this is an appointment: it has no place in its queue before its time.
APPOINTMENT: Final = timedelta(minutes=5)
# A message that goes on failing holds up what comes after it in its queue for that long.
HOLDS_UP: Final = timedelta(minutes=15)


def due_messages(now: datetime) -> QuerySet[OutboxMessage]:
    """Pending, due, unleased messages whose turn it is in their queue.

    Of one queue only one is handled at a time, and an older one goes before. One that is an
    appointment, or has been failing for a while, holds nobody up.
    """
    others = OutboxMessage.objects.filter(
        ordering_key=OuterRef("ordering_key"), state=OutboxState.PENDING
    ).exclude(pk=OuterRef("pk"))
    created_at = OuterRef("created_at")
    is_older = Q(created_at__lt=created_at) | Q(created_at=created_at, pk__lt=OuterRef("pk"))
    is_near = Q(due_at__lte=now + APPOINTMENT) | Q(attempts__gt=0)
    holds_up = Q(failing_since_at__isnull=True) | Q(failing_since_at__gt=now - HOLDS_UP)
    before = others.filter(Q(lease_until__gt=now) | (is_older & is_near & holds_up))
    return (
        OutboxMessage.objects.filter(state=OutboxState.PENDING, due_at__lte=now)
        .filter(Q(lease_until__isnull=True) | Q(lease_until__lte=now))
        .exclude(~Q(ordering_key="") & Exists(before))
    )


def claim(
    message_id: uuid.UUID, now: datetime, *, heeds_pauses: bool = True
) -> OutboxMessage | None:
    """Take the message's lease and count the attempt; None when it is not to be had now.

    Whose worker died with it is counted in `lost`. What waits for a receiver that hangs (see
    `common.outbox.lanes`) is not to be had either, unless that is not to be heeded.
    """
    rows = due_messages(now).filter(pk=message_id)
    paused = lanes.paused() if heeds_pauses else None
    if paused is not None:
        rows = rows.exclude(paused)
    with transaction.atomic():
        row = rows.select_for_update(skip_locked=True, of=("self",)).first()
        if row is None or not _is_alone(row, now):
            return None
        if row.lease_holder:
            row.lost += 1
        row.lease_holder, row.lease_until = uuid.uuid4().hex, now + LEASE
        row.attempts += 1
        row.save(update_fields=["lease_holder", "lease_until", "attempts", "lost", "updated_at"])
    return row


def _is_alone(row: OutboxMessage, now: datetime) -> bool:
    """Whether nobody else works on its queue; rivals for it take turns at its first row."""
    if not row.ordering_key:
        return True
    queue = OutboxMessage.objects.filter(ordering_key=row.ordering_key, state=OutboxState.PENDING)
    queue.order_by("created_at", "pk").select_for_update(of=("self",)).first()
    return not queue.filter(lease_until__gt=now).exclude(pk=row.pk).exists()


@contextmanager
def renewed(message: OutboxMessage) -> Iterator[None]:
    """Keep the message's lease for as long as the block runs, `LONGEST_HANDLING` at most."""
    is_done = threading.Event()
    keeper = threading.Thread(target=_renew, args=(message, is_done), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        is_done.set()
        keeper.join()


def _renew(message: OutboxMessage, is_done: threading.Event) -> None:
    ends = time.monotonic() + LONGEST_HANDLING.total_seconds()
    has_asked = False
    while not is_done.wait(LEASE.total_seconds() / 3) and time.monotonic() < ends:
        has_asked = True
        try:
            now, holder = timezone.now(), message.lease_holder
            if not extend_lease(message, holder, now=now, lasts=LEASE):
                break
        except (DatabaseError, InterfaceError):
            # It is asked again before the lease ends, by another connection: this one may be
            # dead. After that somebody else may take over.
            logger.warning("a lease was not renewed", extra={"kind": message.kind}, exc_info=False)
            connection.close()
    if has_asked:
        connection.close()


def close(
    message: OutboxMessage,
    state: OutboxState,
    *,
    due_at: datetime | None = None,
    failing_since_at: datetime | None = None,
    error: str = "",
    uncount: bool = False,
) -> bool:
    """Write the outcome; False when the lease ran out and somebody else took over."""
    changes: dict[str, Any] = {
        "state": state,
        "lease_holder": "",
        "lease_until": None,
        "last_error": error[:300],
        "failing_since_at": failing_since_at,
        "lost": 0,
    }
    if due_at is not None:
        changes["due_at"] = due_at
    if uncount:
        changes["attempts"] = message.attempts - 1
    if state == OutboxState.SENT:
        changes["sent_at"] = timezone.now()
    ours = OutboxMessage.objects.filter(pk=message.pk, lease_holder=message.lease_holder)
    is_ours = bool(ours.update(**changes))
    if not is_ours:
        logger.warning("a message was taken over meanwhile", extra={"kind": message.kind})
    return is_ours
