"""How often somebody may ask: counted by Redis; in a table of the database without it, or while it
is away.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from django.core.cache import cache, caches
from django.core.cache.backends.db import DatabaseCache
from django.db import DatabaseError, connection
from django.utils.translation import gettext
from redis.exceptions import RedisError

from common.errors import DomainError, RateLimited, UpstreamUnavailable
from common.mailboxes import mailbox_of
from common.models import UseCount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

logger = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` uses within each window of that length.

    `words` are for whoever had too many, `uncounted` for when nothing can be counted; both in
    English, and said in the language spoken then.
    """

    name: str
    most: int
    window: timedelta
    words: str = "That was asked for too often from here. Nothing was done. Try again later."
    uncounted: str = "This cannot be taken at this moment. Nothing was done. Try again soon."


# A count outlives its window a little, so that none ends between two looks at it.
_SLACK = timedelta(minutes=1)

# After it did not answer Redis is left alone, so that pages do not wait for it each time.
_CACHE_RESTS: Final = 5.0
_cache_rests_until = 0.0

# One statement on both engines: a flood costs little, and nobody waits for a lock.
_ADD = (
    "INSERT INTO use_counts (key, number, ends_at) VALUES (%s, %s, %s) "
    "ON CONFLICT (key) DO UPDATE SET number = use_counts.number + excluded.number "
    "RETURNING number"
)


# A limit and whose use it counts.
Use = tuple[Limit, str]


def use(limit: Limit, subject: str, now: datetime) -> None:
    """Count one use by that subject. Raises RateLimited when there were too many.

    Raises UpstreamUnavailable when nothing can be counted: limits do not vanish with the cache,
    for which the database counts until it is back.
    """
    key, left = _key(limit, subject, now)
    with _counting(limit):
        number = _add(key, left, 1, now)
    if number > limit.most:
        raise RateLimited(gettext(limit.words), retry_after=left)


def check(uses: Iterable[Use], now: datetime) -> None:
    """Raise RateLimited when a subject has none left; counts nothing.

    Raises UpstreamUnavailable when that cannot be known.
    """
    keys = [(limit, *_key(limit, subject, now)) for limit, subject in uses]
    if not keys:
        return
    with _counting(keys[0][0]):
        counted = _counted([key for _, key, _ in keys])
    for limit, key, left in keys:
        if counted.get(key, 0) >= limit.most:
            raise RateLimited(gettext(limit.words), retry_after=left)


def note(uses: Iterable[Use], now: datetime) -> None:
    """Count uses that have already happened, if they can be counted."""
    try:
        for limit, subject in uses:
            with _counting(limit):
                _add(*_key(limit, subject, now), 1, now)
    except UpstreamUnavailable:
        logger.warning("a use was not counted")


@contextmanager
def spending(uses: Iterable[Use], now: datetime) -> Iterator[None]:
    """Count the uses before what is done inside, so that rivals cannot slip past together.

    What is refused inside, with a DomainError, is given back. Raises RateLimited when one of them
    has none left, and UpstreamUnavailable when nothing can be counted; then nothing is spent.
    """
    spent: list[Use] = []
    try:
        for one in uses:
            spent.append(one)
            use(*one, now)
        yield
    except DomainError:
        _give_back(spent, now)
        raise


def _give_back(uses: Iterable[Use], now: datetime) -> None:
    try:
        for limit, subject in uses:
            with _counting(limit):
                _add(*_key(limit, subject, now), -1, now)
    except UpstreamUnavailable:
        logger.warning("a use was not given back")


@contextmanager
def _counting(limit: Limit) -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise UpstreamUnavailable(gettext(limit.uncounted)) from error


def _add(key: str, left: timedelta, number: int, now: datetime) -> int:
    """Add to the number under the key; what it is now. No two callers get the same number."""
    life = left + _SLACK
    counted = _asked(lambda: _add_in_cache(key, life, number))
    return _add_in_database(key, life, number, now) if counted is None else counted


def _add_in_cache(key: str, life: timedelta, number: int) -> int:
    cache.add(key, 0, int(life.total_seconds()))
    return int(cache.incr(key, number))


def _add_in_database(key: str, life: timedelta, number: int, now: datetime) -> int:
    # The database cache's own `incr` is a read and a write that rivals slip between.
    ends_at = connection.ops.adapt_datetimefield_value(now + life)
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [key, number, ends_at])
        (counted,) = cursor.fetchone()
    return int(counted)


def _counted(keys: list[str]) -> dict[str, int]:
    counted = _asked(lambda: cache.get_many(keys))
    if counted is not None:
        return counted
    rows = UseCount.objects.filter(pk__in=keys)
    return dict(rows.values_list("key", "number"))


def _asked(ask: Callable[[], T]) -> T | None:
    """What the cache answers; None where the database counts."""
    global _cache_rests_until  # noqa: PLW0603 -- what this process has seen, and soon forgets
    if _is_in_database() or time.monotonic() < _cache_rests_until:
        return None
    try:
        return ask()
    except RedisError:
        _cache_rests_until = time.monotonic() + _CACHE_RESTS
        logger.warning("the cache is away, the database counts", exc_info=False)
        return None


def _is_in_database() -> bool:
    return isinstance(caches["default"], DatabaseCache)


def forget_old(now: datetime) -> int:
    """Delete the counts of windows that are over; how many there were."""
    return UseCount.objects.filter(ends_at__lt=now).delete()[0]


def _key(limit: Limit, subject: str, now: datetime) -> tuple[str, timedelta]:
    """The window's cache key, and how long it still lasts. Addresses are not stored in clear."""
    length = limit.window.total_seconds()
    number, passed = divmod(now.timestamp(), length)
    folded = hashlib.sha256(_whose(subject).encode()).hexdigest()[:32]
    return f"limit:{limit.name}:{int(number)}:{folded}", timedelta(seconds=length - passed)


def _whose(subject: str) -> str:
    """One name for what one person has many of: IPv6 addresses of a network, tags of a mailbox."""
    name = subject.strip().lower()
    if "@" in name:
        return mailbox_of(name)
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name
    if address.version == 4:
        return name
    return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))
