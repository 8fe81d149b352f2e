"""Against abuse: addresses that were proved, bookers refused, bookings undone at once."""

from __future__ import annotations

from django.db import models

from booking.enums import BlockKind
from common.fields import UUIDModel


class EmailCheck(UUIDModel):
    """A code on its way to an address, for one form of one link; nothing of what was typed.

    The code itself is nowhere: it is derived from this row and the secret key (`booking.tokens`).
    `submit_key` is the form's, so that what is proved here serves one meeting only.
    """

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    link = models.ForeignKey("booking.BookingLink", on_delete=models.CASCADE, related_name="+")
    submit_key = models.CharField(max_length=64, editable=False)
    email = models.EmailField(max_length=320)
    language = models.CharField(max_length=16, blank=True, default="")
    round = models.PositiveSmallIntegerField(default=1, help_text="Which code this is.")
    sent = models.PositiveSmallIntegerField(default=0, help_text="How many mails were asked for.")
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    expires_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "email_checks"
        constraints = [
            models.UniqueConstraint(fields=["submit_key", "email"], name="email_check_once")
        ]
        indexes = [models.Index(fields=["created_at"], name="email_check_age")]

    def __str__(self) -> str:
        return str(self.id)


class BookingBlock(UUIDModel):
    """Who cannot book with the workspace: a mailbox, a domain with those below it, or a network.

    `value` is canonical: see `booking.services.blocking`. `added_by` is a name, kept when the
    member leaves.
    """

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="booking_blocks"
    )
    kind = models.CharField(max_length=8, choices=BlockKind.choices)
    value = models.CharField(max_length=320)
    reason = models.CharField(max_length=300, blank=True, default="")
    added_by = models.CharField(max_length=320)
    ends_on = models.DateField(null=True, blank=True, help_text="The last day it holds.")

    class Meta:
        db_table = "booking_blocks"
        ordering = ["kind", "value"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "kind", "value"], name="booking_block_once"
            )
        ]

    def __str__(self) -> str:
        return self.value


class BulkCancellation(UUIDModel):
    """Many meetings called off together: which, by whom, how far it has come.

    `rules` says which (see `booking.services.bulk`). It is worked off in turns by the outbox, so
    that it goes on where a process died.
    """

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    asked_by_id = models.UUIDField()
    asked_by = models.CharField(max_length=320)
    rules = models.JSONField(default=dict)
    words = models.CharField(max_length=200, help_text="Which meetings, for people.")
    message = models.TextField(blank=True, default="", max_length=2000)
    tells_guests = models.BooleanField(default=True)
    found = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    failed = models.JSONField(default=dict)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "bulk_cancellations"

    def __str__(self) -> str:
        return self.words
