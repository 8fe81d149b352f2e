"""How often the public may ask: counted on Django's cache, so it holds without Redis too."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.cache import cache, caches
from django.core.cache.backends.db import DatabaseCache
from django.db import connection, transaction

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
BOOKINGS_PER_ADDRESS = Limit("bookings-address", 120, timedelta(hours=1))
BOOKINGS_PER_LINK = Limit("bookings-link", 200, timedelta(hours=1))
BOOKINGS_PER_EMAIL = Limit("bookings-email", 20, timedelta(hours=1))
HASTY_PER_ADDRESS = Limit("hasty-address", 60, timedelta(hours=1))

_WORDS = "Too many bookings came from here. Nothing was booked. Try again later."


def use(limit: Limit, subject: str, now: datetime) -> None:
    """Count one use by that subject. Raises RateLimited when there were too many."""
    key, left = _key(limit, subject, now)
    if _count(key, max(1, int(left.total_seconds()))) > limit.most:
        raise RateLimited(_WORDS, retry_after=left)


def check(limit: Limit, subject: str, now: datetime) -> None:
    """Raise RateLimited when the subject has none left; counts nothing."""
    key, left = _key(limit, subject, now)
    if int(cache.get(key, 0)) >= limit.most:
        raise RateLimited(_WORDS, retry_after=left)


def note(limit: Limit, subject: str, now: datetime) -> None:
    """Count one use that has already happened."""
    key, left = _key(limit, subject, now)
    _count(key, max(1, int(left.total_seconds())))


def _count(key: str, seconds: int) -> int:
    """Add one to the number under the key; what it is now. No two callers get the same number."""
    if not isinstance(caches["default"], DatabaseCache):
        cache.add(key, 0, seconds)
        return cache.incr(key)
    # On the database cache `incr` is a read and a write that rivals slip between, and it gives
    # the row a new life. SQLite's transactions exclude each other from their start.
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
        number = int(cache.get(key, 0)) + 1
        cache.set(key, number, seconds)
    return number


def _key(limit: Limit, subject: str, now: datetime) -> tuple[str, timedelta]:
    """The window's cache key, and how long it still lasts. Addresses are not stored in clear."""
    length = limit.window.total_seconds()
    number, passed = divmod(now.timestamp(), length)
    folded = hashlib.sha256(subject.strip().lower().encode()).hexdigest()[:32]
    return f"limit:{limit.name}:{int(number)}:{folded}", timedelta(seconds=length - passed)
