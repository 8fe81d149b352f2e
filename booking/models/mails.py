"""What workspaces and readers decide about mails."""

from __future__ import annotations

from django.db import models

from common.fields import UUIDModel


class MailStop(UUIDModel):
    """An address that wants no reminders and follow-ups of a workspace; only its keyed hash."""

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    address_hash = models.CharField(max_length=64, editable=False)

    class Meta:
        db_table = "mail_stops"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "address_hash"], name="mail_stop_once")
        ]

    def __str__(self) -> str:
        return f"stopped at {self.created_at:%Y-%m-%d %H:%M}"
