"""A seed's RRULE as Graph's recurrence: the few forms that seeds use."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sandbox.server.http import Json
from sandbox.server.instants import to_wall
from sandbox.server.microsoft.patterns import DAYS, BadPattern

_DAY = {day[:2].upper(): day for day in DAYS}
_INDEX = {1: "first", 2: "second", 3: "third", 4: "fourth", -1: "last"}


def from_rrule(lines: tuple[str, ...], first: datetime, zone: ZoneInfo) -> Json:
    """Daily, weekly, monthly and yearly rules with INTERVAL, BYDAY, COUNT and UNTIL.

    Raises BadPattern, KeyError or ValueError for the rest.
    """
    if len(lines) != 1 or not lines[0].startswith("RRULE:"):
        raise BadPattern("a seed has one RRULE")
    parts = dict(part.split("=", 1) for part in lines[0].removeprefix("RRULE:").split(";"))
    pattern = {"interval": int(parts.get("INTERVAL", "1")), **_pattern(parts, first)}
    span: Json = {"type": "noEnd", "startDate": f"{first:%Y-%m-%d}"}
    if "COUNT" in parts:
        span |= {"type": "numbered", "numberOfOccurrences": int(parts["COUNT"])}
    if "UNTIL" in parts:
        span |= {"type": "endDate", "endDate": _last_day(parts["UNTIL"], zone)}
    return {"pattern": pattern, "range": span}


def _pattern(parts: dict[str, str], first: datetime) -> Json:
    often = parts["FREQ"]
    days = parts.get("BYDAY", "")
    if often == "DAILY":
        return {"type": "daily"}
    if often == "WEEKLY":
        named = [_DAY[day] for day in days.split(",")] if days else [DAYS[first.weekday()]]
        return {"type": "weekly", "daysOfWeek": named}
    kind = {"MONTHLY": "Monthly", "YEARLY": "Yearly"}[often]
    month = {"month": first.month} if often == "YEARLY" else {}
    if days:
        chosen = {"daysOfWeek": [_DAY[days[-2:]]], "index": _INDEX[int(days[:-2])]}
        return {"type": f"relative{kind}", **chosen, **month}
    return {
        "type": f"absolute{kind}",
        "dayOfMonth": int(parts.get("BYMONTHDAY", first.day)),
        **month,
    }


def _last_day(text: str, zone: ZoneInfo) -> str:
    if len(text) == 8:
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    moment = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return f"{to_wall(moment, zone):%Y-%m-%d}"
