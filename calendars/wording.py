"""Dates and times in words, as the calendar pages say them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_A_WEEK = timedelta(days=7)
# Each minute of a day: a full page says two thousand times.
CLOCKS = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(24 * 60)]


def clock(moment: datetime | time) -> str:
    """14:05, of a time that is already in the zone to show."""
    return CLOCKS[moment.hour * 60 + moment.minute]


def weekday(day: date) -> str:
    """Wednesday."""
    return WEEKDAYS[day.weekday()]


def day_and_month(day: date) -> str:
    """18 November."""
    return f"{day.day} {MONTHS[day.month - 1]}"


def full_day(day: date) -> str:
    """Wednesday 18 November."""
    return f"{weekday(day)} {day_and_month(day)}"


def date_range(first: date, last: date) -> str:
    """16-22 November 2026 with an en dash, naming month and year as often as they differ."""
    end = f"{day_and_month(last)} {last.year}"
    if first.year != last.year:
        return f"{day_and_month(first)} {first.year} \u2013 {end}"
    if first.month != last.month:
        return f"{day_and_month(first)} \u2013 {end}"
    return f"{first.day}\u2013{end}"


def near_day(day: date, seen_from: date) -> str:
    """The weekday where it is unmistakable, else the date."""
    return weekday(day) if abs(day - seen_from) < _A_WEEK else day_and_month(day)
