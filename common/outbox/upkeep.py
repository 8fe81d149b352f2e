"""How the outbox does, in figures; and forgetting what was sent long ago."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Count, Min, Q

from common.enums import OutboxState
from common.models import OutboxMessage

logger = logging.getLogger(__name__)

_A_BATCH: Final = 1000
_MOST_BATCHES: Final = 50


@dataclass(frozen=True, slots=True)
class Figures:
    """One kind of message: how many wait, how many of them are due and since when, and how many
    failed for good.
    """

    kind: str
    waiting: int
    due: int
    oldest: timedelta
    failed: int


def figures(now: datetime) -> list[Figures]:
    """Each kind that has messages waiting or failed, by name."""
    is_due = Q(state=OutboxState.PENDING, due_at__lte=now)
    rows = (
        OutboxMessage.objects.filter(state__in=(OutboxState.PENDING, OutboxState.FAILED))
        .values("kind")
        .annotate(
            waiting=Count("pk", filter=Q(state=OutboxState.PENDING)),
            due=Count("pk", filter=is_due),
            first=Min("due_at", filter=is_due),
            failed=Count("pk", filter=Q(state=OutboxState.FAILED)),
        )
        .order_by("kind")
    )
    return [
        Figures(
            kind=row["kind"],
            waiting=row["waiting"],
            due=row["due"],
            oldest=now - row["first"] if row["first"] else timedelta(0),
            failed=row["failed"],
        )
        for row in rows
    ]


def forget_old(now: datetime) -> int:
    """Delete what was sent or put aside `OUTBOX_KEEP` ago; how many. What failed stays.

    Small batches, so that nothing waits for them. Nobody has a key again after that time but by
    asking for something anew (`docs/decisions/0034-undelivered.md`).
    """
    before = now - settings.OUTBOX_KEEP
    old = OutboxMessage.objects.filter(
        Q(sent_at__isnull=True) | Q(sent_at__lt=before),
        state__in=(OutboxState.SENT, OutboxState.CANCELLED),
        due_at__lt=before,
    )
    forgotten = 0
    for _ in range(_MOST_BATCHES):
        batch = list(old.order_by().values_list("pk", flat=True)[:_A_BATCH])
        if not batch:
            break
        forgotten += OutboxMessage.objects.filter(pk__in=batch).delete()[0]
    return forgotten
