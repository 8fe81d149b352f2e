"""Receivers that hang: what needs them waits for a while, so that it holds no worker from others.

Failures that come quickly cost nobody anything; those that come after seconds, from a mail server
that takes connections and says nothing, would keep every worker busy with waiting. Where the same
receiver was slow to fail several times within a minute, it is left alone for half a minute; then
it is tried again. The cache carries the word between processes. It may be lost: then a worker
learns it anew.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.core.cache import cache
from django.db import DatabaseError
from django.db.models import Q
from redis.exceptions import RedisError

from common.outbox.handlers import kinds_in, lane_of

if TYPE_CHECKING:
    from common.models import OutboxMessage

logger = logging.getLogger(__name__)

SLOW: Final = timedelta(seconds=3)
_PAUSE: Final = 30.0
_WINDOW: Final = 60
# One workspace's account hangs, or everybody's receiver does.
_MOST_OF_ONE: Final = 3
_MOST_OF_ALL: Final = 10
# One that took longer counts for several: a few of a minute each hold all workers, too.
_A_FAILURE: Final = 10.0
_KEY: Final = "outbox:paused"
_FRESH: Final = 2.0
_EVERYBODY: Final = ""
# Messages of no workspace, such as mails that came in.
_NOBODYS: Final = "none"


class _Paused:
    """What this process knows of the pauses: (lane, workspace) and until when."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}
        self._read_at = -_FRESH

    def now(self) -> list[tuple[str, str]]:
        with self._lock:
            if time.monotonic() - self._read_at >= _FRESH:
                self._until = _read()
                self._read_at = time.monotonic()
            at = time.time()
            names = [name for name, until in self._until.items() if until > at]
        return [(lane, workspace) for lane, _, workspace in (n.partition("|") for n in names)]

    def forget(self) -> None:
        with self._lock:
            self._until, self._read_at = {}, -_FRESH


_paused = _Paused()
forget = _paused.forget


def paused() -> Q | None:
    """What must wait now; None where nothing has to."""
    found: Q | None = None
    for lane, workspace in _paused.now():
        one = Q(kind__in=kinds_in({lane}) or [lane])
        if workspace == _NOBODYS:
            one &= Q(workspace_id__isnull=True)
        elif workspace != _EVERYBODY:
            one &= Q(workspace_id=workspace)
        found = one if found is None else found | one
    return found


def note_slow(message: OutboxMessage, took: float) -> None:
    """A receiver let the handler wait for so many seconds, and then it failed all the same."""
    lane, weight = lane_of(message.kind), max(1, int(took // _A_FAILURE))
    try:
        names = [
            name
            for name, most in (
                (f"{lane}|{message.workspace_id or _NOBODYS}", _MOST_OF_ONE),
                (f"{lane}|{_EVERYBODY}", _MOST_OF_ALL),
            )
            if _count(name, weight) >= most
        ]
        if names:
            ends = time.time() + _PAUSE
            cache.set(_KEY, {**_read(), **dict.fromkeys(names, ends)}, timeout=_PAUSE * 2)
            forget()
    except (RedisError, DatabaseError, ValueError):
        logger.warning("a slow receiver was not noted", exc_info=False)


def _count(name: str, weight: int) -> int:
    key = f"outbox:slow:{name}"
    cache.add(key, 0, timeout=_WINDOW)
    return int(cache.incr(key, weight))


def _read() -> dict[str, float]:
    try:
        said: Any = cache.get(_KEY)
    except (RedisError, DatabaseError):
        return {}
    return said if isinstance(said, dict) else {}
