"""Times in words for people: every function takes the zone, none knows the clock.

The language is the one that is spoken where they are called; `config/formats` says how it writes
dates and hours.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import dateformat
from django.utils.formats import get_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable
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


def zone_words_over(zone: ZoneInfo, moments: Iterable[datetime]) -> str:
    """The same for several instants: Dublin (GMT; IST, UTC+1) where a clock change lies between
    them, each name of the clock once and in their order. Only the place when there are none.
    """
    words = list(dict.fromkeys(offset_words(zone, at) for at in moments))
    return place(zone) if words in ([], [place(zone)]) else f"{place(zone)} ({'; '.join(words)})"


def clock(at: datetime, zone: ZoneInfo) -> str:
    """09:30, or 9:30 AM where people write so."""
    return dateformat.time_format(at.astimezone(zone).time(), get_format("TIME_FORMAT"))


def clock_range(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """From 09:30 to 10:15, with a dash; names the second day when it ends on another, and what
    the clock is called at both ends when it is changed in between: 01:45 EDT to 01:15 EST.
    """
    first, last = start.astimezone(zone), end.astimezone(zone)
    if first.utcoffset() == last.utcoffset():
        words = f"{clock(start, zone)} {DASH} {clock(end, zone)}"
    else:
        words = f"{_named_clock(start, zone)} {DASH} {_named_clock(end, zone)}"
    return words if first.date() == last.date() else f"{words} ({short_day(last.date())})"


def _named_clock(at: datetime, zone: ZoneInfo) -> str:
    return f"{clock(at, zone)} {offset_words(zone, at).partition(', ')[0]}"


def long_day(day: date, *, year: bool = False) -> str:
    """Thursday 26 November, with the year when asked."""
    return _format(day, "LONG_DAY_YEAR_FORMAT" if year else "LONG_DAY_FORMAT")


def short_day(day: date) -> str:
    """Thu 26 Nov."""
    return _format(day, "SHORT_DAY_FORMAT")


def weekday(day: date) -> str:
    """Thursday."""
    return dateformat.format(day, "l")


def weekday_and_day(day: date) -> str:
    """Thursday 26."""
    return _format(day, "WEEKDAY_AND_DAY_FORMAT")


def elsewhere(start: datetime, seen_from: ZoneInfo, name: str, zone: ZoneInfo) -> str:
    """14:30 for Amara Okafor in Dublin; blank where both clocks read the same."""
    here, there = start.astimezone(seen_from), start.astimezone(zone)
    if here.utcoffset() == there.utcoffset():
        return ""
    words = {
        "time": clock(start, zone),
        "name": name,
        "place": place(zone),
        "day": long_day(there.date()),
    }
    if here.date() == there.date():
        return _("%(time)s for %(name)s in %(place)s.") % words
    return _("%(time)s on %(day)s for %(name)s in %(place)s.") % words


def minutes_words(length: timedelta) -> str:
    """45 minutes."""
    minutes = int(length / _MINUTE)
    return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}


def hours_words(length: timedelta) -> str:
    """5 hours 30 minutes."""
    hours, rest = divmod(int(length / _MINUTE), 60)
    parts = []
    if hours:
        parts.append(ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours})
    if rest or not hours:
        parts.append(minutes_words(rest * _MINUTE))
    return " ".join(parts)


def apart_words(at: datetime, here: ZoneInfo, there: ZoneInfo) -> str:
    """On 26 November Dublin is 5 hours ahead; blank where both clocks read the same."""
    ours, theirs = at.astimezone(here).utcoffset(), at.astimezone(there).utcoffset()
    if ours is None or theirs is None or ours == theirs:
        return ""
    words = {
        "day": day_and_month(at.astimezone(here).date()),
        "place": place(there),
        "length": hours_words(abs(theirs - ours)),
    }
    if theirs > ours:
        return _("On %(day)s %(place)s is %(length)s ahead.") % words
    return _("On %(day)s %(place)s is %(length)s behind.") % words


def month(day: date) -> str:
    """November."""
    return dateformat.format(day, "F")


def short_month(day: date) -> str:
    """Nov."""
    return dateformat.format(day, "M")


def day_and_month(day: date) -> str:
    """26 November."""
    return _format(day, "MONTH_DAY_FORMAT")


def _format(day: date, name: str) -> str:
    return dateformat.format(day, get_format(name))
