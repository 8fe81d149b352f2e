"""The occurrences of a series: wall times by its rules, instants by its zone (RFC 5545, 3.8.5)."""

from __future__ import annotations

from calendar import isleap, monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from heapq import merge
from itertools import groupby
from typing import TYPE_CHECKING, Final

from calendars.recurrence.lines import BadRule, Parts, read_dates, read_rule, split
from common.wallclock import day_begins, occurs_at, wall_clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from zoneinfo import ZoneInfo

    from common.spans import Span

_DAY: Final = timedelta(days=1)
# Wall time and instant of one occurrence are never further apart.
_MARGIN: Final = timedelta(days=2)
LAST_YEAR: Final = 2200
_LATEST: Final = datetime(LAST_YEAR, 12, 31)  # noqa: DTZ001 -- a wall time


@dataclass(frozen=True, slots=True, order=True)
class Occurrence:
    """One start of a series: the instant (UTC) and what the clock of its zone reads by the rule.

    Of an all-day series `wall` is midnight of the date.
    """

    at: datetime
    wall: datetime


def occurrences(
    lines: Sequence[str],
    start: date,
    zone: ZoneInfo,
    span: Span,
    *,
    length: timedelta = timedelta(0),
) -> list[Occurrence]:
    """Those that touch the span, in order; each lasts `length`.

    `start` is the first wall time (naive) in the zone, or the first date of an all-day series.
    It counts only where a rule or an RDATE names it. Raises BadRule.
    """
    before = wall_clock(span.end, zone) + _MARGIN
    after = wall_clock(span.start, zone) - length - _MARGIN
    found = _expanded(lines, start, zone, after=after, before=before)
    # One that lasts no time at all touches the span that it lies in.
    return [
        one
        for one in found
        if one.at < span.end and (one.at + length > span.start or one.at >= span.start)
    ]


def first_of(
    lines: Sequence[str], start: date, zone: ZoneInfo, *, within: timedelta | None = None
) -> Occurrence | None:
    """The first occurrence at or after the start; None when there is none, or none `within` that
    time. Raises BadRule.
    """
    before = None if within is None else min(_midnight(start), _LATEST) + within
    return next(_expanded(lines, start, zone, after=None, before=before), None)


def all_until(
    lines: Sequence[str], start: date, zone: ZoneInfo, until: datetime
) -> list[Occurrence]:
    """Those that begin before the instant, from the first one on. Raises BadRule."""
    before = wall_clock(until, zone) + _MARGIN
    found = _expanded(lines, start, zone, after=None, before=before)
    return [one for one in found if one.at < until]


def _expanded(
    lines: Sequence[str],
    start: date,
    zone: ZoneInfo,
    *,
    after: datetime | None,
    before: datetime | None,
) -> Iterator[Occurrence]:
    """Every occurrence whose wall time lies between the bounds, once, in order."""
    all_day = not isinstance(start, datetime)
    series = _Series(_midnight(start), zone, all_day)
    sources: list[Iterator[Occurrence]] = []
    left_out: set[datetime] = set()
    for line in lines:
        name, _, value = split(line)
        if name == "RRULE":
            walls = _walls(series, read_rule(value), after, before)
            sources.append(series.at(wall) for wall in walls)
        elif name == "EXRULE":
            raise BadRule("EXRULE lines are not supported.")
        else:
            moments = sorted({series.named(one) for one in read_dates(line, zone).moments})
            if name == "RDATE":
                sources.append(iter(moments))
            else:
                left_out.update(one.at for one in moments)
    for at, same in groupby(merge(*sources), key=lambda one: one.at):
        if at not in left_out:
            yield next(same)


@dataclass(frozen=True, slots=True)
class _Series:
    """How a series begins, and where its wall times are."""

    first: datetime
    zone: ZoneInfo
    all_day: bool

    def at(self, wall: datetime) -> Occurrence:
        if self.all_day:
            return Occurrence(day_begins(wall.date(), self.zone), wall)
        return Occurrence(occurs_at(wall, self.zone), wall)

    def named(self, moment: date) -> Occurrence:
        """The occurrence that an EXDATE or RDATE names."""
        if not isinstance(moment, datetime):
            return self.at(datetime.combine(moment, time(0)))
        wall = wall_clock(moment, self.zone)
        return self.at(_midnight(wall.date())) if self.all_day else Occurrence(moment, wall)

    def ended(self, parts: Parts, wall: datetime) -> bool:
        """Whether the wall time lies after the rule's UNTIL."""
        until = parts.until
        if until is None:
            return False
        if not isinstance(until, datetime):
            return wall.date() > until
        if until.tzinfo is None:
            return wall > until
        if self.all_day:
            return wall.date() > until.date()
        return occurs_at(wall, self.zone) > until


def _midnight(day: date) -> datetime:
    return day if isinstance(day, datetime) else datetime.combine(day, time(0))


def _walls(
    series: _Series, parts: Parts, after: datetime | None, before: datetime | None
) -> Iterator[datetime]:
    """The rule's wall times from the first on, up to the bound, COUNT and UNTIL."""
    times = _times(series, parts)
    positions = parts.of("BYSETPOS")
    # What COUNT leaves over is only known from the first on; else whole periods are skipped.
    skipped = 0 if after is None or parts.count else _periods_until(series.first, parts, after)
    counted = 0
    for begins, days in _periods(series.first, parts, skipped):
        if (before is not None and begins > before) or begins.year > LAST_YEAR:
            return
        walls = [datetime.combine(day, clock) for day in days for clock in times]
        for wall in _at_positions(walls, positions) if positions else walls:
            if wall < series.first:
                continue
            if series.ended(parts, wall):
                return
            counted += 1
            if after is None or wall >= after:
                yield wall
            if parts.count is not None and counted >= parts.count:
                return


def _times(series: _Series, parts: Parts) -> list[time]:
    """The times of day, in order: the first one's own, unless the rule names others."""
    if series.all_day:
        return [time(0)]
    first = series.first
    return [
        time(hour, minute, second)
        for hour in parts.of("BYHOUR") or (first.hour,)
        for minute in parts.of("BYMINUTE") or (first.minute,)
        for second in parts.of("BYSECOND") or (first.second,)
    ]


def _at_positions(walls: list[datetime], positions: Sequence[int]) -> list[datetime]:
    found = set()
    for position in positions:
        index = position - 1 if position > 0 else len(walls) + position
        if 0 <= index < len(walls):
            found.add(walls[index])
    return sorted(found)


def _periods_until(first: datetime, parts: Parts, after: datetime) -> int:
    """How many whole intervals lie before the bound, with one to spare."""
    if after <= first:
        return 0
    days = (after - first).days
    longest = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 31, "YEARLY": 366}[parts.frequency]
    return max(0, days // (longest * parts.interval) - 1)


def _periods(first: datetime, parts: Parts, skipped: int) -> Iterator[tuple[datetime, list[date]]]:
    """Each period's first day and the days in it that the rule's filters let by."""
    fits = _Filter(first.date(), parts)
    for number in range(skipped * parts.interval, 1_000_000, parts.interval):
        try:
            begins, length = _period(first.date(), parts, number)
            days = [begins + day * _DAY for day in range(length)]
        except (OverflowError, ValueError):
            return
        yield datetime.combine(begins, time(0)), [day for day in days if fits(day)]


def _period(first: date, parts: Parts, number: int) -> tuple[date, int]:
    """Where the period of that number begins, and how many days it has."""
    if parts.frequency == "DAILY":
        return first + number * _DAY, 1
    if parts.frequency == "WEEKLY":
        begins = first - ((first.weekday() - parts.week_start) % 7) * _DAY
        return begins + 7 * number * _DAY, 7
    if parts.frequency == "MONTHLY":
        year, month = divmod(first.year * 12 + first.month - 1 + number, 12)
        return date(year, month + 1, 1), monthrange(year, month + 1)[1]
    year = first.year + number
    return date(year, 1, 1), 366 if isleap(year) else 365


class _Filter:
    """Whether a day is one of the rule's; what the rule leaves open is as on the first day."""

    __slots__ = ("by_month_day", "by_week", "by_year_day", "months", "numbered", "parts", "plain")

    def __init__(self, first: date, parts: Parts) -> None:
        self.parts = parts
        self.months = frozenset(parts.of("BYMONTH"))
        self.by_month_day = frozenset(parts.of("BYMONTHDAY"))
        self.by_year_day = frozenset(parts.of("BYYEARDAY"))
        self.by_week = frozenset(parts.of("BYWEEKNO"))
        self.plain = frozenset(day for number, day in parts.days if not number)
        self.numbered = frozenset(pair for pair in parts.days if pair[0])
        if not (self.by_month_day or self.by_year_day or self.by_week or parts.days):
            self._as_first(first)

    def _as_first(self, first: date) -> None:
        frequency = self.parts.frequency
        if frequency == "WEEKLY":
            self.plain = frozenset({first.weekday()})
        if frequency in {"MONTHLY", "YEARLY"}:
            self.by_month_day = frozenset({first.day})
        if frequency == "YEARLY" and not self.months:
            self.months = frozenset({first.month})

    def __call__(self, day: date) -> bool:
        if self.months and day.month not in self.months:
            return False
        if (self.plain or self.numbered) and not self._is_named(day):
            return False
        if self.by_month_day and not self._counts(
            self.by_month_day, day.day, monthrange(day.year, day.month)[1]
        ):
            return False
        if self.by_year_day and not self._counts(
            self.by_year_day, day.timetuple().tm_yday, 366 if isleap(day.year) else 365
        ):
            return False
        return not self.by_week or self._counts(self.by_week, *self._week(day))

    def _is_named(self, day: date) -> bool:
        weekday = day.weekday()
        if weekday in self.plain:
            return True
        if not self.numbered:
            return False
        if self.parts.frequency == "MONTHLY" or self.months:
            place, length = day.day, monthrange(day.year, day.month)[1]
        else:
            place, length = day.timetuple().tm_yday, 366 if isleap(day.year) else 365
        from_start, from_end = (place - 1) // 7 + 1, -((length - place) // 7 + 1)
        return (from_start, weekday) in self.numbered or (from_end, weekday) in self.numbered

    def _week(self, day: date) -> tuple[int, int]:
        """The number of the day's week, and how many its year has; a year's first has four days."""
        middle = day + (3 - (day.weekday() - self.parts.week_start) % 7) * _DAY
        year = middle.year
        last = date(year, 12, 28)
        last_middle = last + (3 - (last.weekday() - self.parts.week_start) % 7) * _DAY
        return (middle.timetuple().tm_yday - 1) // 7 + 1, (
            last_middle.timetuple().tm_yday - 1
        ) // 7 + 1

    @staticmethod
    def _counts(wanted: frozenset[int], place: int, length: int) -> bool:
        return place in wanted or place - length - 1 in wanted
