"""How often the public may ask: counted on Django's cache, so it holds without Redis too.

`cache.incr` is a read and a write on the database cache, so rivals would slip through. Instead
each use takes a numbered ticket with `cache.add`, which lets exactly one caller have it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.cache import cache

from common.errors import RateLimited

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` uses within each window of that length."""

    name: str
    most: int
    window: timedelta


ATTEMPTS_PER_ADDRESS = Limit("attempts-address", 200, timedelta(minutes=10))
BOOKINGS_PER_ADDRESS = Limit("bookings-address", 60, timedelta(hours=1))
BOOKINGS_PER_LINK = Limit("bookings-link", 200, timedelta(hours=1))
BOOKINGS_PER_EMAIL = Limit("bookings-email", 20, timedelta(hours=1))
HASTY_PER_ADDRESS = Limit("hasty-address", 20, timedelta(hours=1))

_WORDS = "Too many bookings came from here. Nothing was booked. Try again later."


def use(limit: Limit, subject: str, now: datetime) -> None:
    """Count one use by that subject. Raises RateLimited when there were too many."""
    key, left = _key(limit, subject, now)
    seconds = max(1, int(left.total_seconds()))
    number = int(cache.get(key, 0))
    while number < limit.most:
        if cache.add(f"{key}:{number}", 1, seconds):
            cache.set(key, number + 1, seconds)
            return
        number += 1
    raise RateLimited(_WORDS, retry_after=left)


def check(limit: Limit, subject: str, now: datetime) -> None:
    """Raise RateLimited when the subject has none left; counts nothing."""
    key, left = _key(limit, subject, now)
    if int(cache.get(key, 0)) >= limit.most:
        raise RateLimited(_WORDS, retry_after=left)


def note(limit: Limit, subject: str, now: datetime) -> None:
    """Count one use that has already happened."""
    try:
        use(limit, subject, now)
    except RateLimited:
        return


def _key(limit: Limit, subject: str, now: datetime) -> tuple[str, timedelta]:
    """The window's cache key, and how long it still lasts. Addresses are not stored in clear."""
    length = limit.window.total_seconds()
    number, passed = divmod(now.timestamp(), length)
    folded = hashlib.sha256(subject.strip().lower().encode()).hexdigest()[:32]
    return f"limit:{limit.name}:{int(number)}:{folded}", timedelta(seconds=length - passed)
