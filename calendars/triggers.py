"""SQLite's net under promised time; PostgreSQL has the exclusion constraint."""

from __future__ import annotations

from common.triggers import Trigger

_OVERLAP = """
CREATE TRIGGER IF NOT EXISTS {name} BEFORE {event} ON holds
FOR EACH ROW WHEN EXISTS (
    SELECT 1 FROM holds h
    WHERE h.owner_id = NEW.owner_id AND h.id != NEW.id
      AND h.held_from < NEW.held_until AND NEW.held_from < h.held_until
)
BEGIN SELECT RAISE(ABORT, 'hold_no_overlap'); END
"""

HOLD_NO_OVERLAP = Trigger(
    name="hold_no_overlap",
    table="holds",
    create={
        "sqlite": (
            _OVERLAP.format(name="hold_no_overlap_insert", event="INSERT"),
            _OVERLAP.format(name="hold_no_overlap_update", event="UPDATE"),
        )
    },
    drop={
        "sqlite": (
            "DROP TRIGGER IF EXISTS hold_no_overlap_insert",
            "DROP TRIGGER IF EXISTS hold_no_overlap_update",
        )
    },
)
