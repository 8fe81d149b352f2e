"""Recurrence lines as text: their parts, days and dates (RFC 5545, 3.3.10 and 3.8.5)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from common.wallclock import occurs_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

CODES: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)\Z")
_LINE = re.compile(r"(RRULE|EXRULE|RDATE|EXDATE)((?:;[^:;]+)*):(\S+)\Z", re.IGNORECASE)
_KNOWN: Final = frozenset(
    {
        "FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS",
        "BYYEARDAY", "BYWEEKNO", "BYHOUR", "BYMINUTE", "BYSECOND",
    }
)  # fmt: skip
# The least and the most of each list of numbers; negative ones count from the end.
_BOUNDS: Final = {
    "BYMONTH": (1, 12, False),
    "BYMONTHDAY": (1, 31, True),
    "BYSETPOS": (1, 366, True),
    "BYYEARDAY": (1, 366, True),
    "BYWEEKNO": (1, 53, True),
    "BYHOUR": (0, 23, False),
    "BYMINUTE": (0, 59, False),
    "BYSECOND": (0, 59, False),
}
_FIRST_YEAR: Final = 1900
_FOR_EVER: Final = datetime(9998, 12, 31)  # noqa: DTZ001 -- a wall time
_EXPANDED: Final = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_NUMBERED: Final = frozenset({"MONTHLY", "YEARLY"})


class BadRule(ValueError):
    """Recurrence lines that cannot be read, or repeat in a way that is not supported."""


@dataclass(frozen=True, slots=True)
class Parts:
    """One RRULE, read. `until` is an instant (UTC), a wall time or a date, and inclusive.

    `days` are pairs of a number (0 for every one) and a weekday (Monday is 0).
    """

    frequency: str
    interval: int = 1
    count: int | None = None
    until: date | None = None
    week_start: int = 0
    days: tuple[tuple[int, int], ...] = ()
    numbers: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def of(self, name: str) -> tuple[int, ...]:
        """The numbers of a BY part, none when it is not there."""
        return self.numbers.get(name, ())


@dataclass(frozen=True, slots=True)
class Dates:
    """An EXDATE or RDATE line, read: instants (UTC) for times, dates for days."""

    name: str
    moments: tuple[date, ...]


def split(line: str) -> tuple[str, dict[str, str], str]:
    """A line's name, parameters and value. Raises BadRule."""
    found = _LINE.match(line.strip())
    if found is None:
        raise BadRule(f"This is no recurrence line: {line[:80]}")
    pairs = [text.partition("=") for text in found.group(2).split(";") if text]
    return found.group(1).upper(), {k.upper(): v for k, _, v in pairs}, found.group(3)


def rules_in(lines: Iterable[str]) -> list[str]:
    """The values of the RRULE lines."""
    return [line.partition(":")[2] for line in lines if line.upper().startswith("RRULE")]


def read_rule(text: str) -> Parts:
    """The parts of an RRULE's value. Raises BadRule."""
    pairs = [part.partition("=") for part in text.strip().upper().split(";") if part]
    given = {name: value for name, _, value in pairs}
    if len(given) != len(pairs):
        raise BadRule("A part of the rule stands there twice.")
    if not all(given.values()):
        raise BadRule("A part of the rule says nothing.")
    unknown = set(given) - _KNOWN
    if unknown:
        raise BadRule(f"There is no rule part {min(unknown)[:20]}.")
    frequency = given.get("FREQ", "")
    if frequency not in _EXPANDED:
        raise BadRule(f"An event cannot repeat {frequency[:20] or 'without FREQ'}.")
    if "COUNT" in given and "UNTIL" in given:
        raise BadRule("A rule ends by COUNT or by UNTIL, not by both.")
    days = tuple(_day(part) for part in given.get("BYDAY", "").split(",") if part)
    if any(number for number, _ in days) and frequency not in _NUMBERED:
        raise BadRule("Only monthly and yearly rules count weekdays.")
    return Parts(
        frequency=frequency,
        interval=_positive(given, "INTERVAL") or 1,
        count=_positive(given, "COUNT"),
        until=_until(given["UNTIL"]) if "UNTIL" in given else None,
        week_start=_week_start(given.get("WKST", "MO")),
        days=days,
        numbers={name: _numbers(name, given[name]) for name in _BOUNDS if name in given},
    )


def read_dates(line: str, zone: ZoneInfo) -> Dates:
    """An EXDATE or RDATE line; times without a zone of their own are in `zone`. Raises BadRule."""
    name, parameters, value = split(line)
    if name not in {"EXDATE", "RDATE"} or parameters.get("VALUE", "") == "PERIOD":
        raise BadRule(f"{name} lines like this are not supported.")
    own = zone
    if "TZID" in parameters:
        try:
            own = ZoneInfo(parameters["TZID"])
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise BadRule("The time zone of a date is unknown.") from None
    return Dates(name, tuple(_instant(text, own) for text in value.split(",")))


def _instant(text: str, zone: ZoneInfo) -> date:
    moment = _until(text.upper())
    if isinstance(moment, datetime) and moment.tzinfo is None:
        return occurs_at(moment, zone)
    return moment


def _until(text: str) -> date:
    """A date, a wall time, or with a Z an instant. Raises BadRule."""
    form = "%Y%m%d" if len(text) == 8 else "%Y%m%dT%H%M%S"
    try:
        moment = datetime.strptime(text.removesuffix("Z"), form)  # noqa: DTZ007 -- a wall time
    except ValueError:
        raise BadRule(f"This is no date and no time: {text[:20]}") from None
    if moment.year < _FIRST_YEAR:
        raise BadRule("A year in the rule is out of reach.")
    # Some write "for ever" as the last day of all, to which no zone can be applied.
    moment = min(moment, _FOR_EVER)
    if len(text) == 8:
        return moment.date()
    return moment.replace(tzinfo=UTC) if text.endswith("Z") else moment


def _day(text: str) -> tuple[int, int]:
    found = _DAY.match(text)
    if found is None or found.group(1) in {"0", "+0", "-0", "00"}:
        raise BadRule(f"This is no weekday: {text[:10]}")
    return int(found.group(1) or 0), CODES.index(found.group(2))


def _week_start(code: str) -> int:
    if code not in CODES:
        raise BadRule("WKST is no weekday.")
    return CODES.index(code)


def _positive(given: dict[str, str], name: str) -> int | None:
    if name not in given:
        return None
    text = given[name]
    if not text.isascii() or not text.isdigit() or len(text) > 6 or int(text) < 1:
        raise BadRule(f"{name} has to be a number from 1 on.")
    return int(text)


def _numbers(name: str, text: str) -> tuple[int, ...]:
    least, most, may_be_negative = _BOUNDS[name]
    try:
        found: Sequence[int] = sorted({int(part) for part in text.split(",")})
    except ValueError:
        raise BadRule(f"{name} holds something that is no number.") from None
    for number in found:
        size = abs(number) if may_be_negative else number
        if not least <= size <= most:
            raise BadRule(f"{name} holds {number}, which is out of range.")
    return tuple(found)
