"""Times in words for people: every function takes the zone, none knows the clock."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import dateformat

if TYPE_CHECKING:
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

_MINUTE = timedelta(minutes=1)
DASH = "\N{EN DASH}"
_MINUS = "\N{MINUS SIGN}"


def place(zone: ZoneInfo) -> str:
    """The zone's place: New York."""
    return zone.key.rsplit("/", maxsplit=1)[-1].replace("_", " ")


def offset_words(zone: ZoneInfo, at: datetime) -> str:
    """What the zone's clock is called at that instant: its abbreviation and offset."""
    local = at.astimezone(zone)
    minutes = int((local.utcoffset() or timedelta(0)) / _MINUTE)
    name = local.tzname() or ""
    name = name if name.isalpha() else ""
    if not minutes:
        return name or "UTC"
    hours, rest = divmod(abs(minutes), 60)
    utc = f"UTC{'+' if minutes > 0 else _MINUS}{hours}" + (f":{rest:02d}" if rest else "")
    return f"{name}, {utc}" if name else utc


def zone_words(zone: ZoneInfo, at: datetime) -> str:
    """The place with what its clock is called then: London (GMT)."""
    words = offset_words(zone, at)
    return place(zone) if words == place(zone) else f"{place(zone)} ({words})"


def clock(at: datetime, zone: ZoneInfo) -> str:
    """09:30."""
    return f"{at.astimezone(zone):%H:%M}"


def clock_range(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """From 09:30 to 10:15, with a dash; names the second day when it ends on another."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    words = f"{first:%H:%M} {DASH} {last:%H:%M}"
    return words if first.date() == last.date() else f"{words} ({short_day(last.date())})"


def long_day(day: date, *, year: bool = False) -> str:
    """Thursday 26 November, with the year when asked."""
    return dateformat.format(day, "l j F Y" if year else "l j F")


def short_day(day: date) -> str:
    """Thu 26 Nov."""
    return dateformat.format(day, "D j M")


def weekday(day: date) -> str:
    """Thursday."""
    return dateformat.format(day, "l")


def elsewhere(start: datetime, seen_from: ZoneInfo, name: str, zone: ZoneInfo) -> str:
    """14:30 for Amara Okafor in Dublin; blank where both clocks read the same."""
    here, there = start.astimezone(seen_from), start.astimezone(zone)
    if here.utcoffset() == there.utcoffset():
        return ""
    day = "" if here.date() == there.date() else f" on {long_day(there.date())}"
    return f"{there:%H:%M}{day} for {name} in {place(zone)}."


def minutes_words(length: timedelta) -> str:
    """45 minutes."""
    minutes = int(length / _MINUTE)
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def apart_words(at: datetime, here: ZoneInfo, there: ZoneInfo) -> str:
    """Dublin is 5 hours ahead; blank where both clocks read the same."""
    ours, theirs = at.astimezone(here).utcoffset(), at.astimezone(there).utcoffset()
    if ours is None or theirs is None or ours == theirs:
        return ""
    minutes = int((theirs - ours) / _MINUTE)
    hours, rest = divmod(abs(minutes), 60)
    parts = [f"{hours} hour{'' if hours == 1 else 's'}"] if hours else []
    if rest:
        parts.append(f"{rest} minutes")
    return f"{place(there)} is {' '.join(parts)} {'ahead' if minutes > 0 else 'behind'}"


def month(day: date) -> str:
    """November."""
    return dateformat.format(day, "F")


def short_month(day: date) -> str:
    """Nov."""
    return dateformat.format(day, "M")


def day_and_month(day: date) -> str:
    """26 November."""
    return dateformat.format(day, "j F")
