"""Reading a feed in a process of its own, which knows no secret and may use little.

Run as a script: the first line of its input is JSON (`zone`, `start`, `end`), the rest is the
feed. It answers with JSON, `{"name", "events"}` or `{"refused"}` in words. Whatever a feed makes
the parser or a rule do, it is stopped by time and memory, and only this process with it. It imports
nothing of ours.
"""

from __future__ import annotations

import json
import resource
import sys
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

MOST_EVENTS = 10_000
MOST_OCCURRENCES = 20_000
MOST_LINES = 400_000
DEEPEST = 4
SECONDS = 9
MEMORY = 768 * 1024 * 1024
LONGEST = 20_000
ONE_DAY = timedelta(days=1)
OFTEN = frozenset({"SECONDLY", "MINUTELY", "HOURLY"})


class Refused(Exception):
    """The feed is none that is read; the text says why."""


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    asked = json.loads(sys.stdin.buffer.readline())
    feed = sys.stdin.buffer.read()
    try:
        answer = read(
            feed,
            ZoneInfo(asked["zone"]),
            datetime.fromisoformat(asked["start"]),
            datetime.fromisoformat(asked["end"]),
        )
    except Refused as error:
        answer = {"refused": str(error)}
    json.dump(answer, sys.stdout)


def read(feed: bytes, zone: ZoneInfo, start: datetime, end: datetime) -> dict[str, Any]:
    """The feed's name and its events that touch the span, series expanded. Raises Refused."""
    import icalendar  # noqa: PLC0415 -- slow import
    import recurring_ical_events  # noqa: PLC0415 -- slow import

    check(feed)
    try:
        calendar = icalendar.Calendar.from_ical(feed)
        events = list(calendar.walk("VEVENT"))
        repeating = {str(event.get("UID", "")) for event in events if repeats(event)}
        # A day more on either side: floating times and dates are instants only in a zone.
        found = recurring_ical_events.of(calendar).between(start - ONE_DAY, end + ONE_DAY)
    except Refused:
        raise
    except Exception as error:  # whatever a parser makes of hostile text
        raise Refused("What it holds could not be read as a calendar.") from error
    if len(found) > MOST_OCCURRENCES:
        raise Refused("It holds more events than are read.")
    told = [one for event in found if (one := as_told(event, repeating, zone)) is not None]
    within = [one for one in told if one["ends"] > as_text(start) and one["begins"] < as_text(end)]
    return {"name": str(calendar.get("X-WR-CALNAME", ""))[:255], "events": within}


def check(feed: bytes) -> None:
    """Refuse what is no calendar or a bomb, before a parser looks at it."""
    try:
        text = feed.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("What it holds is not in UTF-8.") from None
    lines = text.splitlines()
    if not lines or lines[0].strip().upper() != "BEGIN:VCALENDAR":
        raise Refused("What it holds is not a calendar.")
    if len(lines) > MOST_LINES:
        raise Refused("It holds more than is read.")
    depth = events = 0
    for line in lines:
        head = line[:15].upper()
        if head.startswith("BEGIN:"):
            depth += 1
            events += head == "BEGIN:VEVENT"
        elif head.startswith("END:"):
            depth -= 1
        if depth > DEEPEST:
            raise Refused("Its parts are nested too deep.")
    if events > MOST_EVENTS:
        raise Refused("It holds more events than are read.")


def repeats(event: Any) -> bool:
    """Whether the component is of a series. Raises Refused for one more often than daily."""
    rules = event.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        if {str(word).upper() for word in rule.get("FREQ", [])} & OFTEN:
            raise Refused("It holds an event that repeats more often than daily.")
    return any(name in event for name in ("RRULE", "RDATE", "RECURRENCE-ID"))


def as_told(event: Any, repeating: set[str], zone: ZoneInfo) -> dict[str, Any] | None:
    """One occurrence in plain values; None for one without a time, or that was called off."""
    begins, ends = moment(event, "DTSTART"), moment(event, "DTEND")
    status = str(event.get("STATUS", "CONFIRMED")).upper()
    if begins is None or status == "CANCELLED":
        return None
    ends = begins if ends is None else ends
    uid = str(event.get("UID", ""))[:900]
    original = moment(event, "RECURRENCE-ID") or begins
    is_all_day = not isinstance(begins, datetime)
    return {
        "uid": uid,
        "repeats": uid in repeating,
        "original": as_text(instant(original, zone)),
        "begins": as_text(instant(begins, zone)),
        "ends": as_text(instant(ends, zone)),
        "begins_wall": wall(begins, zone),
        "ends_wall": wall(ends, zone),
        "begins_zone": zone.key if is_all_day else zone_of(begins, zone),
        "ends_zone": zone.key if is_all_day else zone_of(ends, zone),
        "all_day": is_all_day,
        "title": text(event, "SUMMARY"),
        "description": text(event, "DESCRIPTION"),
        "location": text(event, "LOCATION"),
        "busy": str(event.get("TRANSP", "OPAQUE")).upper() != "TRANSPARENT",
        "tentative": status == "TENTATIVE",
        "shown_as": str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper(),
        "private": str(event.get("CLASS", "PUBLIC")).upper() in {"PRIVATE", "CONFIDENTIAL"},
    }


def moment(event: Any, name: str) -> date | None:
    value = getattr(event.get(name), "dt", None)
    return value if isinstance(value, date) else None


def instant(value: date, zone: ZoneInfo) -> datetime:
    """In UTC; floating times and dates are of the zone."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)


def zone_of(value: date, zone: ZoneInfo) -> str:
    """The IANA name of the event's own zone; UTC for one that has none of that name."""
    own = getattr(value, "tzinfo", None)
    return zone.key if own is None else str(getattr(own, "key", "UTC"))


def wall(value: date, zone: ZoneInfo) -> str:
    if not isinstance(value, datetime):
        return value.isoformat()
    if value.tzinfo is not None and getattr(value.tzinfo, "key", None) is None:
        value = value.astimezone(UTC)
    return value.replace(tzinfo=None).isoformat(timespec="seconds")


def text(event: Any, name: str) -> str:
    value = event.get(name, "")
    return str(value[0] if isinstance(value, list) else value)[:LONGEST]


def as_text(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds")


if __name__ == "__main__":
    main()
