"""States of things that leave the house."""

from __future__ import annotations

from django.db import models


class OutboxState(models.TextChoices):
    PENDING = "pending", "Waiting"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "No longer needed"


class MailState(models.TextChoices):
    """What is known of a mail: `SENDING` until the first server on its way took or refused it,
    or until something newer was said in its place.
    """

    SENDING = "sending", "Being sent"
    OUTRUN = "outrun", "No longer needed"
    SENT = "sent", "Sent"
    DELAYED = "delayed", "Delayed"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Refused"
    BOUNCED = "bounced", "Came back"
    COMPLAINED = "complained", "Reported as spam"


# What its owner has to know of: the mail has not reached anybody, or not yet, or nobody wants it.
MAIL_TROUBLE = (MailState.DELAYED, MailState.FAILED, MailState.BOUNCED, MailState.COMPLAINED)
