"""Logging what a headquarters reads, each look in the chain of the branch it looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.enums import AccessReason, Outcome
from audit.models import MirrorReadMark
from audit.services.log import MIRROR_READ_EVERY, append, entry_for
from common.secrets import hash_token

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from audit.actors import Actor
    from audit.models import ConnectionBase


def log_watching(
    *,
    reads: Mapping[UUID, Sequence[ConnectionBase]],
    actor: Actor,
    session_key: str,
    week_on: date,
    now: datetime,
) -> int:
    """Log that this session read these connections' week, by the branch they belong to.

    One row per session, connection and week in ten minutes, one batch for each branch; while
    nothing is due it costs one query whatever the number of branches. How many rows. Two looks in
    the same moment may both be logged: the marks follow the rows, never the other way round.
    """
    session_hash = hash_token(f"headquarters:{session_key}")
    recent = set(
        MirrorReadMark.objects.filter(
            session_hash=session_hash,
            week_on=week_on,
            connection_id__in=[one.pk for connections in reads.values() for one in connections],
            logged_at__gt=now - MIRROR_READ_EVERY,
        ).values_list("connection_id", flat=True)
    )
    logged: list[UUID] = []
    for workspace_id, connections in reads.items():
        due = [one for one in connections if one.pk not in recent]
        if due:
            target = f"headquarters, week {week_on}"
            entries = [
                entry_for(one, AccessReason.EVENTS_LIST, Outcome.MIRROR, target) for one in due
            ]
            append(workspace_id=workspace_id, actor=actor, entries=entries, now=now)
            logged += [one.pk for one in due]
    marks = [
        MirrorReadMark(session_hash=session_hash, connection_id=pk, week_on=week_on, logged_at=now)
        for pk in logged
    ]
    MirrorReadMark.objects.bulk_create(
        marks,
        update_conflicts=True,
        unique_fields=["session_hash", "connection_id", "week_on"],
        update_fields=["logged_at"],
    )
    return len(logged)
