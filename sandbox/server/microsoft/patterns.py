"""Graph's patternedRecurrence: checked, completed as Graph answers it, and expanded."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dateutil.rrule import rruleset

from sandbox.server.http import Json
from sandbox.server.instants import parse_day
from sandbox.server.series import one_rule

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
INDEXES = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
NEEDS = {
    "daily": frozenset({"interval"}),
    "weekly": frozenset({"interval", "daysOfWeek"}),
    "absoluteMonthly": frozenset({"interval", "dayOfMonth"}),
    "relativeMonthly": frozenset({"interval", "daysOfWeek"}),
    "absoluteYearly": frozenset({"interval", "dayOfMonth", "month"}),
    "relativeYearly": frozenset({"interval", "daysOfWeek", "month"}),
}
MAY = {"weekly": {"firstDayOfWeek"}, "relativeMonthly": {"index"}, "relativeYearly": {"index"}}
EMPTY: Json = {"interval": 0, "month": 0, "dayOfMonth": 0, "daysOfWeek": []}
EMPTY |= {"firstDayOfWeek": "sunday", "index": "first"}
NO_DAY = "0001-01-01"


class BadPattern(Exception):
    """The recurrence is not one that Graph takes; the text says why."""


def clean_recurrence(value: Any, first: datetime, zone_name: str) -> Json:
    """The recurrence with every member Graph answers. Raises BadPattern."""
    if not isinstance(value, dict) or not isinstance(value.get("pattern"), dict):
        raise BadPattern("Recurrence needs a pattern.")
    if not isinstance(value.get("range"), dict):
        raise BadPattern("Recurrence needs a range.")
    cleaned = {
        "pattern": _clean_pattern(value["pattern"]),
        "range": _clean_range(value["range"], first, zone_name),
    }
    rules = recurrence_rules(cleaned, first)
    if next(iter(rules), None) is None:
        raise BadPattern("The recurrence pattern has no occurrence in its range.")
    return cleaned


def _clean_pattern(sent: Json) -> Json:
    kind = sent.get("type")
    if kind not in NEEDS:
        raise BadPattern(f"Unknown recurrence pattern type '{kind}'.")
    given = {k: v for k, v in sent.items() if k != "type" and v is not None and v != EMPTY.get(k)}
    missing = NEEDS[kind] - set(given)
    if missing:
        raise BadPattern(f"A {kind} pattern needs {', '.join(sorted(missing))}.")
    extra = set(given) - NEEDS[kind] - MAY.get(kind, set())
    if extra:
        raise BadPattern(f"A {kind} pattern has no {', '.join(sorted(extra))}.")
    _check_values(given)
    return {"type": kind, **EMPTY, **given}


def _check_values(given: Json) -> None:
    days = given.get("daysOfWeek", [])
    if not isinstance(days, list) or not set(days) <= set(DAYS):
        raise BadPattern("daysOfWeek holds an unknown day.")
    if given.get("firstDayOfWeek", "sunday") not in DAYS:
        raise BadPattern("firstDayOfWeek is no day.")
    if given.get("index", "first") not in INDEXES:
        raise BadPattern("index is not one of first to last.")
    for name, most in (("interval", 999), ("dayOfMonth", 31), ("month", 12)):
        number = given.get(name, 1)
        if not isinstance(number, int) or not 1 <= number <= most:
            raise BadPattern(f"{name} is out of range.")


def _clean_range(sent: Json, first: datetime, zone_name: str) -> Json:
    kind = sent.get("type")
    if kind not in {"endDate", "noEnd", "numbered"}:
        raise BadPattern(f"Unknown recurrence range type '{kind}'.")
    if sent.get("startDate") != f"{first:%Y-%m-%d}":
        raise BadPattern("The startDate of the range has to be the date on which the event starts.")
    cleaned: Json = {
        "type": kind,
        "startDate": sent["startDate"],
        "endDate": NO_DAY,
        "recurrenceTimeZone": sent.get("recurrenceTimeZone") or zone_name,
        "numberOfOccurrences": 0,
    }
    if kind == "endDate":
        day = parse_day(str(sent.get("endDate")))
        if day is None or day < first.date():
            raise BadPattern("The endDate of the range has to be on or after its startDate.")
        cleaned["endDate"] = day.isoformat()
    if kind == "numbered":
        number = sent.get("numberOfOccurrences")
        if not isinstance(number, int) or not 1 <= number <= 999:
            raise BadPattern("numberOfOccurrences has to be between 1 and 999.")
        cleaned["numberOfOccurrences"] = number
    return cleaned


def recurrence_rules(recurrence: Json, first: datetime) -> rruleset:
    """The occurrences' wall starts."""
    pattern, span = recurrence["pattern"], recurrence["range"]
    parts = [*_rule(pattern), f"INTERVAL={pattern['interval']}"]
    if span["type"] == "numbered":
        parts.append(f"COUNT={span['numberOfOccurrences']}")
    if span["type"] == "endDate":
        parts.append(f"UNTIL={span['endDate'].replace('-', '')}T235959")
    found = rruleset(cache=True)
    found.rrule(one_rule(";".join(parts), first))
    return found


def _rule(pattern: Json) -> list[str]:
    kind = pattern["type"]
    days = "BYDAY=" + ",".join(day[:2].upper() for day in pattern["daysOfWeek"])
    if kind == "daily":
        return ["FREQ=DAILY"]
    if kind == "weekly":
        return ["FREQ=WEEKLY", days, f"WKST={pattern['firstDayOfWeek'][:2].upper()}"]
    parts = [f"FREQ={'MONTHLY' if kind.endswith('Monthly') else 'YEARLY'}"]
    if kind.endswith("Yearly"):
        parts.append(f"BYMONTH={pattern['month']}")
    if kind.startswith("relative"):
        # Several days mean the first (or nth) day of the month that is any of them.
        return [*parts, days, f"BYSETPOS={INDEXES[pattern['index']]}"]
    # Outlook takes the last day where a month is shorter; RFC 5545 would skip the month.
    near = ",".join(
        str(day) for day in range(min(28, pattern["dayOfMonth"]), pattern["dayOfMonth"] + 1)
    )
    return [*parts, f"BYMONTHDAY={near}", "BYSETPOS=-1"]
