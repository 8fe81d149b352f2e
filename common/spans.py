"""Spans of time and the arithmetic on them: merge, subtract, intersect, widen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_BY_START = attrgetter("start")


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open piece of time, `start <= t < end`, held in UTC.

    Any aware datetimes are accepted and converted, because Python compares two datetimes of one
    zone by wall clock and so gets the repeated hour of autumn wrong. Raises ValueError on naive
    datetimes and when the end is not after the start.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is not UTC:
            object.__setattr__(self, "start", in_utc(self.start))
        if self.end.tzinfo is not UTC:
            object.__setattr__(self, "end", in_utc(self.end))
        if self.end <= self.start:
            raise ValueError("A span must end after it starts.")

    @property
    def duration(self) -> timedelta:
        return self.end - self.start

    def overlaps(self, other: Span) -> bool:
        """Whether they share any instant; spans that only touch do not."""
        return self.start < other.end and other.start < self.end

    def intersect(self, other: Span) -> Span | None:
        """What both cover, or None."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start, end) if start < end else None

    def widen(self, before: timedelta, after: timedelta) -> Span:
        """The span with that much more (or, negative, less) on either side.

        Raises ValueError when nothing would be left.
        """
        return Span(self.start - before, self.end + after)


def in_utc(moment: datetime) -> datetime:
    """The same instant in UTC. Raises ValueError when the datetime is naive."""
    if moment.utcoffset() is None:
        raise ValueError("A naive datetime names no instant.")
    return moment.astimezone(UTC)


def merge(spans: Iterable[Span]) -> list[Span]:
    """The same time as sorted, disjoint spans; touching ones become one. O(n log n)."""
    merged: list[Span] = []
    ordered = iter(sorted(spans, key=_BY_START))
    first = next(ordered, None)
    if first is None:
        return merged
    end = first.end
    for span in ordered:
        if span.start > end:
            merged.append(_until(first, end))
            first, end = span, span.end
        elif span.end > end:
            end = span.end
    merged.append(_until(first, end))
    return merged


def subtract(spans: Iterable[Span], minus: Iterable[Span]) -> list[Span]:
    """What `spans` cover and `minus` does not, sorted and disjoint; linear after sorting."""
    left: list[Span] = []
    holes = merge(minus)
    first = 0
    for span in merge(spans):
        while first < len(holes) and holes[first].end <= span.start:
            first += 1
        cursor = span.start
        # A hole may reach into the next span, so the look-ahead does not move `first`.
        for index in range(first, len(holes)):
            hole = holes[index]
            if hole.start >= span.end:
                break
            if hole.start > cursor:
                left.append(Span(cursor, hole.start))
            cursor = hole.end
        if cursor < span.end:
            left.append(Span(cursor, span.end))
    return left


def intersect(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """What both cover, sorted and disjoint; linear after sorting."""
    ours, theirs = merge(spans), merge(others)
    shared: list[Span] = []
    i = j = 0
    while i < len(ours) and j < len(theirs):
        both = ours[i].intersect(theirs[j])
        if both is not None:
            shared.append(both)
        if ours[i].end <= theirs[j].end:
            i += 1
        else:
            j += 1
    return shared


def overlaps(span: Span, others: Iterable[Span]) -> bool:
    """Whether the span shares an instant with any of the others."""
    return any(span.overlaps(other) for other in others)


def widen(spans: Iterable[Span], before: timedelta, after: timedelta) -> list[Span]:
    """Every span with that much more on either side, merged."""
    return merge(span.widen(before, after) for span in spans)


def _until(span: Span, end: datetime) -> Span:
    return span if span.end == end else Span(span.start, end)
