"""Recurring Zoom meetings with a fixed time: their recurrence and occurrences."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from sandbox.server.http import Json
from sandbox.server.instants import iana_zone, parse_instant, to_utc, to_wall, utc_text
from sandbox.server.records import Record
from sandbox.server.zoom.access import invalid, zoom_error

_DAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
_INTERVALS = {1: 99, 2: 50, 3: 10}
MOST = 60


def clean_recurrence(value: Any, start: datetime, zone: ZoneInfo) -> Json:
    """The recurrence, checked against Zoom's limits. Refuses with 400 code 300."""
    if not isinstance(value, dict) or value.get("type") not in _INTERVALS:
        raise invalid("recurrence.type", "Invalid recurrence type.")
    kind = value["type"]
    interval = value.get("repeat_interval", 1)
    if not isinstance(interval, int) or not 1 <= interval <= _INTERVALS[kind]:
        raise invalid("recurrence.repeat_interval", "Invalid repeat interval.")
    cleaned = {**value, "repeat_interval": interval}
    if not value.get("end_date_time"):
        times = value.get("end_times", 1)
        if not isinstance(times, int) or not 1 <= times <= MOST:
            raise invalid("recurrence.end_times", "Invalid end times.")
        cleaned["end_times"] = times
    try:
        list(_rule(cleaned, to_wall(start, zone), zone))
    except (ValueError, KeyError, IndexError):
        raise invalid("recurrence", "Invalid recurrence.") from None
    return cleaned


def _rule(recurrence: Json, first: datetime, zone: ZoneInfo) -> Any:
    parts = [f"INTERVAL={recurrence['repeat_interval']}"]
    if recurrence["type"] == 1:
        parts.append("FREQ=DAILY")
    elif recurrence["type"] == 2:
        days = str(recurrence.get("weekly_days") or (first.weekday() + 1) % 7 + 1)
        names = ",".join(_DAYS[int(day) - 1] for day in days.split(","))
        parts += ["FREQ=WEEKLY", f"BYDAY={names}"]
    elif recurrence.get("monthly_week"):
        day = _DAYS[int(recurrence["monthly_week_day"]) - 1]
        parts += ["FREQ=MONTHLY", f"BYDAY={int(recurrence['monthly_week'])}{day}"]
    else:
        parts += ["FREQ=MONTHLY", f"BYMONTHDAY={int(recurrence.get('monthly_day') or first.day)}"]
    if recurrence.get("end_date_time"):
        until = parse_instant(recurrence["end_date_time"])
        if until is None:
            raise ValueError(recurrence["end_date_time"])
        parts.append(f"UNTIL={to_wall(until, zone):%Y%m%dT%H%M%S}")
    else:
        parts.append(f"COUNT={recurrence['end_times']}")
    return rrulestr(";".join(parts), dtstart=first)


def occurrences_of(record: Record) -> list[Json]:
    """At most 60 occurrences; the id is the original start in milliseconds."""
    zone = iana_zone(record["timezone"]) or ZoneInfo("UTC")
    start = parse_instant(record["start_time"] or record["created_at"])
    if start is None:
        return []
    found = []
    for number, wall in enumerate(_rule(record["recurrence"], to_wall(start, zone), zone)):
        if number >= MOST:
            break
        moment = to_utc(wall, zone)
        key = str(int(moment.timestamp() * 1000))
        if key in record["removed"]:
            continue
        changed = record.get("changed", {}).get(key, {})
        plain = {"start_time": utc_text(moment), "duration": record["duration"]}
        found.append({"occurrence_id": key, **plain, "status": "available", **changed})
    return found


def find(record: Record, occurrence_id: str) -> Json:
    """The occurrence. Refuses with 400 code 3000."""
    known = occurrences_of(record) if record["recurrence"] else []
    for occurrence in known:
        if occurrence["occurrence_id"] == occurrence_id:
            return occurrence
    raise zoom_error(400, 3000, "Meeting occurrence does not exist.")


def change(record: Record, occurrence_id: str, sent: Json) -> None:
    kept = {name: sent[name] for name in ("start_time", "duration") if name in sent}
    if "start_time" in kept:
        moment = parse_instant(str(kept["start_time"]))
        if moment is None:
            raise invalid("start_time", "Invalid start_time.")
        kept["start_time"] = utc_text(moment)
    record.setdefault("changed", {}).setdefault(occurrence_id, {}).update(kept)
