"""Which dates an event stands on, as clocks in a zone show them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from calendars.blocks import EventBlock

ONE_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Present:
    """The zone that is shown, now, and which date that is there."""

    zone: ZoneInfo
    now: datetime
    today: date = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "today", self.local(self.now).date())

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)


def long_dates(event: EventBlock, zone: ZoneInfo) -> tuple[date, date] | None:
    """First and last date of what is drawn as a bar across days; None for the timed rest."""
    if event.all_day:
        first, after = event.days()
        return first, max(first, after - ONE_DAY)
    start, end = event.times()
    if end - start < ONE_DAY:
        return None
    return start.astimezone(zone).date(), (end - _INSTANT).astimezone(zone).date()


def walls(event: EventBlock, zone: ZoneInfo) -> tuple[str, str]:
    """Start and end as scripts read them: `2026-11-19T14:30` in the zone, or the dates of an
    all-day event, the end exclusive."""
    if event.all_day:
        first, after = event.days()
        return first.isoformat(), after.isoformat()
    start, end = (moment.astimezone(zone) for moment in event.times())
    return f"{start:%Y-%m-%dT%H:%M}", f"{end:%Y-%m-%dT%H:%M}"


def is_over(event: EventBlock, present: Present) -> bool:
    """Whether nothing of it lies ahead; an all-day event lasts until its last date has passed."""
    if event.all_day:
        return event.days()[1] <= present.today
    return event.times()[1] <= present.now


def monday_of(day: date) -> date:
    """The Monday of its week."""
    return day - timedelta(days=day.weekday())


def same_day_in(shown: date, other: date) -> date:
    """The day of the month of `shown` in the month of `other`, or that month's last day."""
    day = shown.day
    while True:
        try:
            return other.replace(day=day)
        except ValueError:
            day -= 1
