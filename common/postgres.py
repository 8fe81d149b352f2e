"""Instants read from PostgreSQL in one step.

Django derives its loader from psycopg's pure Python one, so that the driver's compiled loader is
never used: every timestamp costs a regular expression and four datetimes, more than the rest of
its row. A full week page reads two thousand of them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db.backends.signals import connection_created
from psycopg.types.datetime import TimestamptzLoader

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


class UtcLoader(TimestamptzLoader):
    """`2026-11-19 14:30:00.5+00` as an aware datetime in UTC, as Django's own loader has it."""

    # By this Django sees that the loader does what it would have its own do.
    timezone = UTC

    def load(self, data: Any) -> datetime:
        try:
            return _instant(bytes(data))
        except ValueError:
            # Infinity and years of five digits: the usual way raises what there is to raise.
            return super().load(data)


@lru_cache(8192)
def _instant(text: bytes) -> datetime:
    """Kept, because events begin and end at full quarters: a week's two thousand are few."""
    moment = datetime.fromisoformat(str(text, "ascii"))
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def read_instants_fast() -> None:
    """Have every connection to PostgreSQL that is made from now on use `UtcLoader`."""
    connection_created.connect(_register, dispatch_uid="common.postgres")


def _register(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    if connection.vendor == "postgresql" and connection.timezone == UTC:
        connection.connection.adapters.register_loader("timestamptz", UtcLoader)
