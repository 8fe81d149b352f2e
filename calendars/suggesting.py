"""Which times suit several people, near the one that is wished for: pure rules."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from common.spans import Span, merge, overlaps, subtract
from common.wallclock import starts_at, wall_clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from zoneinfo import ZoneInfo

MOST: Final = 3
STEP: Final = timedelta(minutes=15)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who is to be there: when they are taken, and their working hours."""

    key: str
    busy: Sequence[Span]
    working: Sequence[Span]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A time at which nobody is known to be taken; `outside` are the parties who do not work."""

    span: Span
    outside: tuple[str, ...]


def suggest(
    parties: Sequence[Party],
    wished: Span,
    within: Span,
    zone: ZoneInfo,
    *,
    end_zone: ZoneInfo | None = None,
    besides: Span | None = None,
    most: int = MOST,
) -> list[Suggestion]:
    """Times as long as the wished one inside `within`, the best first, none over another.

    A time outside fewer people's working hours is better, then a nearer one. They begin on a
    quarter of an hour or where the wished one does, never overlap what anybody is known to be
    busy with, nor `besides`. A clock in the zone (for the end in `end_zone`, where that is another)
    reads their start and end only once.
    """
    length = wished.duration
    hours = [(party.key, _Hours(party.working)) for party in parties]
    taken = [span for party in parties for span in party.busy]
    rated = []
    for start in _starts(subtract([within], taken), wished):
        span = Span(start, start + length)
        outside = tuple(key for key, own in hours if not own.hold(span))
        rated.append((len(outside), abs(start - wished.start), start, Suggestion(span, outside)))
    rated.sort(key=lambda row: row[:3])
    chosen: list[Suggestion] = []
    kept = [] if besides is None else [besides]
    for *_, one in rated:
        if len(chosen) == most:
            break
        if not overlaps(one.span, kept) and _is_plain(one.span, zone, end_zone or zone):
            chosen.append(one)
            kept.append(one.span)
    return chosen


def outside_hours(parties: Iterable[Party], span: Span) -> tuple[str, ...]:
    """Whose working hours the span does not lie in."""
    return tuple(party.key for party in parties if not _Hours(party.working).hold(span))


def _starts(gaps: Iterable[Span], wished: Span) -> Iterator[datetime]:
    length = wished.duration
    for gap in gaps:
        start, last = _next_step(gap.start), gap.end - length
        while start <= last:
            yield start
            start += STEP
        if gap.start <= wished.start <= last and wished.start != _next_step(wished.start):
            yield wished.start


def _next_step(moment: datetime) -> datetime:
    """The first quarter of an hour that is not before the moment."""
    return moment + (_EPOCH - moment) % STEP


def _is_plain(span: Span, zone: ZoneInfo, end_zone: ZoneInfo) -> bool:
    """Whether the wall times of its ends mean just these instants: a form knows no others."""
    return all(
        starts_at(wall_clock(moment, there), there) == moment
        for moment, there in ((span.start, zone), (span.end, end_zone))
    )


class _Hours:
    """Working hours that can be asked quickly."""

    def __init__(self, working: Iterable[Span]) -> None:
        self._spans = merge(working)
        self._starts = [span.start for span in self._spans]

    def hold(self, span: Span) -> bool:
        place = bisect_right(self._starts, span.start) - 1
        return place >= 0 and span.end <= self._spans[place].end
