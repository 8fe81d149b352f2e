"""From what a clock on the wall reads to instants, across every kind of clock change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_TICK = timedelta(microseconds=1)
_MIDNIGHT = time(0)


def starts_at(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first instant (UTC) at which a clock in the zone reads the naive `wall`.

    A reading that a clock change skips moves forward to the end of the gap; of two equal readings
    the first is taken.
    """
    first, second = _readings(wall, zone)
    return first if first <= second else _end_of_gap(second, first, zone)


def ends_at(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant (UTC) at which a time that lasts until the naive `wall` is over.

    A skipped reading moves forward to the end of the gap. Of two equal readings the second is
    taken, unless the repeated hour begins with this reading: the first has then already ended it,
    or a day in Havana, where midnight comes twice, would last into the next.
    """
    first, second = _readings(wall, zone)
    if first > second:
        return _end_of_gap(second, first, zone)
    if first < second and wall_clock(second - _TICK, zone) < wall:
        return second
    return first


def occurs_at(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant (UTC) of an occurrence that a rule puts at the naive `wall` (RFC 5545, 3.3.5).

    A skipped reading counts under the offset before the change, so that 02:30 becomes 03:30; of
    two equal readings the first is taken. Calendar providers do the same, and an occurrence is
    known by this instant.
    """
    return _readings(wall, zone)[0]


def day_begins(day: date, zone: ZoneInfo) -> datetime:
    """The first instant (UTC) of the local date, also where midnight is skipped."""
    return starts_at(datetime.combine(day, _MIDNIGHT), zone)


def wall_clock(moment: datetime, zone: ZoneInfo) -> datetime:
    """What a clock in the zone reads at an aware instant, as a naive datetime."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


@lru_cache(maxsize=8192)
def _readings(wall: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The reading under the offset before and after a change: equal but around a change.

    Around a gap the first is the later one, around a repeated hour the earlier one (PEP 495).
    Remembered, because every page of open times asks for the same mornings and evenings.
    """
    local = wall.replace(tzinfo=zone, fold=0)
    return local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The whole second between the two at which the zone's offset changes."""
    old = before.astimezone(zone).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == old:
            low = middle
        else:
            high = middle
    return (before + timedelta(seconds=high)).replace(microsecond=0)
