"""How often somebody may ask: counted on Django's cache, so it holds without Redis too."""

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

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` uses within each window of that length.

    `words` are for whoever had too many, `uncounted` for when nothing can be counted.
    """

    name: str
    most: int
    window: timedelta
    words: str = "That was asked for too often from here. Nothing was done. Try again later."
    uncounted: str = "This cannot be taken at this moment. Nothing was done. Try again soon."


# A count outlives its window a little, so that none ends between two looks at it.
_SLACK = timedelta(minutes=1)


# A limit and whose use it counts.
Use = tuple[Limit, str]


def use(limit: Limit, subject: str, now: datetime) -> None:
    """Count one use by that subject. Raises RateLimited when there were too many.

    Raises UpstreamUnavailable when nothing can be counted: limits do not vanish with the cache.
    """
    key, left = _key(limit, subject, now)
    with _counting(limit):
        number = _count(key, left)
    if number > limit.most:
        raise RateLimited(limit.words, retry_after=left)


def check(uses: Iterable[Use], now: datetime) -> None:
    """Raise RateLimited when a subject has none left; counts nothing.

    Raises UpstreamUnavailable when that cannot be known.
    """
    keys = [(limit, *_key(limit, subject, now)) for limit, subject in uses]
    if not keys:
        return
    with _counting(keys[0][0]):
        counted = cache.get_many([key for _, key, _ in keys])
    for limit, key, left in keys:
        if counted.get(key, 0) >= limit.most:
            raise RateLimited(limit.words, retry_after=left)


def note(uses: Iterable[Use], now: datetime) -> None:
    """Count uses that have already happened, if they can be counted."""
    try:
        for limit, subject in uses:
            with _counting(limit):
                _count(*_key(limit, subject, now))
    except UpstreamUnavailable:
        logger.warning("a use was not counted")


@contextmanager
def _counting(limit: Limit) -> Iterator[None]:
    try:
        yield
    except (DatabaseError, RedisError) as error:
        raise UpstreamUnavailable(limit.uncounted) from error


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
