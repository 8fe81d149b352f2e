"""Tasks of booking: what is due by the clock."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone


@shared_task(name="booking.forget_email_checks")
def forget_email_checks() -> None:
    """Delete proofs of addresses that help nobody any more."""
    from booking.services import verification  # noqa: PLC0415 -- leaf

    verification.forget_checks(timezone.now())


@shared_task(name="booking.expire_requests")
def expire_requests() -> None:
    """Decline the requests that nobody answered in time."""
    from booking.services import ending  # noqa: PLC0415 -- leaf

    ending.expire_requests(now=timezone.now())


@shared_task(name="booking.look_ahead")
def look_ahead() -> None:
    """Hand the reminders and follow-ups that are due to the outbox."""
    from booking.services import reminding  # noqa: PLC0415 -- leaf

    reminding.look_ahead(now=timezone.now())


@shared_task(name="booking.forget_incoming")
def forget_incoming() -> None:
    """Delete what is known of mails that came in, once it was kept long enough."""
    from booking.services import incoming  # noqa: PLC0415 -- leaf

    incoming.forget_old(timezone.now())
