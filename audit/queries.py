"""Reading the log, and proving that nothing in it was changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

from audit.chain import GENESIS, hash_of
from audit.models import AuditChainHead, OAuthTokenAccessLog

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet


@dataclass(frozen=True, slots=True)
class ChainReport:
    """The outcome of a check. `broken_seq` is the first row that does not fit; None when whole."""

    workspace_id: UUID
    rows: int
    broken_seq: int | None = None
    problem: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether every row fits and none is missing at the end."""
        return self.broken_seq is None


def last_seq(workspace_id: UUID) -> int:
    """How many rows the workspace's chain has, by its head."""
    head = AuditChainHead.objects.filter(pk=workspace_id).values_list("seq", flat=True).first()
    return head or 0


def verify_chain(workspace_id: UUID) -> ChainReport:
    """Recompute the workspace's chain from its first row to its head.

    The log may be written to meanwhile: rows that came since are read before the head is judged.
    """
    previous, count, reached = GENESIS, 0, 0
    while True:
        rows = OAuthTokenAccessLog.objects.filter(workspace_id=workspace_id, seq__gt=count)
        for row in rows.order_by("seq").iterator(chunk_size=2000):
            expected = count + 1
            if row.seq != expected:
                return ChainReport(workspace_id, count, expected, "a row is missing")
            if row.previous_hash != previous:
                problem = "it does not follow the row before"
                return ChainReport(workspace_id, count, row.seq, problem)
            if hash_of(row) != row.hash:
                return ChainReport(workspace_id, count, row.seq, "its content was changed")
            previous, count = row.hash, expected
        head = AuditChainHead.objects.filter(pk=workspace_id).first()
        told = (head.seq, head.hash) if head is not None else (0, GENESIS)
        if told == (count, previous):
            return ChainReport(workspace_id, count)
        if told[0] <= count or count < reached:
            return ChainReport(workspace_id, count, count + 1, "rows are missing at the end")
        reached = told[0]


@dataclass(frozen=True, slots=True)
class LoggedConnection:
    """A connection the log speaks of, as it was called then."""

    id: UUID
    email: str
    provider: str


def connections_in_log(workspace_id: UUID) -> list[LoggedConnection]:
    """Every connection the workspace's log names, those that are gone too, by e-mail."""
    rows = (
        OAuthTokenAccessLog.objects.filter(workspace_id=workspace_id)
        .order_by("connection_email", "connection_id")
        .values_list("connection_id", "connection_email", "provider")
        .distinct()
    )
    # An account that changed its address is one connection under its latest name in the order.
    return list({row[0]: LoggedConnection(*row) for row in rows}.values())


def log_rows(
    workspace_id: UUID,
    *,
    connection_id: UUID | None = None,
    actor: str = "",
    reasons: Collection[str] = (),
    outcomes: Collection[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    before_seq: int | None = None,
) -> QuerySet[OAuthTokenAccessLog]:
    """The workspace's rows, newest first, narrowed by what is given; an empty one narrows not."""
    rows = OAuthTokenAccessLog.objects.filter(workspace_id=workspace_id).order_by("-seq")
    if connection_id is not None:
        rows = rows.filter(connection_id=connection_id)
    if actor:
        rows = rows.filter(Q(actor_name__icontains=actor) | Q(actor_id__istartswith=actor))
    if reasons:
        rows = rows.filter(reason__in=reasons)
    if outcomes:
        rows = rows.filter(outcome__in=outcomes)
    if before_seq is not None:
        rows = rows.filter(seq__lt=before_seq)
    if since is not None:
        rows = rows.filter(at__gte=since)
    if until is not None:
        rows = rows.filter(at__lt=until)
    return rows
