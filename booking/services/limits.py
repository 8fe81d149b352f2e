"""How often the public may ask: counted on Django's cache, so it holds without Redis too."""

from __future__ import annotations

import hashlib
import ipaddress
import logging
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.cache import cache, caches
from django.core.cache.backends.db import DatabaseCache
from django.db import DatabaseError, connection, transaction
from redis.exceptions import RedisError

from common.errors import RateLimited, UpstreamUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from uuid import UUID

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` uses within each window of that length."""

    name: str
    most: int
    window: timedelta


ATTEMPTS_PER_ADDRESS = Limit("attempts-address", 600, timedelta(minutes=10))
BOOKINGS_PER_ADDRESS = Limit("bookings-address", 120, timedelta(hours=1))
BOOKINGS_PER_LINK = Limit("bookings-link", 200, timedelta(hours=1))
BOOKINGS_PER_EMAIL = Limit("bookings-email", 20, timedelta(hours=1))
HASTY_PER_ADDRESS = Limit("hasty-address", 60, timedelta(hours=1))

# A count outlives its window a little, so that none ends between two looks at it.
_SLACK = timedelta(minutes=1)
_WORDS = "Too many bookings came from here. Nothing was booked. Try again later."
_UNCOUNTED_WORDS = "No booking can be taken at this moment. Nothing was booked. Try again soon."


# A limit and whose use it counts.
Use = tuple[Limit, str]


def booking_uses(*, address: str, link_id: UUID, email: str) -> list[Use]:
    """What one booking through the link counts as."""
    return [
        (BOOKINGS_PER_ADDRESS, address),
        (BOOKINGS_PER_LINK, str(link_id)),
        (BOOKINGS_PER_EMAIL, email),
    ]


def use(limit: Limit, subject: str, now: datetime) -> None:
    """Count one use by that subject. Raises RateLimited when there were too many.

    Raises UpstreamUnavailable when nothing can be counted: limits do not vanish with the cache.
    """
    key, left = _key(limit, subject, now)
    with _counting():
        number = _count(key, left)
    if number > limit.most:
        raise RateLimited(_WORDS, retry_after=left)


def check(uses: Iterable[Use], now: datetime) -> None:
    """Raise RateLimited when a subject has none left; counts nothing.

    Raises UpstreamUnavailable when that cannot be known.
    """
    keys = [(limit, *_key(limit, subject, now)) for limit, subject in uses]
    with _counting():
        counted = cache.get_many([key for _, key, _ in keys])
    for limit, key, left in keys:
        if counted.get(key, 0) >= limit.most:
            raise RateLimited(_WORDS, retry_after=left)


def note(uses: Iterable[Use], now: datetime) -> None:
    """Count uses that have already happened, if they can be counted."""
    try:
        with _counting():
            for limit, subject in uses:
                _count(*_key(limit, subject, now))
    except UpstreamUnavailable:
        logger.warning("a booking was not counted")


@contextmanager
def _counting() -> Iterator[None]:
    try:
        yield
    except (DatabaseError, RedisError) as error:
        raise UpstreamUnavailable(_UNCOUNTED_WORDS) from error


def _count(key: str, left: timedelta) -> int:
    """Add one to the number under the key; what it is now. No two callers get the same number."""
    seconds = int((left + _SLACK).total_seconds())
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
    folded = hashlib.sha256(_whose(subject).encode()).hexdigest()[:32]
    return f"limit:{limit.name}:{int(number)}:{folded}", timedelta(seconds=length - passed)


def _whose(subject: str) -> str:
    """One name for what one person has many of: IPv6 addresses of a network, tags of a mailbox."""
    name = subject.strip().lower()
    user, at, domain = name.rpartition("@")
    if at:
        return f"{user.partition('+')[0]}@{domain}"
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name
    if address.version == 4:
        return name
    return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))
