"""The outbox, everything that must leave the house after a commit; and what limits have counted."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from common.enums import OutboxState
from common.fields import LeasedModel, UUIDModel


class OutboxMessage(UUIDModel, LeasedModel):
    """One thing to do outside: its kind names the handler, its payload holds ids only.

    `ordering_key` keeps messages about one thing in order: a message is not claimed while an
    older one with the same key is pending. `dedupe_key` makes enqueueing twice harmless and is
    passed on to receivers that take an idempotency key.
    """

    kind = models.CharField(max_length=64)
    workspace_id = models.UUIDField(null=True, blank=True)
    payload = models.JSONField(default=dict)
    dedupe_key = models.CharField(max_length=200, unique=True)
    ordering_key = models.CharField(max_length=200, blank=True, default="")
    state = models.CharField(
        max_length=16, choices=OutboxState.choices, default=OutboxState.PENDING
    )
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        db_table = "outbox_messages"
        indexes = [
            models.Index(fields=["state", "due_at"], name="outbox_due"),
            models.Index(fields=["ordering_key", "created_at"], name="outbox_order"),
        ]
        verbose_name = "outbox message"

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class UseCount(models.Model):
    """How often one subject used one limit within one window, where no Redis counts.

    `key` names limit, window and a digest of the subject; nobody looks at it after `ends_at`.
    """

    key = models.CharField(max_length=120, primary_key=True)
    number = models.IntegerField(default=0)
    ends_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "use_counts"

    def __str__(self) -> str:
        return self.key
