"""Database triggers that keep a promise the tables alone cannot, on both engines.

Django rebuilds a SQLite table on many migrations and silently loses its triggers, so every
registered trigger is put back after each `migrate`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connections

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Trigger:
    """How to make and drop one promise, by database vendor."""

    name: str
    table: str
    create: dict[str, Sequence[str]] = field(default_factory=dict)
    drop: dict[str, Sequence[str]] = field(default_factory=dict)


_registered: dict[str, Trigger] = {}


def register(trigger: Trigger) -> None:
    """Have this trigger put back after every migrate."""
    _registered[trigger.name] = trigger


def create_all(using: str = "default") -> None:
    """Make every registered trigger whose table exists; harmless when it is there already."""
    connection = connections[using]
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        for trigger in _registered.values():
            if trigger.table in tables:
                for statement in trigger.create.get(connection.vendor, ()):
                    cursor.execute(statement)


def drop_all(using: str = "default") -> None:
    """Drop every registered trigger. Only the test runner's clean-up may do this."""
    connection = connections[using]
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        for trigger in _registered.values():
            if trigger.table in tables:
                for statement in trigger.drop.get(connection.vendor, ()):
                    cursor.execute(statement)


def after_migrate(sender: Any, using: str = "default", **kwargs: Any) -> None:
    """Receiver of Django's `post_migrate`."""
    create_all(using)
