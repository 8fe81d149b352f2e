"""How often the public may ask for open times, codes and bookings."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext_noop

from common.limits import Limit, Use, spending, use

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

__all__ = [
    "ATTEMPTS_PER_ADDRESS",
    "BOOKINGS_PER_EMAIL",
    "GUESTS_PER_EMAIL",
    "HASTY_PER_ADDRESS",
    "LOOKS_PER_ADDRESS",
    "MANAGED_PER_ADDRESS",
    "MANAGED_PER_TOKEN",
    "TESTS_PER_MEMBER",
    "Limit",
    "Use",
    "booking_uses",
    "code_uses",
    "manage_uses",
    "spending",
    "use",
]

_BOOKED = gettext_noop("Too many bookings came from here. Nothing was booked. Try again later.")
_NO_BOOKING = gettext_noop(
    "No booking can be taken at this moment. Nothing was booked. Try again soon."
)
_CODES = gettext_noop(
    "Too many codes were asked for. None was sent now, and one that you have still holds. "
    "Try again later."
)
_LOOKS = gettext_noop("Open times were asked for too often from here. Try again in some minutes.")
_CHANGES = gettext_noop("This was changed too often. Nothing was changed now. Try again later.")


def _limit(name: str, most: int, window: timedelta, words: str = _BOOKED) -> Limit:
    return Limit(name, most, window, words=words, uncounted=_NO_BOOKING)


_TEN_MINUTES, _HOUR = timedelta(minutes=10), timedelta(hours=1)

ATTEMPTS_PER_ADDRESS = _limit("attempts-address", 600, _TEN_MINUTES)
BOOKINGS_PER_ADDRESS = _limit("bookings-address", 120, _HOUR)
BOOKINGS_PER_LINK = _limit("bookings-link", 200, _HOUR)
BOOKINGS_PER_EMAIL = _limit("bookings-email", 20, _HOUR)
# Whoever is named as a guest gets mails without having asked for one.
GUESTS_PER_EMAIL = _limit("guests-email", 20, _HOUR)
HASTY_PER_ADDRESS = _limit("hasty-address", 60, _HOUR)
# Painting times costs some milliseconds: five a second, from one address, for ten minutes. An
# office behind one address stays far below.
LOOKS_PER_ADDRESS = _limit("looks-address", 3_000, _TEN_MINUTES, _LOOKS)
# A mailbox that somebody else names gets few mails, and a code of six digits few guesses.
CODES_PER_EMAIL = _limit("codes-email", 6, _HOUR, _CODES)
CODES_PER_ADDRESS = _limit("codes-address", 60, _HOUR, _CODES)
CODES_PER_LINK = _limit("codes-link", 300, _HOUR, _CODES)
# Of a meeting's own page: each change mails somebody.
MANAGED_PER_TOKEN = _limit("managed-token", 30, _HOUR, _CHANGES)
MANAGED_PER_ADDRESS = _limit("managed-address", 300, _HOUR, _CHANGES)
# Mails that somebody sends to themself to see how they look.
TESTS_PER_MEMBER = Limit(
    "mail-tests",
    20,
    _HOUR,
    words="Too many tests were sent. None was sent now. Try again later.",
    uncounted="No test can be sent at this moment. Try again soon.",
)


def booking_uses(
    *, address: str, link_id: UUID, email: str, guests: Iterable[Mapping[str, str]] = ()
) -> list[Use]:
    """What one booking through the link counts as."""
    return [
        (BOOKINGS_PER_ADDRESS, address),
        (BOOKINGS_PER_LINK, str(link_id)),
        (BOOKINGS_PER_EMAIL, email),
        *((GUESTS_PER_EMAIL, guest["email"]) for guest in guests),
    ]


def code_uses(*, address: str, link_id: UUID, email: str) -> list[Use]:
    """What one mail with a code counts as."""
    return [
        (CODES_PER_EMAIL, email),
        (CODES_PER_ADDRESS, address),
        (CODES_PER_LINK, str(link_id)),
    ]


def manage_uses(
    *, address: str, token_hash: str, guests: Iterable[Mapping[str, str]] = ()
) -> list[Use]:
    """What one change from a meeting's own page counts as, with the `guests` it invites."""
    return [
        (MANAGED_PER_TOKEN, token_hash),
        (MANAGED_PER_ADDRESS, address),
        *((GUESTS_PER_EMAIL, guest["email"]) for guest in guests),
    ]
