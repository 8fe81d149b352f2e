"""The append-only, hash-chained log of every use of a token: one chain per workspace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from audit.chain import GENESIS, hash_of
from audit.enums import AccessReason, Outcome
from audit.models import AuditChainHead, MirrorReadMark, OAuthTokenAccessLog
from common.secrets import hash_token

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from audit.actors import Actor
    from audit.models import ConnectionBase

MIRROR_READ_EVERY = timedelta(minutes=10)
MARKS_KEPT = timedelta(days=1)
# Old marks, of every workspace, are thrown away once in so many rows.
FORGET_EVERY = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be written of one use."""

    connection_id: UUID
    connection_email: str
    provider: str
    reason: str
    outcome: Outcome
    target: str = ""


def entry_for(connection: ConnectionBase, reason: str, outcome: Outcome, target: str = "") -> Entry:
    """An entry about this connection."""
    return Entry(
        connection_id=connection.pk,
        connection_email=connection.connected_email,
        provider=connection.provider,
        reason=str(reason),
        outcome=outcome,
        target=target[:255],
    )


def append(
    *, workspace_id: UUID, actor: Actor, entries: Sequence[Entry], now: datetime | None = None
) -> list[OAuthTokenAccessLog]:
    """Write the entries as the next links of the workspace's chain, durably.

    Raises RuntimeError inside another transaction: a log row must never be rolled back, and no
    provider is called inside one.
    """
    with transaction.atomic(durable=True):
        head = _locked_head(workspace_id)
        return _append(head, actor, entries, now or timezone.now())


def _append(
    head: AuditChainHead, actor: Actor, entries: Sequence[Entry], now: datetime
) -> list[OAuthTokenAccessLog]:
    rows = []
    for entry in entries:
        row = OAuthTokenAccessLog(
            workspace_id=head.workspace_id,
            seq=head.seq + 1,
            actor_kind=actor.kind,
            actor_id=actor.id[:64],
            actor_name=actor.name[:320],
            connection_id=entry.connection_id,
            connection_email=entry.connection_email,
            provider=entry.provider,
            reason=entry.reason,
            target=entry.target,
            outcome=entry.outcome,
            request_id=actor.request_id[:64],
            address=actor.address[:45],
            at=now,
            previous_hash=head.hash,
        )
        row.hash = hash_of(row)
        head.seq, head.hash = row.seq, row.hash
        rows.append(row)
    if len(rows) == 1:
        # Nearly always, and in two thirds of the time.
        rows[0].save(force_insert=True)
    else:
        OAuthTokenAccessLog.objects.bulk_create(rows)
    head.save(update_fields=["seq", "hash"])
    return rows


def _locked_head(workspace_id: UUID) -> AuditChainHead:
    locked = AuditChainHead.objects.select_for_update()
    try:
        return locked.get(pk=workspace_id)
    except AuditChainHead.DoesNotExist:
        AuditChainHead.objects.bulk_create(
            [AuditChainHead(workspace_id=workspace_id, seq=0, hash=GENESIS)], ignore_conflicts=True
        )
        return locked.get(pk=workspace_id)


def weeks_to_log(
    *,
    session_key: str,
    connections: Sequence[ConnectionBase],
    weeks: Sequence[date],
    now: datetime,
) -> list[date]:
    """Those of the weeks for which `log_mirror_reads` has something to write; one query for all.

    It looks again itself, so that asking here first only saves it from looking in vain.
    """
    wanted = {connection.pk for connection in connections}
    recent = MirrorReadMark.objects.filter(
        session_hash=hash_token(session_key),
        week_on__in=weeks,
        connection_id__in=wanted,
        logged_at__gt=now - MIRROR_READ_EVERY,
    )
    logged: dict[date, set[UUID]] = {}
    for week_on, connection_id in recent.values_list("week_on", "connection_id"):
        logged.setdefault(week_on, set()).add(connection_id)
    return [week_on for week_on in weeks if logged.get(week_on, set()) != wanted]


def log_mirror_reads(
    *,
    workspace_id: UUID,
    actor: Actor,
    session_key: str,
    connections: Sequence[ConnectionBase],
    week_on: date,
    now: datetime,
) -> int:
    """Log that this session read these connections' week from the mirror; how many rows.

    One row per session, connection and week in ten minutes, decided here. Nothing is unsealed.
    """
    session_hash = hash_token(session_key)

    def not_logged() -> list[ConnectionBase]:
        recent = set(
            MirrorReadMark.objects.filter(
                session_hash=session_hash,
                week_on=week_on,
                connection_id__in=[connection.pk for connection in connections],
                logged_at__gt=now - MIRROR_READ_EVERY,
            ).values_list("connection_id", flat=True)
        )
        return [connection for connection in connections if connection.pk not in recent]

    if not not_logged():
        return 0
    with transaction.atomic(durable=True):
        # A page asks several times at once: who waited here for the chain looks again.
        head = _locked_head(workspace_id)
        due = not_logged()
        if not due:
            return 0
        marks = [
            MirrorReadMark(
                session_hash=session_hash,
                connection_id=connection.pk,
                week_on=week_on,
                logged_at=now,
            )
            for connection in due
        ]
        entries = [
            entry_for(connection, AccessReason.EVENTS_LIST, Outcome.MIRROR, f"week {week_on}")
            for connection in due
        ]
        MirrorReadMark.objects.bulk_create(
            marks,
            update_conflicts=True,
            unique_fields=["session_hash", "connection_id", "week_on"],
            update_fields=["logged_at"],
        )
        rows = _append(head, actor, entries, now)
    if rows[-1].seq % FORGET_EVERY < len(rows):
        MirrorReadMark.objects.filter(logged_at__lt=now - MARKS_KEPT).delete()
    return len(rows)
