"""Graph's time zones: Windows names to IANA names and back, and times written in them.

https://learn.microsoft.com/en-us/graph/api/resources/datetimetimezone
The table is CLDR's windowsZones, from tzlocal.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from tzlocal.windows_tz import tz_win, win_tz

from calendars.providers.reading import known_zone, within_reach
from common.errors import BadReply
from common.spans import in_utc
from common.wallclock import wall_clock

if TYPE_CHECKING:
    from datetime import date

    from calendars.providers.reading import Reply

_IANA: Final = {name.lower(): zone for name, zone in win_tz.items()}
_SEASONS = tuple(timedelta(days=91 * quarter) for quarter in range(4))


def iana_name(name: str, *, near: str = "") -> str:
    """The IANA name of a Windows or IANA name, blank for an unknown one.

    Many zones share one Windows name: `near` is taken when it is one of them.
    """
    if known_zone(name):
        return name
    if near and tz_win.get(near, "").lower() == name.lower():
        return near
    return known_zone(_IANA.get(name.lower(), ""))


def windows_name(zone: str) -> str:
    """The Windows name of an IANA zone, blank when there is none."""
    return tz_win.get(zone, "")


def written(moment: datetime, zone: str) -> dict[str, str]:
    """The instant as Graph's dateTimeTimeZone, in that zone where Windows keeps the same time.

    Where it does not, in UTC: the instant matters more than the name.
    """
    at = in_utc(moment)
    windows = windows_name(zone)
    if windows and _agree(at, zone, windows):
        wall = wall_clock(at, ZoneInfo(zone))
        # In the repeated hour of autumn a wall time says its first instant only.
        if wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) == at:
            return _named(wall, windows)
    return _named(at, "UTC")


def _named(wall: datetime, zone: str) -> dict[str, str]:
    return {"dateTime": f"{wall:%Y-%m-%dT%H:%M:%S}", "timeZone": zone}


def midnight(day: date, zone: str) -> dict[str, str]:
    """The start or end of an all-day event: midnight, said in one zone for both."""
    return {"dateTime": f"{day.isoformat()}T00:00:00", "timeZone": windows_name(zone) or "UTC"}


def keeps_same_time(first: datetime, zone: str) -> bool:
    """Whether a series in the zone would stay on time under its Windows name, all year round."""
    windows = windows_name(zone)
    return bool(windows) and all(_agree(in_utc(first) + later, zone, windows) for later in _SEASONS)


def _agree(at: datetime, zone: str, windows: str) -> bool:
    standard = known_zone(_IANA.get(windows.lower(), ""))
    if not standard:
        return False
    return (
        at.astimezone(ZoneInfo(zone)).utcoffset() == at.astimezone(ZoneInfo(standard)).utcoffset()
    )


def read_wall(reply: Reply) -> datetime:
    """The naive wall time of a dateTimeTimeZone. Raises BadReply."""
    try:
        wall = within_reach(datetime.fromisoformat(reply.needed("dateTime")))
    except ValueError:
        raise BadReply from None
    if wall.tzinfo is not None:
        raise BadReply
    return wall


def read_instant(reply: Reply) -> datetime:
    """The instant of a dateTimeTimeZone, in UTC. Raises BadReply."""
    zone = iana_name(reply.text("timeZone", "UTC"))
    if not zone:
        raise BadReply
    return read_wall(reply).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
