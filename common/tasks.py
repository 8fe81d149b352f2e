"""Tasks of the outbox: a kick for one message, and the sweep."""

from __future__ import annotations

import uuid

from celery import shared_task
from django.utils import timezone

# What ends a task that sends mails. The last of them may be begun late (`delivery.SWEEP_FOR`, then
# a whole round of them) and take a minute at a slow server; cut off there, it would go out twice.
SOFT_LIMIT, HARD_LIMIT = 130, 160


@shared_task(
    name="common.deliver_outbox_message", soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT
)
def deliver_outbox_message(*message_ids: str) -> None:
    """Deliver these messages in turn, each if it is due and nobody else has it."""
    from common.outbox.delivery import deliver_in_turn  # noqa: PLC0415 -- leaf

    deliver_in_turn(map(uuid.UUID, message_ids))


@shared_task(name="common.sweep_outbox", soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def sweep_outbox() -> None:
    """Deliver everything that is due."""
    from common import outbox  # noqa: PLC0415 -- leaf

    outbox.sweep()


@shared_task(name="common.forget_old_messages")
def forget_old_messages() -> None:
    """Delete what was sent so long ago that nobody asks for it."""
    from common import outbox  # noqa: PLC0415 -- leaf

    outbox.forget_old(timezone.now())


@shared_task(name="common.forget_use_counts")
def forget_use_counts() -> None:
    """Delete what limits counted in windows that are over."""
    from common import limits  # noqa: PLC0415 -- leaf

    limits.forget_old(timezone.now())


@shared_task(name="common.forget_mail_traces")
def forget_mail_traces() -> None:
    """Delete what is known of mails of long ago, and of events that are sent no more."""
    from common import mail  # noqa: PLC0415 -- leaf

    mail.forget_old(timezone.now())
