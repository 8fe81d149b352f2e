"""How often the public may ask for bookings."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from common.limits import Limit, Use, check, note, use

if TYPE_CHECKING:
    from uuid import UUID

__all__ = [
    "ATTEMPTS_PER_ADDRESS",
    "BOOKINGS_PER_EMAIL",
    "HASTY_PER_ADDRESS",
    "Limit",
    "booking_uses",
    "check",
    "note",
    "use",
]


def _limit(name: str, most: int, window: timedelta) -> Limit:
    return Limit(
        name,
        most,
        window,
        words="Too many bookings came from here. Nothing was booked. Try again later.",
        uncounted="No booking can be taken at this moment. Nothing was booked. Try again soon.",
    )


ATTEMPTS_PER_ADDRESS = _limit("attempts-address", 600, timedelta(minutes=10))
BOOKINGS_PER_ADDRESS = _limit("bookings-address", 120, timedelta(hours=1))
BOOKINGS_PER_LINK = _limit("bookings-link", 200, timedelta(hours=1))
BOOKINGS_PER_EMAIL = _limit("bookings-email", 20, timedelta(hours=1))
HASTY_PER_ADDRESS = _limit("hasty-address", 60, timedelta(hours=1))


def booking_uses(*, address: str, link_id: UUID, email: str) -> list[Use]:
    """What one booking through the link counts as."""
    return [
        (BOOKINGS_PER_ADDRESS, address),
        (BOOKINGS_PER_LINK, str(link_id)),
        (BOOKINGS_PER_EMAIL, email),
    ]
