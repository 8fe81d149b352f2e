"""Times as calendar messages write them: dates, instants, wall times in zones of any name."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from booking.enums import MailReason
from booking.itip.shapes import Moment, Unreadable
from calendars.providers.microsoft.zones import iana_name
from common.wallclock import occurs_at

if TYPE_CHECKING:
    from booking.itip.lines import Component, Property

_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)")
_TIME = re.compile(r"(\d{8})T(\d\d)(\d\d)(\d\d)(Z?)", re.IGNORECASE)
_DURATION = re.compile(
    r"\+?P(?:(\d{1,4})W|(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?)"
)
_OFFSET = re.compile(r"([+-])(\d\d)(\d\d)(\d\d)?")
_YEARLY = re.compile(r"(-?[1-5])?(MO|TU|WE|TH|FR|SA|SU)")
_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_YEARS: Final = range(1970, 2101)
# Outlook's zones begin in 1601, others when railways agreed on one.
_YEARS_OF_ZONES: Final = range(1601, 9999)
_MOST_OBSERVANCES: Final = 20
_FOR_EVER: Final = datetime(9000, 1, 1)  # noqa: DTZ001 -- a wall time
_LONGEST_ZONE: Final = 200


def moment_of(found: Property, calendar: Component) -> Moment:
    """The time a property says. A zone goes by its name first: what programs ship is often cut.

    Raises Unreadable.
    """
    value = found.value.strip()
    if found.params.get("VALUE", "").upper() == "DATE" or _DATE.fullmatch(value):
        return Moment(on=_date(value))
    wall, is_utc = _wall(value)
    if is_utc:
        return Moment(at=wall.replace(tzinfo=UTC), wall=wall, zone="UTC")
    name = found.params.get("TZID", "").strip()[:_LONGEST_ZONE]
    if not name:
        return Moment(wall=wall)
    shipped = _shipped(name, calendar)
    zone = zone_named(name) or (zone_named(shipped.text("X-LIC-LOCATION")) if shipped else "")
    if zone:
        return Moment(at=occurs_at(wall, ZoneInfo(zone)), wall=wall, zone=zone)
    if shipped is None:
        raise Unreadable(MailReason.MALFORMED, "It names a time zone that is not known.")
    at = (wall - _offset_at(shipped, wall)).replace(tzinfo=UTC)
    return Moment(at=at, wall=wall)


def instant_of(found: Property) -> datetime:
    """A time that has to be in UTC; one that forgets to say so is taken as such."""
    return _wall(found.value.strip())[0].replace(tzinfo=UTC)


def length_of(found: Property) -> timedelta:
    """A DURATION. Raises Unreadable."""
    hit = _DURATION.fullmatch(found.value.strip().upper())
    if hit is None or not any(hit.groups()):
        raise Unreadable(MailReason.MALFORMED, "It says a length that is none.")
    weeks, days, hours, minutes, seconds = (int(one or 0) for one in hit.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def zone_named(name: str) -> str:
    """The IANA name in what programs call a zone, Windows names and paths among them; or blank."""
    pieces = name.strip().strip('"').strip("/").split("/")
    for count in range(len(pieces), 0, -1):
        found = iana_name("/".join(pieces[-count:])) if count <= 3 else ""
        if found:
            return found
    return ""


def _date(value: str, years: range = _YEARS) -> date:
    hit = _DATE.fullmatch(value)
    try:
        day = date(*map(int, hit.groups())) if hit else None
    except ValueError:
        day = None
    if day is None or day.year not in years:
        raise Unreadable(MailReason.MALFORMED, "It says a day that is none.")
    return day


def _wall(value: str, years: range = _YEARS) -> tuple[datetime, bool]:
    hit = _TIME.fullmatch(value)
    if hit is None:
        raise Unreadable(MailReason.MALFORMED, "It says a time that is none.")
    day, hour, minute, second = _date(hit[1], years), *map(int, hit.groups()[1:4])
    try:
        wall = datetime(day.year, day.month, day.day, hour, minute, min(second, 59))  # noqa: DTZ001 -- a wall time
    except ValueError:
        raise Unreadable(MailReason.MALFORMED, "It says a time that is none.") from None
    return wall, bool(hit[5])


def _shipped(name: str, calendar: Component) -> Component | None:
    return next(
        (
            one
            for one in calendar.children
            if one.name == "VTIMEZONE" and one.text("TZID").strip() == name
        ),
        None,
    )


def _offset_at(zone: Component, wall: datetime) -> timedelta:
    """The offset that the shipped rules give that wall time. Raises Unreadable."""
    rules = [one for one in zone.children if one.name in {"STANDARD", "DAYLIGHT"}]
    if not rules or len(rules) > _MOST_OBSERVANCES:
        raise _unknown_rules()
    onsets = [(onset, rule) for rule in rules for onset in _onsets(rule, wall.year)]
    before = [pair for pair in onsets if pair[0] <= wall]
    if before:
        latest = max(before, key=lambda pair: pair[0])
        return _offset(latest[1].one("TZOFFSETTO"))
    return _offset(min(onsets, key=lambda pair: pair[0])[1].one("TZOFFSETFROM"))


def _onsets(rule: Component, year: int) -> list[datetime]:
    """When the rule began to hold: its start, and each year's turn until `year`."""
    begins = rule.one("DTSTART")
    if begins is None:
        raise _unknown_rules()
    first = _turned(begins.value.strip())
    found = [first, *(_turned(one.value.strip()) for one in rule.all("RDATE")[:50])]
    repeated = rule.one("RRULE")
    if repeated is None:
        return found
    parts = dict(piece.split("=", 1) for piece in repeated.value.upper().split(";") if "=" in piece)
    day = _YEARLY.fullmatch(parts.get("BYDAY", ""))
    month = parts.get("BYMONTH", str(first.month))
    is_known = parts.get("FREQ") == "YEARLY" and parts.get("INTERVAL", "1") == "1"
    if not is_known or set(parts) - {"FREQ", "INTERVAL", "BYMONTH", "BYDAY", "UNTIL", "WKST"}:
        raise _unknown_rules()
    if not month.isdecimal() or not 1 <= int(month) <= 12 or (parts.get("BYDAY") and day is None):
        raise _unknown_rules()
    until = _until(parts.get("UNTIL", ""))
    for one in (year - 1, year):
        when = first.replace(year=one, day=1, month=int(month))
        on = _turn(when, int(day[1] or 1), day[2]) if day else _same_day(when, first.day)
        if first <= on <= until:
            found.append(on)
    return found


def _until(value: str) -> datetime:
    if not value:
        return _FOR_EVER
    wall = value if "T" in value else f"{value}T235959Z"
    # It is in UTC; a day's difference decides nothing about the turn of another year.
    return _turned(wall) + timedelta(days=1)


def _turned(value: str) -> datetime:
    return _wall(value, _YEARS_OF_ZONES)[0]


def _turn(month: datetime, nth: int, weekday: str) -> datetime:
    """The nth such weekday of the month, counted from its end when negative."""
    wanted = _DAYS.index(weekday)
    if nth > 0:
        return month + timedelta(days=(wanted - month.weekday()) % 7 + 7 * (nth - 1))
    following = (month + timedelta(days=32)).replace(day=1)
    last = following - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - wanted) % 7 + 7 * (-nth - 1))


def _same_day(month: datetime, day: int) -> datetime:
    return month + timedelta(days=min(day, 28) - 1)


def _offset(found: Property | None) -> timedelta:
    hit = _OFFSET.fullmatch(found.value.strip()) if found else None
    if hit is None:
        raise _unknown_rules()
    hours, minutes, seconds = int(hit[2]), int(hit[3]), int(hit[4] or 0)
    if hours > 24 or minutes > 59 or seconds > 59:
        raise _unknown_rules()
    size = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return -size if hit[1] == "-" else size


def _unknown_rules() -> Unreadable:
    return Unreadable(MailReason.MALFORMED, "It names a time zone that is not known.")
