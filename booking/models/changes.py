"""What was done to meetings, by whom and when."""

from __future__ import annotations

from django.db import models

from booking.enums import ChangeKind, Party
from common.fields import UUIDModel
from workspaces.enums import OwnerKind


class MeetingChange(UUIDModel):
    """One change of one meeting, of either table; rows are only ever added.

    `name` is the doer's as people know them, `actor_id` their id where they have an account.
    `sequence` is the meeting's after the change. `was_*` is what stood before, `message` what the
    doer wrote to the others, and `reason` why a rule was set aside.
    """

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    owner_kind = models.CharField(max_length=8, choices=OwnerKind.choices)
    meeting_id = models.UUIDField()
    kind = models.CharField(max_length=12, choices=ChangeKind.choices)
    by = models.CharField(max_length=8, choices=Party.choices)
    name = models.CharField(max_length=320, blank=True, default="")
    actor_id = models.CharField(max_length=64, blank=True, default="")
    at = models.DateTimeField()
    sequence = models.PositiveIntegerField(default=0)
    was_start_at = models.DateTimeField(null=True, blank=True)
    was_end_at = models.DateTimeField(null=True, blank=True)
    was_owner_id = models.UUIDField(null=True, blank=True)
    was_owner_name = models.CharField(max_length=320, blank=True, default="")
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()
    message = models.TextField(blank=True, default="")
    reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        db_table = "meeting_changes"
        ordering = ["at", "sequence", "created_at"]
        indexes = [
            models.Index(fields=["meeting_id", "at"], name="meeting_change_meeting"),
            models.Index(fields=["workspace", "at"], name="meeting_change_ws_at"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"
