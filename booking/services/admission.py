"""Who gets as far as booking: the block list and proved addresses, for page and API alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from booking.services.blocking import refuse_blocked
from booking.services.meetings import check_start
from booking.services.verification import require_proof

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from audit.actors import Actor
    from booking.models import BookingLink


def admit(
    *,
    link: BookingLink,
    start: datetime,
    duration: timedelta,
    email: str,
    submit_key: str,
    now: datetime,
    actor: Actor,
    code: str = "",
    wants_another: bool = False,
) -> None:
    """Return when this address (cleaned) may book the time now; `actor` says where it comes from.

    Raises BookerRefused, EmailUnproven while a code is to be typed, and RateLimited. No code is
    sent for a time that is gone: then what `check_start` raises.
    """
    address = actor.address
    refuse_blocked(workspace=link.workspace, email=email, address=address, now=now)
    if link.verifies_email and not code:
        check_start(link=link, start=start, duration=duration, now=now, actor=actor)
    require_proof(
        link=link,
        email=email,
        submit_key=submit_key,
        address=address,
        now=now,
        code=code,
        wants_another=wants_another,
    )
