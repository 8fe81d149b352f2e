"""The sandbox's memory: records by kind and key, one lock, one clock, one revision counter."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Record = dict[str, Any]
LOG_LENGTH = 2000


def system_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to an event: `created`, `updated` or `deleted`."""

    calendar: str
    event: str
    kind: str


class Records:
    """Records are JSON-able dicts. Change one in place, then `put` it: that is what persists it.

    Every request runs inside `transaction()`, so handlers see and leave a consistent state
    however many threads serve.
    """

    def __init__(self, *, clock: Callable[[], datetime] = system_clock) -> None:
        self.clock = clock
        self.log: deque[Record] = deque(maxlen=LOG_LENGTH)
        self._lock = threading.RLock()
        self._depth = 0
        self._kinds: dict[str, dict[str, Record]] = {}
        self._events: dict[str, dict[str, Record]] = {}
        self._exceptions: dict[tuple[str, str], dict[str, Record]] = {}
        # Told what each transaction did to events, when it is over and the lock is free.
        self.courier: Any = None
        self._changes: list[Change] = []

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._lock:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                changes: list[Change] = []
                is_over = not self._depth
                if is_over:
                    self._flush()
                    changes, self._changes = self._changes, []
        if is_over and self.courier is not None:
            self.courier.after(changes)

    def _flush(self) -> None:
        """Memory has nothing to write."""

    def _touched(self, kind: str, key: str) -> None:
        """Memory needs no note of what changed."""

    def now(self) -> datetime:
        """The sandbox's present: the clock plus what `advance` added."""
        return self.clock() + timedelta(seconds=float(self.setting("clock_offset", 0)))

    def advance(self, seconds: float) -> None:
        """Let time pass for the sandbox alone, to expire tokens and codes."""
        self.set_setting("clock_offset", float(self.setting("clock_offset", 0)) + seconds)

    def get(self, kind: str, key: str) -> Record | None:
        return self._kinds.get(kind, {}).get(key)

    def put(self, kind: str, key: str, record: Record) -> Record:
        with self._lock:
            is_new = key not in self._kinds.get(kind, {})
            self._kinds.setdefault(kind, {})[key] = record
            if kind == "event":
                self._changes.append(_change(record, is_new=is_new))
                self._events.setdefault(record["calendar"], {})[key] = record
                if _series_of(record):
                    series = (record["calendar"], _series_of(record))
                    self._exceptions.setdefault(series, {})[key] = record
            self._touched(kind, key)
        return record

    def drop(self, kind: str, key: str) -> None:
        with self._lock:
            record = self._kinds.get(kind, {}).pop(key, None)
            if record and kind == "event":
                self._events[record["calendar"]].pop(key, None)
                series = (record["calendar"], _series_of(record))
                self._exceptions.get(series, {}).pop(key, None)
            self._touched(kind, key)

    def all(self, kind: str) -> list[Record]:
        with self._lock:
            return list(self._kinds.get(kind, {}).values())

    def items(self, kind: str) -> list[tuple[str, Record]]:
        with self._lock:
            return list(self._kinds.get(kind, {}).items())

    def where(self, kind: str, **equal: Any) -> list[Record]:
        return [r for r in self.all(kind) if all(r.get(k) == v for k, v in equal.items())]

    def events_of(self, calendar: str) -> list[Record]:
        """Every event record of the calendar, tombstones included."""
        with self._lock:
            return list(self._events.get(calendar, {}).values())

    def exceptions_of(self, calendar: str, series: str) -> list[Record]:
        """The event records that stand for changed or deleted occurrences of the series."""
        with self._lock:
            return list(self._exceptions.get((calendar, series), {}).values())

    def next_revision(self) -> int:
        """A number larger than every one before; cursors and etags are made of it."""
        with self._lock:
            revision = int(self.setting("revision", 0)) + 1
            self.set_setting("revision", revision)
            return revision

    def setting(self, name: str, default: Any = None) -> Any:
        record = self.get("setting", name)
        return default if record is None else record["value"]

    def set_setting(self, name: str, value: Any) -> None:
        self.put("setting", name, {"name": name, "value": value})

    def clear(self) -> None:
        """Forget everything but the signing key: a token signed before stays checkable."""
        with self._lock:
            for kind, records in list(self._kinds.items()):
                for key in list(records):
                    if (kind, key) != ("setting", "signing_key"):
                        self.drop(kind, key)
            self.log.clear()


def _series_of(record: Record) -> str:
    """The series that an event's record is an exception of, as either provider keeps it."""
    return str(record.get("master") or record["body"].get("recurringEventId") or "")


def _change(record: Record, *, is_new: bool) -> Change:
    """As either provider keeps it."""
    is_gone = record.get("deleted") or record["body"].get("status") == "cancelled"
    kind = "deleted" if is_gone else "created" if is_new else "updated"
    name = record.get("id") or record["body"].get("id", "")
    return Change(record["calendar"], str(name), kind)


def random_text(length: int = 32) -> str:
    return secrets.token_hex(length // 2)
