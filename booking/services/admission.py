"""Who gets as far as booking: the block list and proved addresses, for page and API alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from booking.guests import clean_guests
from booking.services.blocking import refuse_blocked, refuse_blocked_guests
from booking.services.meetings import check_start
from booking.services.verification import require_proof

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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
    guests: Sequence[Mapping[str, str]] = (),
) -> None:
    """Return when this address (cleaned) may book the time now, and bring these guests along.

    `actor` says where the wish comes from. Raises InvalidInput naming a part of `guests`,
    BookerRefused, GuestsRefused, EmailUnproven while a code is to be typed, and RateLimited. No
    code is sent for a time that is gone: then what `check_start` raises.
    """
    address = actor.address
    refuse_blocked(workspace=link.workspace, email=email, address=address, now=now)
    invited = [guest["email"] for guest in clean_guests(guests, email)]
    refuse_blocked_guests(workspace=link.workspace, emails=invited, now=now)
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
