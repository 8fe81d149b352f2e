"""A week of open times as staff choose from it, on their own clock."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from booking.errors import BusyUnknown
from booking.services.availability import offer
from booking.wording import clock, long_day, short_day, zone_words_over
from common.wallclock import day_begins

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from audit.actors import Actor
    from booking.services.availability import Terms

DAYS = timedelta(days=7)
_ONE_DAY = timedelta(days=1)
UNREADABLE = (
    "The calendar did not answer, so no open times can be shown. "
    "Another time can be tried; it is asked again before anything is promised."
)


@dataclass(frozen=True, slots=True)
class OpenTime:
    """One start: what the form sends, and the clock."""

    value: str
    clock: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class OpenDay:
    """A day that has open times."""

    title: str
    times: list[OpenTime]


@dataclass(frozen=True, slots=True)
class OpenTimes:
    """Seven days of open times; `earlier`, `later` and `next_day` are dates to begin others at."""

    title: str
    zone_words: str
    earlier: str
    later: str
    days: list[OpenDay] = field(default_factory=list)
    problem: str = ""
    next_words: str = ""
    next_day: str = ""

    def has(self, value: str) -> bool:
        """Whether a form's value is one of the times shown."""
        return any(one.value == value for day in self.days for one in day.times)


def value_of(start: datetime) -> str:
    """A start as forms and addresses carry it."""
    return f"{start:%Y-%m-%dT%H:%M:%SZ}"


def open_times(
    *,
    terms: Terms,
    first: date,
    zone: ZoneInfo,
    now: datetime,
    actor: Actor,
    chosen: str = "",
) -> OpenTimes:
    """The open times of the seven days from `first` on."""
    today = now.astimezone(zone).date()
    first = max(first, today)
    last = first + DAYS - _ONE_DAY

    shown = OpenTimes(
        title=f"{long_day(first)} to {long_day(last)}",
        zone_words=zone_words_over(zone, (day_begins(day, zone) for day in (first, first + DAYS))),
        earlier=max(first - DAYS, today).isoformat() if first > today else "",
        later=(first + DAYS).isoformat(),
    )
    try:
        found = offer(terms=terms, first_day=first, last_day=last, zone=zone, now=now, actor=actor)
    except BusyUnknown:
        return replace(shown, problem=UNREADABLE)
    by_day = groupby(found.slots, key=lambda slot: slot.start.astimezone(zone).date())
    days = [
        OpenDay(
            short_day(day),
            [
                OpenTime(
                    value_of(slot.start), clock(slot.start, zone), chosen == value_of(slot.start)
                )
                for slot in slots
            ],
        )
        for day, slots in by_day
    ]
    if found.next_open is None:
        return replace(shown, days=days)
    day = found.next_open.start.astimezone(zone).date()
    words = f"{long_day(day)}, {clock(found.next_open.start, zone)}"
    return replace(shown, days=days, next_words=words, next_day=day.isoformat())
