"""Recurrence rules expanded in wall time, as both calendar providers do it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rruleset, rrulestr

from sandbox.server.instants import any_zone, to_utc, to_wall

MARGIN = timedelta(days=2)
_EVER = datetime(1900, 1, 1)  # noqa: DTZ001 -- a wall time
_UNTIL = re.compile(r"UNTIL=(\d{8}(?:T\d{6})?)(Z?)")
_LINE = re.compile(r"(RRULE|EXRULE|RDATE|EXDATE)((?:;[^:]*)?):(.+)\Z")
_TOO_OFTEN = re.compile(r"FREQ=(SECONDLY|MINUTELY|HOURLY)")


class BadRule(Exception):
    """The recurrence cannot be read or is not allowed."""


def rule_set(first: datetime, lines: list[str], zone: ZoneInfo, *, all_day: bool) -> rruleset:
    """The rules as one set over naive wall times. Raises BadRule."""
    found = rruleset(cache=True)
    for line in lines:
        matched = _LINE.match(line.strip())
        if not matched or _TOO_OFTEN.search(line):
            raise BadRule(line)
        name, parameters, value = matched.groups()
        try:
            _add(found, name, parameters, value, first=first, zone=zone, all_day=all_day)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BadRule(line) from error
    return found


def one_rule(text: str, first: datetime) -> rrule:
    """A single rule over wall times. Raises ValueError."""
    found = rrulestr(text, dtstart=first)
    if not isinstance(found, rrule):
        raise ValueError(text)  # noqa: TRY004 -- the text is what is wrong
    return found


def _add(
    found: rruleset,
    name: str,
    parameters: str,
    value: str,
    *,
    first: datetime,
    zone: ZoneInfo,
    all_day: bool,
) -> None:
    if name in {"RRULE", "EXRULE"}:
        rule = one_rule(_UNTIL.sub(lambda m: _until(m, zone, all_day=all_day), value), first)
        if name == "RRULE":
            found.rrule(rule)
        else:
            found.exrule(rule)
        return
    named = re.search(r"TZID=([^;:]+)", parameters)
    own = any_zone(named.group(1)) if named else zone
    if own is None:
        raise ValueError(parameters)
    for text in value.split(","):
        moment = _stamp(text, own, zone)
        if name == "RDATE":
            found.rdate(moment)
        else:
            found.exdate(moment)


def _until(matched: re.Match[str], zone: ZoneInfo, *, all_day: bool) -> str:
    """UNTIL is UTC for timed events and a date for all-day ones (RFC 5545, 3.3.10)."""
    text, utc = matched.groups()
    if all_day:
        if utc or len(text) != 8:
            raise BadRule(matched.group(0))
        return f"UNTIL={text}"
    if not utc:
        raise BadRule(matched.group(0))
    moment = datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    return f"UNTIL={to_wall(moment, zone):%Y%m%dT%H%M%S}"


def _stamp(text: str, own: ZoneInfo, zone: ZoneInfo) -> datetime:
    if len(text) == 8:
        return datetime.strptime(text, "%Y%m%d")  # noqa: DTZ007 -- a wall time
    if text.endswith("Z"):
        return to_wall(datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC), zone)
    wall = datetime.strptime(text, "%Y%m%dT%H%M%S")  # noqa: DTZ007 -- a wall time
    return to_wall(to_utc(wall, own), zone)


def wall_starts(
    rules: rruleset,
    zone: ZoneInfo,
    *,
    length: timedelta,
    after: datetime | None,
    before: datetime,
) -> list[datetime]:
    """Wall starts of the occurrences that may touch (after, before); the caller cuts exactly."""
    until = to_wall(before, zone) + MARGIN
    since = _EVER if after is None else to_wall(after, zone) - length - MARGIN
    return rules.between(since, until, inc=True)
