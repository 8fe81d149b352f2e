"""Leases: what must not happen twice at once across processes.

A lease is a committed, conditional UPDATE of `lease_holder, lease_until`. It is never a lock held
over a network call, and it ends by itself when its holder dies.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db.models import Q

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from common.fields import LeasedModel


def take_lease(row: LeasedModel, *, now: datetime, lasts: timedelta) -> str | None:
    """Try to take the row's lease; the holder's name, or None when someone else has it."""
    holder = uuid.uuid4().hex
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    taken = (
        type(row)
        ._default_manager.filter(free, pk=row.pk)
        .update(lease_holder=holder, lease_until=now + lasts)
    )
    return holder if taken else None


def extend_lease(row: LeasedModel, holder: str, *, now: datetime, lasts: timedelta) -> bool:
    """Keep the lease for longer; False when it is no longer ours."""
    mine = type(row)._default_manager.filter(pk=row.pk, lease_holder=holder)
    return bool(mine.update(lease_until=now + lasts))


def drop_lease(row: LeasedModel, holder: str) -> bool:
    """Give the lease back; False when it was no longer ours."""
    dropped = (
        type(row)
        ._default_manager.filter(pk=row.pk, lease_holder=holder)
        .update(lease_holder="", lease_until=None)
    )
    return bool(dropped)
