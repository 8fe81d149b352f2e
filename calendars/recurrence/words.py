"""A rule as a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calendars.recurrence.rules import EVERY_DAY, WEEKEND, WORKDAYS, Frequency, Kept, ends_on
from calendars.wording import MONTHS, WEEKDAYS, day_and_month

if TYPE_CHECKING:
    from datetime import date
    from zoneinfo import ZoneInfo

    from calendars.recurrence.rules import Rule

_PLACES: Final = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last"}
_UNITS: Final = {
    Frequency.DAILY: "days",
    Frequency.WEEKLY: "weeks",
    Frequency.MONTHLY: "months",
    Frequency.YEARLY: "years",
}
_ONCE: Final = {
    Frequency.DAILY: "Every day",
    Frequency.WEEKLY: "Weekly",
    Frequency.MONTHLY: "Monthly",
    Frequency.YEARLY: "Yearly",
}
OF_ITS_OWN: Final = "Repeats by a rule that cannot be shown in words"


def sentence(rule: Rule | Kept, start: date, zone: ZoneInfo) -> str:
    """`Every 2 weeks on Tue and Thu until 18 December 2026`.

    `start` is the series' first date, or wall time, in the zone: it says what the rule leaves
    open.
    """
    if isinstance(rule, Kept):
        return OF_ITS_OWN
    return f"{_when(rule, start)}{_end(rule, start, zone)}".replace(",,", ",").rstrip(",")


def _when(rule: Rule, start: date) -> str:
    weekdays = rule.weekdays or (start.weekday(),)
    if rule.frequency is Frequency.WEEKLY and rule.interval == 1:
        if weekdays == WORKDAYS:
            return "Every weekday"
        if weekdays == EVERY_DAY:
            return "Every day"
    often = _ONCE[rule.frequency]
    if rule.interval > 1:
        often = f"Every {rule.interval} {_UNITS[rule.frequency]}"
    if rule.frequency is Frequency.DAILY:
        return often
    if rule.frequency is Frequency.WEEKLY:
        return f"{often} on {_weekly_days(weekdays)}"
    if rule.frequency is Frequency.MONTHLY:
        return f"{often} on {_day(rule, start)}"
    return f"{often} on {_date(rule, start)}"


def _weekly_days(weekdays: tuple[int, ...]) -> str:
    if len(weekdays) == 1:
        return WEEKDAYS[weekdays[0]]
    if weekdays == WORKDAYS:
        return "weekdays"
    names = [WEEKDAYS[day][:3] for day in weekdays]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _day(rule: Rule, start: date) -> str:
    if rule.nth:
        return f"the {_PLACES[rule.nth]} {_kind_of_day(rule.weekdays)}"
    day = rule.month_day or start.day
    if rule.is_clamped:
        return f"day {day}, or the last day of a shorter month,"
    return "the last day" if day == -1 else f"day {day}"


def _kind_of_day(weekdays: tuple[int, ...]) -> str:
    kinds = {EVERY_DAY: "day", WORKDAYS: "weekday", WEEKEND: "weekend day"}
    if weekdays in kinds:
        return kinds[weekdays]
    return " or ".join(WEEKDAYS[day] for day in weekdays)


def _date(rule: Rule, start: date) -> str:
    month = MONTHS[(rule.month or start.month) - 1]
    if rule.nth or rule.month_day == -1:
        return f"{_day(rule, start)} of {month}"
    return f"{rule.month_day or start.day} {month}"


def _end(rule: Rule, start: date, zone: ZoneInfo) -> str:
    if rule.count is not None:
        return ", once" if rule.count == 1 else f", {rule.count} times"
    last = ends_on(rule, zone, start)
    return "" if last is None else f" until {day_and_month(last)} {last.year}"
