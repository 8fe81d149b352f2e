"""The outbox, everything that must leave the house after a commit; what became of each mail; and
what limits have counted.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from common.enums import MailState, OutboxState
from common.fields import LeasedModel, UUIDModel
from common.ids import ordered_id


class OutboxMessage(UUIDModel, LeasedModel):
    """One thing to do outside: its kind names the handler, its payload holds ids only.

    `ordering_key` keeps messages about one thing in order, and lets no two of them be handled at
    once. `dedupe_key` makes enqueueing twice harmless and is passed on to receivers that take an
    idempotency key. `about_id` is what the message is looked for by. `failing_since_at` is when
    the first of its failures was since it last got a start, and `lost` how many workers died with
    it meanwhile.
    """

    # Written in one transaction, two can be of one microsecond: the id says which comes first.
    id = models.UUIDField(primary_key=True, default=ordered_id, editable=False)
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
    about_id = models.UUIDField(null=True, blank=True)
    failing_since_at = models.DateTimeField(null=True, blank=True)
    lost = models.PositiveSmallIntegerField(default=0, db_default=0)

    class Meta:
        db_table = "outbox_messages"
        indexes = [
            models.Index(fields=["state", "due_at"], name="outbox_due"),
            models.Index(fields=["ordering_key", "created_at"], name="outbox_order"),
            models.Index(
                fields=["about_id"], name="outbox_about", condition=Q(about_id__isnull=False)
            ),
            models.Index(
                fields=["workspace_id"],
                name="outbox_failed",
                condition=Q(state=OutboxState.FAILED),
            ),
        ]
        verbose_name = "outbox message"

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def is_failing(self) -> bool:
        """Whether it has failed and is tried again."""
        return self.state == OutboxState.PENDING and self.failing_since_at is not None


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


class SentMail(UUIDModel):
    """One mail of ours and what became of it; neither its subject nor its text is kept.

    `key_digest` names the statement the mail makes, whoever tries to send it and how often.
    `about_kind` and `about_id` say what it is about, such as a meeting. `remote_id` is the mail
    service's name for it. `begun_at` is when it was first tried: what is made anew for another
    try takes its stamps from there. `digest` is a keyed hash of what was tried last,
    `accepted_at` when the first server took it, `refusals` how often one said no. Trouble is
    told by an outbox message of `problem_kind`, none where that is blank, and is shown until
    somebody dismissed it.
    """

    kind = models.CharField(max_length=64)
    workspace_id = models.UUIDField(null=True, blank=True)
    about_kind = models.CharField(max_length=32, blank=True, default="")
    about_id = models.UUIDField(null=True, blank=True)
    recipient = models.CharField(max_length=320, blank=True, default="")
    key_digest = models.CharField(max_length=64, unique=True)
    message_id = models.CharField(max_length=320, unique=True)
    remote_id = models.CharField(max_length=128, blank=True, default="")
    state = models.CharField(max_length=16, choices=MailState.choices, default=MailState.SENDING)
    state_at = models.DateTimeField(default=timezone.now)
    detail = models.CharField(max_length=300, blank=True, default="")
    problem_kind = models.CharField(max_length=64, blank=True, default="")
    begun_at = models.DateTimeField(default=timezone.now)
    accepted_at = models.DateTimeField(null=True, blank=True)
    digest = models.CharField(max_length=64, blank=True, default="")
    refusals = models.PositiveSmallIntegerField(default=0)
    dismissed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "sent_mails"
        indexes = [
            models.Index(fields=["about_id", "created_at"], name="sent_mail_about"),
            models.Index(
                fields=["remote_id"], name="sent_mail_remote", condition=~models.Q(remote_id="")
            ),
            models.Index(fields=["workspace_id", "state"], name="sent_mail_state"),
            models.Index(fields=["created_at"], name="sent_mail_age"),
        ]
        verbose_name = "sent mail"

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class SeenEvent(models.Model):
    """An event that a service has told us of: told again, it is not acted on again."""

    event_id = models.CharField(max_length=128, primary_key=True)
    seen_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        db_table = "seen_events"

    def __str__(self) -> str:
        return self.event_id
