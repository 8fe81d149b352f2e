"""Which view and which dates an address of the calendar asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from calendars.addresses import local_day
from calendars.dates import ONE_DAY, monday_of, same_day_in
from common.errors import InvalidInput
from common.spans import Span
from common.wallclock import day_begins

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

DAY, WEEK, MONTH, AGENDA = "day", "week", "month", "agenda"
VIEWS = (DAY, WEEK, MONTH, AGENDA)
_DAYS = {DAY: 1, WEEK: 7, AGENDA: 7}
_A_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Asked:
    """A view around a date: that day, its week (as a grid or a list), or its month's weeks."""

    view: str
    on: date

    @property
    def monday(self) -> date:
        return monday_of(self.on)

    @property
    def first(self) -> date:
        """The first date shown."""
        if self.view == DAY:
            return self.on
        return monday_of(self.on.replace(day=1)) if self.view == MONTH else self.monday

    @property
    def days(self) -> int:
        """How many dates are shown: a month in whole weeks."""
        if self.view != MONTH:
            return _DAYS[self.view]
        last = _month_on(self.on, 1).replace(day=1) - ONE_DAY
        return (monday_of(last) + _A_WEEK - self.first).days

    @property
    def mondays(self) -> list[date]:
        """The Monday of every week that is touched."""
        first = monday_of(self.first)
        return [first + number * _A_WEEK for number in range(-(-self.days // 7))]

    def span(self, zone: ZoneInfo) -> Span:
        """The instants from the first midnight to the one after the last day."""
        return Span(
            day_begins(self.first, zone), day_begins(self.first + self.days * ONE_DAY, zone)
        )

    def moved(self, steps: int) -> date:
        """The date that many days, weeks or months on."""
        if self.view == MONTH:
            return _month_on(self.on, steps)
        return self.on + steps * self.days * ONE_DAY

    def shows(self, day: date) -> bool:
        """Whether the date is among those shown."""
        return self.first <= day < self.first + self.days * ONE_DAY


def read_address(query: Mapping[str, str], today: date, *, usual: str = WEEK) -> Asked:
    """What `?view=&date=` asks for; the `usual` view of today without. Raises InvalidInput."""
    view = query.get("view") or usual
    if view not in VIEWS:
        raise InvalidInput("view", "The views are day, week, month and agenda.")
    on = local_day(query.get("date") or today.isoformat())
    if on is None:
        raise InvalidInput("date", "Write the date like 2026-11-19.")
    return Asked(view, on)


def _month_on(day: date, steps: int) -> date:
    years, month = divmod(day.month - 1 + steps, 12)
    return same_day_in(day, date(day.year + years, month + 1, 1))
