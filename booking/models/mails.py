"""What workspaces and readers decide about mails."""

from __future__ import annotations

from django.db import models

from booking.enums import TextKind
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


class MailText(UUIDModel):
    """A workspace's own words for one kind of mail in one language; a blank one means ours."""

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    kind = models.CharField(max_length=16, choices=TextKind.choices)
    language = models.CharField(max_length=8)
    subject = models.CharField(max_length=150, blank=True, default="")
    opening = models.TextField(max_length=1000, blank=True, default="")

    class Meta:
        db_table = "mail_texts"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "kind", "language"], name="mail_text_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} in {self.language}"


class MailSender(UUIDModel):
    """The name a workspace's mails to bookers come from, and what stands below their text."""

    workspace = models.OneToOneField(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    name = models.CharField(max_length=60, blank=True, default="")
    signature = models.TextField(max_length=600, blank=True, default="")

    class Meta:
        db_table = "mail_senders"

    def __str__(self) -> str:
        return self.name


class MailTextChange(UUIDModel):
    """Who changed which words of a workspace's mails, and what stood there before; only added to.

    Of sender and signature the kind is blank.
    """

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    kind = models.CharField(max_length=16, choices=TextKind.choices, blank=True, default="")
    language = models.CharField(max_length=8, blank=True, default="")
    by_name = models.CharField(max_length=320)
    was_subject = models.CharField(max_length=150, blank=True, default="")
    was_opening = models.TextField(blank=True, default="")

    class Meta:
        db_table = "mail_text_changes"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.kind} by {self.by_name}"
