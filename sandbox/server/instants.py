"""Instants as the providers write them: parsing, formatting and the zone names they accept."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, available_timezones

from tzlocal.windows_tz import win_tz

_KNOWN = frozenset(available_timezones())
_WINDOWS = {name.lower(): zone for name, zone in win_tz.items()}


def parse_instant(value: str) -> datetime | None:
    """The aware instant an RFC 3339 text names, or None when it has no offset or is no instant."""
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return found if found.tzinfo else None


def parse_wall(value: str) -> datetime | None:
    """The naive wall time in the text, or None; an offset makes it no wall time."""
    try:
        found = datetime.fromisoformat(_six_digits(value.strip()))
    except ValueError:
        return None
    return None if found.tzinfo else found


def _six_digits(value: str) -> str:
    """Python reads six decimals; Graph writes seven."""
    head, dot, tail = value.partition(".")
    digits = tail.rstrip("Z")
    if not dot or not digits.isdigit():
        return value
    return f"{head}.{digits[:6].ljust(6, '0')}" + ("Z" if tail.endswith("Z") else "")


def parse_day(value: str) -> date | None:
    """The date in `YYYY-MM-DD`, or None."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def utc_text(moment: datetime, *, decimals: int = 0) -> str:
    """The instant in UTC as `...Z`, with that many decimals (0, 3 or 7)."""
    moment = moment.astimezone(UTC)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    if decimals:
        text += "." + f"{moment.microsecond:06d}".ljust(decimals, "0")[:decimals]
    return text + "Z"


def iana_zone(name: str) -> ZoneInfo | None:
    """The zone of an IANA name, or None when there is no such zone."""
    return ZoneInfo(name) if name in _KNOWN else None


def any_zone(name: str) -> ZoneInfo | None:
    """The zone of an IANA or a Windows name (Graph takes both), or None."""
    return iana_zone(_WINDOWS.get(name.lower(), name))


def to_utc(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the zone's clocks show that wall time."""
    return wall.replace(tzinfo=zone).astimezone(UTC)


def to_wall(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the zone's clocks show at that instant, naive."""
    return moment.astimezone(zone).replace(tzinfo=None)
