"""Promised time: one table, and no two spans of one owner overlap in it, on either engine."""

from __future__ import annotations

from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value

from calendars.enums import HoldSource
from common.fields import PortableExclusionConstraint, UUIDModel
from workspaces.enums import OwnerKind


class TsTzRange(Func):
    """PostgreSQL's `tstzrange(from, until, '[)')`."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class Hold(UUIDModel):
    """A span of an owner's time that is promised, buffers included.

    A user's holds count in every workspace. On PostgreSQL the constraint keeps them apart, on
    SQLite a trigger (`calendars.triggers`); the method is the lock on the owner's row, these are
    the net.
    """

    owner_kind = models.CharField(max_length=8, choices=OwnerKind.choices)
    owner_id = models.UUIDField()
    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    held_from = models.DateTimeField()
    held_until = models.DateTimeField()
    source = models.CharField(max_length=16, choices=HoldSource.choices)

    class Meta:
        db_table = "holds"
        constraints = [
            models.CheckConstraint(
                condition=Q(held_until__gt=F("held_from")), name="hold_ends_after_start"
            ),
            PortableExclusionConstraint(
                name="hold_no_overlap",
                expressions=[
                    ("owner_id", RangeOperators.EQUAL),
                    (TsTzRange("held_from", "held_until", Value("[)")), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [models.Index(fields=["owner_id", "held_from"], name="hold_owner_from")]

    def __str__(self) -> str:
        return f"{self.source} {self.held_from:%Y-%m-%d %H:%M}"
