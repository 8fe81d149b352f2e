"""Zones, spans and distances in words, as the calendar's sheets and notices say them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from calendars.wording import clock, day_and_month, full_day

if TYPE_CHECKING:
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


def city_of(zone_name: str) -> str:
    """`New York` for `America/New_York`."""
    return zone_name.rsplit("/", 1)[-1].replace("_", " ")


def abbreviation(zone: ZoneInfo, at: datetime) -> str:
    """`GMT`; a zone that has only a number becomes `UTC+3`."""
    name = at.astimezone(zone).tzname() or "UTC"
    if name[0] not in "+-":
        return name
    sign, hours, minutes = name[0], name[1:3].lstrip("0") or "0", name[3:]
    return f"UTC{sign}{hours}{':' + minutes if minutes.strip('0') else ''}"


def zone_in_words(zone: ZoneInfo, at: datetime) -> str:
    """`Dublin (GMT)`."""
    city, short = city_of(zone.key), abbreviation(zone, at)
    return city if city == short else f"{city} ({short})"


def as_of(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """`14:05`, with the day when that was another one."""
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        return clock(local)
    if local.date() == today - _DAY:
        return f"yesterday {clock(local)}"
    return f"{day_and_month(local.date())}, {clock(local)}"


def length_in_words(length: timedelta) -> str:
    """`45 min`, `1 h 10 min`, `3 days`."""
    minutes = max(1, int(length / _MINUTE))
    if minutes >= 2880:
        return f"{minutes // 1440} days"
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} h"] if hours else []
    if rest or not hours:
        parts.append(f"{rest} min")
    return " ".join(parts)


def distance_in_words(start: datetime, end: datetime, now: datetime) -> str:
    """`in 1 h 10 min`, `now`, or nothing when it is over or more than a day away."""
    if start <= now < end:
        return "now"
    if now < start <= now + _DAY:
        return f"in {length_in_words(start - now)}"
    return ""


def span_in_words(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """`Wednesday 18 November 2026, 15:30` to `16:15`; both days when it ends on another one."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    head = f"{_dated(first.date())}, {clock(first)}"
    # An end at midnight still belongs to the evening that it closes.
    if (last - _INSTANT).date() <= first.date():
        return f"{head}\u2013{clock(last)}"
    return f"{head} \u2013 {_dated(last.date())}, {clock(last)}"


def journey_in_words(start: datetime, end: datetime, zone: ZoneInfo, end_zone: ZoneInfo) -> str:
    """`Friday 20 November 2026, 10:00 Lisbon` to `13:20 Madrid`; both days when they differ."""
    first, last = start.astimezone(zone), end.astimezone(end_zone)
    day = "" if last.date() == first.date() else f"{_dated(last.date())}, "
    head = f"{_dated(first.date())}, {clock(first)} {city_of(zone.key)}"
    return f"{head} \u2013 {day}{clock(last)} {city_of(end_zone.key)}"


def all_day_in_words(first: date, last: date) -> str:
    """`Wednesday 18 November 2026, all day`, or the first and last day."""
    if first == last:
        return f"{_dated(first)}, all day"
    return f"{full_day(first)} \u2013 {_dated(last)}"


def _dated(day: date) -> str:
    return f"{full_day(day)} {day.year}"
