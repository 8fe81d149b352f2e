"""Start and end of Google events: reading, checking, writing them in a zone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.server.google.errors import bad_request, google_error, invalid, required
from sandbox.server.http import Json
from sandbox.server.instants import iana_zone, parse_day, parse_instant, parse_wall, to_utc, to_wall


def zone_of(name: str) -> ZoneInfo:
    """The zone of an IANA name that was checked before."""
    return iana_zone(name) or ZoneInfo("UTC")


def clean_time(value: Any, default_zone: str, what: str) -> Json:
    """One of start, end, originalStartTime in its stored form. Refuses with 400."""
    if not isinstance(value, dict):
        raise required(f"Missing {what} time.")
    day, moment, named = value.get("date"), value.get("dateTime"), value.get("timeZone")
    if (day is None) == (moment is None):
        if day is None:
            raise required(f"Missing {what} time.")
        raise invalid(f"Invalid {what} time.")
    if named is not None and iana_zone(str(named)) is None:
        raise invalid(f"Invalid time zone definition for {what} time.")
    if day is not None:
        if parse_day(str(day)) is None:
            raise invalid(f"Invalid value for: Invalid format: {day!r}")
        return {"date": str(day)}
    zone = zone_of(named or default_zone)
    aware = parse_instant(str(moment))
    if aware is None:
        wall = parse_wall(str(moment))
        if wall is None:
            raise bad_request(f"Invalid value for: Invalid format: {moment!r}")
        if named is None:
            raise required(f"Missing time zone definition for {what} time.")
        aware = to_utc(wall, zone)
    return {"dateTime": written(aware, zone), "timeZone": named or default_zone}


def check_order(start: Json, end: Json, zone: ZoneInfo) -> None:
    if ("date" in start) != ("date" in end):
        raise invalid("The start and end times must either both be date or both be dateTime.")
    begins, ends = instant(start, zone), instant(end, zone)
    if ends < begins or ("date" in start and ends == begins):
        message = "The specified time range is empty."
        raise google_error(400, "timeRangeEmpty", message, domain="calendar")


def instant(value: Json, zone: ZoneInfo) -> datetime:
    """The instant in UTC; a date is midnight in the calendar's zone."""
    if "dateTime" in value:
        found = parse_instant(value["dateTime"])
        if found is None:
            raise ValueError(value["dateTime"])
        return found.astimezone(UTC)
    day = parse_day(value["date"])
    if day is None:
        raise ValueError(value["date"])
    return to_utc(datetime.combine(day, time()), zone)


def wall(value: Json) -> datetime:
    """What the event's own clocks show; midnight for a date."""
    if "dateTime" in value:
        return to_wall(instant(value, ZoneInfo("UTC")), zone_of(value["timeZone"]))
    day = parse_day(value["date"])
    if day is None:
        raise ValueError(value["date"])
    return datetime.combine(day, time())


def written(moment: datetime, zone: ZoneInfo) -> str:
    """The instant with the zone's offset, `Z` for none."""
    return moment.astimezone(zone).isoformat(timespec="seconds").replace("+00:00", "Z")


def shown(value: Json, zone: ZoneInfo) -> Json:
    """The stored time as an answer has it: written in the zone asked for."""
    if "date" in value:
        return {"date": value["date"]}
    moment = instant(value, zone)
    return {"dateTime": written(moment, zone), "timeZone": value["timeZone"]}


def shifted(
    value: Json, start: datetime, length: timedelta, end_zone: str = ""
) -> tuple[Json, Json]:
    """Start and end of the occurrence that begins at the wall time; the end in its own zone."""
    if "date" in value:
        return {"date": f"{start:%Y-%m-%d}"}, {"date": f"{start + length:%Y-%m-%d}"}
    zone = zone_of(value["timeZone"])
    begins = to_utc(start, zone)
    ends = begins + length
    there = end_zone or value["timeZone"]
    return (
        {"dateTime": written(begins, zone), "timeZone": value["timeZone"]},
        {"dateTime": written(ends, zone_of(there)), "timeZone": there},
    )


def query_instant(value: str, name: str) -> datetime | None:
    """timeMin and its kin: RFC 3339 with a mandatory offset. Refuses with 400 badRequest."""
    if not value:
        return None
    found = parse_instant(value)
    if found is None:
        raise google_error(400, "badRequest", "Bad Request", location=name)
    return found.astimezone(UTC)
