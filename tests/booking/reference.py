"""Which starts are open, the slow and obvious way: minute by minute, rule by rule.

Written from the design's words and not from `booking.slots`; nothing of it is used here. A clock
of the owner's zone is read at every minute around a day, and hours are what it shows:

- an interval opens at the first minute at which the clock shows its start or later, and closes
  after the last one at which it shows less than its end; so a skipped time is left out, and a
  repeated hour counts twice;
- starts go in steps from each interval's opening; where two overlap, the later one's count;
- a meeting lies in the hours without a gap, whichever interval's they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
# Everything of a case lies within so many days of its place; the clocks are read a little further.
REACH_DAYS = 7
# From fourteen hours ahead of UTC to twelve behind it, and a date that a zone left out.
_AHEAD, _BEHIND = 15 * 60, 37 * 60


@dataclass(frozen=True)
class Place:
    """A zone, and a date beside a change of its clock."""

    zone: str
    day: date

    @property
    def noon(self) -> datetime:
        return datetime.combine(self.day, time(12), tzinfo=UTC)


@dataclass
class Case:
    """All that decides. `hours` are pairs of minutes of the day by date; 1440 is its midnight."""

    place: Place
    hours: dict[date, list[tuple[int, int]]]
    duration: timedelta
    step: timedelta
    before: timedelta
    after: timedelta
    notice: timedelta
    horizon: timedelta
    until: datetime | None
    per_day: int | None
    per_week: int | None
    busy: list[tuple[datetime, datetime]]
    holds: list[tuple[datetime, datetime]]
    booked: list[datetime]
    shared: list[datetime]
    now: datetime
    intervals: list[tuple[int, int]] = field(init=False)
    lasts: dict[int, int] = field(init=False)

    def __post_init__(self) -> None:
        self.intervals = sorted(_intervals(self))
        working = {minute for first, end in self.intervals for minute in range(first, end)}
        # Up to which minute the hours go on without a gap from each of theirs.
        self.lasts = {}
        for minute in sorted(working, reverse=True):
            self.lasts[minute] = self.lasts.get(minute + 1, minute + 1)

    def minutes(self) -> list[datetime]:
        """Every whole minute around the place."""
        return _clock(self.place)[0]

    def open_starts(self, first: datetime, end: datetime) -> list[datetime]:
        """The starts from `first` on and before `end`."""
        clock = self.minutes()
        starts = [clock[minute] for minute in sorted(self.lasts)]
        return [one for one in starts if first <= one < end and not self.broken(one)]

    def broken(self, start: datetime) -> str | None:
        """The first rule that forbids the start, by its name; None when it is open."""
        if start < self.now + self.notice:
            return "notice"
        if start > self.now + self.horizon:
            return "horizon"
        if self.until is not None and start >= self.until:
            return "ended"
        if not self._is_in_hours(start):
            return "hours"
        if not self._is_on_grid(start):
            return "grid"
        opens, closes = start - self.before, start + self.duration + self.after
        is_shared = start in self.shared
        if not is_shared and any(opens < end and begin < closes for begin, end in self.holds):
            return "held"
        if any(opens < end and begin < closes for begin, end in self.busy):
            return "busy"
        return None if is_shared else self._limit(start)

    def _is_in_hours(self, start: datetime) -> bool:
        lasts = self.lasts.get(self._minute(start))
        return lasts is not None and start + self.duration <= self.minutes()[lasts]

    def _is_on_grid(self, start: datetime) -> bool:
        minute = self._minute(start)
        own = max(opens for opens, closes in self.intervals if opens <= minute < closes)
        return (start - self.minutes()[own]) % self.step == timedelta(0)

    def _limit(self, start: datetime) -> str | None:
        zone = ZoneInfo(self.place.zone)
        day = start.astimezone(zone).date()
        days = [one.astimezone(zone).date() for one in self.booked]
        if self.per_day is not None and sum(one == day for one in days) >= self.per_day:
            return "day_limit"
        same_week = [one for one in days if _monday(one) == _monday(day)]
        if self.per_week is not None and len(same_week) >= self.per_week:
            return "week_limit"
        return None

    def _minute(self, moment: datetime) -> int:
        return (moment - self.minutes()[0]) // MINUTE


def _monday(day: date) -> date:
    return day - day.weekday() * DAY


@lru_cache
def _clock(place: Place) -> tuple[list[datetime], list[datetime]]:
    """The minutes around the place, and what the zone's clock shows at each."""
    zone = ZoneInfo(place.zone)
    reach = (REACH_DAYS + 3) * 24 * 60
    moments = [place.noon + number * MINUTE for number in range(-reach, reach)]
    return moments, [one.astimezone(zone).replace(tzinfo=None, fold=0) for one in moments]


def _intervals(case: Case) -> list[tuple[int, int]]:
    """Opening and closing of each interval, as places in the list of minutes."""
    moments, shown = _clock(case.place)
    found = []
    for day, pairs in case.hours.items():
        for first, last in pairs:
            opens_at = datetime.combine(day, time(0)) + first * MINUTE
            closes_at = datetime.combine(day, time(0)) + last * MINUTE
            middle = (opens_at.replace(tzinfo=UTC) - moments[0]) // MINUTE
            near = range(middle - _AHEAD, middle + _BEHIND)
            opens = next(number for number in near if shown[number] >= opens_at)
            closes = next(number for number in reversed(near) if shown[number] < closes_at) + 1
            if opens < closes:
                found.append((opens, closes))
    return found
