"""What a new or changed series may look like, whatever provider it goes to."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from calendars.recurrence.expansion import LAST_YEAR, first_of
from calendars.recurrence.lines import BadRule, Parts, read_dates, read_rule, split
from calendars.wording import day_and_month, weekday
from common.errors import InvalidInput
from common.wallclock import day_begins

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

MOST_TIMES: Final = 730
MOST_BETWEEN: Final = 99
MOST_DATES: Final = 400
# The rarest day of a year, 29 February, is never further away. Strangers send rules, too, and one
# that names no day would have every day of centuries looked at.
_LOOKED_THROUGH: Final = timedelta(days=8 * 366)
_WITHIN_A_DAY: Final = {"BYHOUR", "BYMINUTE", "BYSECOND"}


def check_lines(
    lines: Sequence[str], start: date | None, zone: ZoneInfo, *, field: str = "recurrence"
) -> None:
    """Raises InvalidInput naming the line, `recurrence[0]`.

    `start` is the first wall time (naive) or date, None while it is not known: then it is not
    asked whether the series begins on one of its own days.
    """
    rules = []
    dates = 0
    for index, line in enumerate(lines):
        named = f"{field}[{index}]"
        try:
            name, _, value = split(line)
            if name == "RRULE":
                rules.append(index)
                _check_rule(named, read_rule(value), start, zone)
            else:
                dates += len(read_dates(line, zone).moments)
        except BadRule as error:
            raise InvalidInput(named, str(error)) from None
        if len(rules) > 1:
            raise InvalidInput(named, "An event repeats by one rule.")
        if dates > MOST_DATES:
            raise InvalidInput(named, f"At most {MOST_DATES} dates can be added or left out.")
    if lines and not rules:
        raise InvalidInput(f"{field}[0]", "One line has to be an RRULE.")
    if lines and start is not None:
        _check_start(f"{field}[{rules[0]}]", lines[rules[0]], start, zone)


def _check_rule(named: str, parts: Parts, start: date | None, zone: ZoneInfo) -> None:
    if _WITHIN_A_DAY & set(parts.numbers):
        raise InvalidInput(named, "An event repeats once a day at most.")
    if parts.count is not None and parts.count > MOST_TIMES:
        raise InvalidInput(named, f"COUNT may be {MOST_TIMES} at most. Leave it out for no end.")
    if parts.interval > MOST_BETWEEN:
        raise InvalidInput(named, f"INTERVAL may be {MOST_BETWEEN} at most.")
    until = parts.until
    if until is not None and until.year > LAST_YEAR:
        raise InvalidInput(named, f"UNTIL may be in {LAST_YEAR} at most. Leave it out for no end.")
    if start is None or until is None:
        return
    timed = isinstance(start, datetime)
    if timed != (isinstance(until, datetime) and until.tzinfo is not None):
        form = "an instant such as 20261218T225959Z" if timed else "a date such as 20261218"
        raise InvalidInput(named, f"UNTIL has to be {form}, as the start is.")
    last = until if isinstance(until, datetime) else day_begins(until, zone)
    first = start if isinstance(start, datetime) else datetime.combine(start, time(0))
    if last < day_begins(first.date(), zone):
        raise InvalidInput(named, "The series would end before it begins.")


def _check_start(named: str, rule: str, start: date, zone: ZoneInfo) -> None:
    first = first_of([rule], start, zone, within=_LOOKED_THROUGH)
    if first is None:
        raise InvalidInput(named, "This rule names no day at all, or none for years.")
    begins = start if isinstance(start, datetime) else datetime.combine(start, time(0))
    if first.wall != begins:
        there, near = _dated(begins), _dated(first.wall)
        raise InvalidInput(
            named, f"{there} is not one of the days of this rule. The first one is {near}."
        )


def _dated(day: datetime) -> str:
    return f"{weekday(day)} {day_and_month(day)}"
