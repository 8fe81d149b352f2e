"""What people chose for calendars whose account is disconnected, should it come back."""

from __future__ import annotations

from django.db import models

from calendars.enums import Hue
from common.fields import UUIDModel
from workspaces.enums import OwnerKind


class RememberedCalendar(UUIDModel):
    """One calendar as it was arranged: no token, no name and nothing of its events.

    `calendar_id` is the id it had with us and gets again, so that what points at its events (a
    meeting's own event, the calendar used last) finds them again.
    """

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    owner_kind = models.CharField(max_length=8, choices=OwnerKind.choices)
    owner_id = models.UUIDField()
    provider = models.CharField(max_length=16)
    account_remote_id = models.CharField(max_length=255)
    remote_id = models.CharField(max_length=1024)
    calendar_id = models.UUIDField()
    hue = models.CharField(max_length=8, choices=Hue.choices)
    is_shown = models.BooleanField()
    counts_as_busy = models.BooleanField()
    was_booking = models.BooleanField(
        default=False, help_text="Bookings were written to it until it was disconnected."
    )

    class Meta:
        db_table = "remembered_calendars"
        indexes = [
            models.Index(fields=["workspace", "owner_id", "provider"], name="remembered_account")
        ]

    def __str__(self) -> str:
        return f"{self.provider} calendar of {self.owner_kind} {self.owner_id}"
