"""RRULE lines to Graph's recurrence and back; what Graph cannot say exactly is refused.

https://learn.microsoft.com/en-us/graph/api/resources/recurrencepattern
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from calendars.providers.reading import read_date
from common.errors import BadReply, Unsupported
from common.wallclock import occurs_at, wall_clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calendars.providers.reading import Reply

Json = dict[str, object]
_DAYS: Final = {
    "MO": "monday",
    "TU": "tuesday",
    "WE": "wednesday",
    "TH": "thursday",
    "FR": "friday",
    "SA": "saturday",
    "SU": "sunday",
}
_CODES: Final = {name: code for code, name in _DAYS.items()}
_WEEK: Final = tuple(_DAYS)
_INDEXES: Final = {1: "first", 2: "second", 3: "third", 4: "fourth", -1: "last"}
_NUMBERS: Final = {name: number for number, name in _INDEXES.items()}
_PARTS: Final = frozenset(
    {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"}
)
_FREQ: Final = {"daily": "DAILY", "weekly": "WEEKLY", "absoluteMonthly": "MONTHLY"}
_FREQ_LONG: Final = {
    "relativeMonthly": "MONTHLY",
    "absoluteYearly": "YEARLY",
    "relativeYearly": "YEARLY",
}
_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)\Z")
# Outlook's "day", "weekday" and "weekend day": the nth of them is what BYSETPOS says too. Of
# other sets of days it takes the first that is an nth one.
_SETS: Final = (frozenset(_WEEK), frozenset(_WEEK[:5]), frozenset(_WEEK[5:]))
# Outlook takes the last day of a shorter month, RFC 5545 leaves that month out.
_LAST_SAFE_DAY = 28
_MONTH_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class First:
    """How a series begins: the wall time of its first start, its zone, and whether all-day."""

    wall: datetime
    timezone: str
    all_day: bool = False

    @property
    def day(self) -> date:
        return self.wall.date()

    @property
    def weekday(self) -> str:
        return _WEEK[self.wall.weekday()]


class _Rule:
    """One RRULE, its parts read. Raises Unsupported where it has such as Graph has not."""

    def __init__(self, lines: Sequence[str]) -> None:
        rules = [line for line in lines if line.upper().startswith("RRULE:")]
        if len(rules) != 1 or len(rules) != len(lines):
            raise _refusal("exceptions or extra dates in a new series")
        pairs = [part.partition("=") for part in rules[0][6:].upper().split(";") if part]
        self.parts = {name: value for name, _, value in pairs}
        unknown = set(self.parts) - _PARTS
        if unknown:
            raise _refusal(f"the rule part {min(unknown)}")
        self.days = [self._read_day(text) for text in self._list("BYDAY")]

    def _list(self, name: str) -> list[str]:
        return [text for text in self.parts.get(name, "").split(",") if text]

    def _read_day(self, text: str) -> tuple[int, str]:
        found = _DAY.match(text)
        if found is None:
            raise _refusal("the days of this rule")
        return int(found.group(1) or 0), found.group(2)

    def number(self, name: str) -> int | None:
        """The one number of a part, None when it has none; several are refused."""
        values = self._list(name)
        if not values:
            return None
        try:
            (value,) = (int(text) for text in values)
        except ValueError:
            raise _refusal(f"several values of {name}") from None
        return value

    def largest(self, name: str) -> int:
        """The largest number of a part, 0 without one."""
        return max((int(text) for text in self._list(name) if text.isdigit()), default=0)

    def only(self, *names: str) -> None:
        """Refuse other BY parts than these."""
        extra = {name for name in self.parts if name.startswith("BY")} - set(names)
        if extra:
            raise _refusal(f"{min(extra)} in this rule")


def to_graph(lines: Sequence[str], first: First, zone_name: str) -> Json:
    """The recurrence for a series that begins so. `zone_name` is the zone as sent to Graph.

    Raises Unsupported.
    """
    rule = _Rule(lines)
    pattern = _pattern(rule, first)
    interval = rule.number("INTERVAL")
    pattern["interval"] = 1 if interval is None else interval
    return {"pattern": pattern, "range": _range(rule, first, zone_name)}


def _pattern(rule: _Rule, first: First) -> Json:
    frequency = rule.parts.get("FREQ", "")
    if frequency == "DAILY" and not rule.days:
        rule.only()
        return {"type": "daily"}
    if frequency == "WEEKLY":
        return _weekly(rule, first)
    if frequency in {"MONTHLY", "YEARLY"}:
        return _monthly(rule, first, yearly=frequency == "YEARLY")
    raise _refusal("this kind of repetition")


def _weekly(rule: _Rule, first: First) -> Json:
    rule.only("BYDAY")
    if any(number for number, _ in rule.days):
        raise _refusal("numbered days in a weekly rule")
    codes = [code for _, code in rule.days] or [first.weekday]
    _starts_on_rule(first.weekday in codes)
    # RFC 5545 begins a week on Monday when nothing is said, Graph on Sunday.
    week_start = _DAYS.get(rule.parts.get("WKST", "MO"))
    if week_start is None:
        raise _refusal("the first day of the week")
    days = [_DAYS[code] for code in _WEEK if code in codes]
    return {"type": "weekly", "daysOfWeek": days, "firstDayOfWeek": week_start}


def _monthly(rule: _Rule, first: First, *, yearly: bool) -> Json:
    month = first.day.month
    pattern: Json = {}
    if yearly:
        month = rule.number("BYMONTH") or month
        _starts_on_rule(month == first.day.month)
        pattern["month"] = month
    if rule.days:
        rule.only("BYDAY", "BYSETPOS", *(["BYMONTH"] if yearly else []))
        return pattern | _relative(*_nth_day(rule), first, yearly=yearly)
    if _is_clamped(rule, first):
        kind = "absoluteYearly" if yearly else "absoluteMonthly"
        return {"type": kind, **pattern, "dayOfMonth": rule.largest("BYMONTHDAY")}
    rule.only("BYMONTHDAY", *(["BYMONTH"] if yearly else []))
    named = rule.number("BYMONTHDAY")
    if named == -1:
        return pattern | _relative(-1, _SETS[0], first, yearly=yearly)
    day = first.day.day if named is None else named
    longest = _MONTH_LENGTHS[month - 1] if yearly else _LAST_SAFE_DAY
    if not 1 <= day <= longest:
        raise _refusal(f"day {day} of a month, which not every month has")
    _starts_on_rule(day == first.day.day)
    return {"type": "absoluteYearly" if yearly else "absoluteMonthly", **pattern, "dayOfMonth": day}


def _relative(index: int, codes: frozenset[str], first: First, *, yearly: bool) -> Json:
    _starts_on_rule(_is_nth(first.day, index, codes))
    return {
        "type": "relativeYearly" if yearly else "relativeMonthly",
        "daysOfWeek": [_DAYS[code] for code in _WEEK if code in codes],
        "index": _INDEXES[index],
    }


def _nth_day(rule: _Rule) -> tuple[int, frozenset[str]]:
    """`BYDAY=2TU`, or `BYDAY=TU;BYSETPOS=2`, which say the same; several days only as a set."""
    position = rule.number("BYSETPOS")
    codes = frozenset(code for _, code in rule.days)
    numbers = {number for number, _ in rule.days}
    if len(codes) > 1 and (codes not in _SETS or numbers != {0}):
        raise _refusal("several days of a month")
    number = max(numbers)
    if len(numbers) > 1 or bool(min(numbers)) == (position is not None):
        raise _refusal("the days of this rule")
    index = number or position or 0
    if index not in _INDEXES:
        raise _refusal(f"day number {index} of a month")
    return index, codes


def _is_nth(day: date, index: int, codes: frozenset[str]) -> bool:
    month = [day.replace(day=number) for number in range(1, monthrange(day.year, day.month)[1] + 1)]
    fitting = [one for one in month if _WEEK[one.weekday()] in codes]
    place = index if index < 0 else index - 1
    return -len(fitting) <= place < len(fitting) and fitting[place] == day


def _is_clamped(rule: _Rule, first: First) -> bool:
    """Whether it is a late day of the month, or the last one of a shorter month (`_clamped`)."""
    if rule.parts.get("BYSETPOS") != "-1" or rule.days:
        return False
    day = rule.largest("BYMONTHDAY")
    if day <= _LAST_SAFE_DAY or rule.parts["BYMONTHDAY"] != _clamped(day):
        return False
    longest = monthrange(first.day.year, first.day.month)[1]
    _starts_on_rule(first.day.day == min(day, longest))
    return True


def _clamped(day: int) -> str:
    """The days of which, with BYSETPOS=-1, the last that a month has is Outlook's day."""
    return ",".join(str(number) for number in range(_LAST_SAFE_DAY, day + 1))


def _starts_on_rule(fits: bool) -> None:  # noqa: FBT001 -- reads as a condition
    """Graph would move a start that is no occurrence, RFC 5545 would count it as one."""
    if not fits:
        raise _refusal("a series that does not begin on one of its own days")


def _range(rule: _Rule, first: First, zone_name: str) -> Json:
    span: Json = {"startDate": first.day.isoformat(), "recurrenceTimeZone": zone_name}
    count = rule.number("COUNT")
    if count is not None:
        return {**span, "type": "numbered", "numberOfOccurrences": count}
    until = rule.parts.get("UNTIL")
    if until is not None:
        return {**span, "type": "endDate", "endDate": _end_date(until, first).isoformat()}
    return {**span, "type": "noEnd"}


def _end_date(until: str, first: First) -> date:
    """The last local date on which an occurrence may begin: UNTIL is an instant, and inclusive."""
    try:
        if len(until) == 8:
            return datetime.strptime(until, "%Y%m%d").replace(tzinfo=UTC).date()
        moment = datetime.strptime(until, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise _refusal("the end of this rule") from None
    last = wall_clock(moment, ZoneInfo(first.timezone))
    too_early = not first.all_day and last.time() < first.wall.time()
    return last.date() - timedelta(days=1) if too_early else last.date()


def _refusal(what: str) -> Unsupported:
    return Unsupported(what, f"Outlook cannot repeat an event like this: {what}.")


def from_graph(reply: Reply, first: First) -> tuple[str, ...]:
    """The RRULE line of a series master's recurrence. Raises BadReply."""
    pattern, span = reply.part("pattern"), reply.part("range")
    kind = pattern.text("type")
    frequency = _FREQ.get(kind) or _FREQ_LONG.get(kind)
    if frequency is None:
        raise BadReply
    parts = [f"FREQ={frequency}"]
    interval = pattern.number("interval", 1)
    if interval > 1:
        parts.append(f"INTERVAL={interval}")
    parts += _by_parts(pattern, kind)
    parts += _until_parts(span, first)
    return (f"RRULE:{';'.join(parts)}",)


def _by_parts(pattern: Reply, kind: str) -> list[str]:
    parts = [f"BYMONTH={pattern.number('month')}"] if kind.endswith("Yearly") else []
    if kind.startswith("absolute"):
        day = pattern.number("dayOfMonth")
        longest = _longest(pattern.number("month")) if kind == "absoluteYearly" else _LAST_SAFE_DAY
        if longest < day <= 31:
            return [*parts, f"BYMONTHDAY={_clamped(day)}", "BYSETPOS=-1"]
        return [*parts, f"BYMONTHDAY={day}"]
    if kind == "daily":
        return parts
    codes = [_CODES.get(name, "") for name in pattern.texts("daysOfWeek")]
    if not codes or not all(codes):
        raise BadReply
    if kind == "weekly":
        week_start = _CODES.get(pattern.text("firstDayOfWeek", "sunday"))
        if week_start is None:
            raise BadReply
        return [f"BYDAY={','.join(codes)}", f"WKST={week_start}"]
    index = _NUMBERS.get(pattern.text("index", "first"))
    if index is None:
        raise BadReply
    if len(codes) == 1:
        return [*parts, f"BYDAY={index}{codes[0]}"]
    return [*parts, f"BYDAY={','.join(codes)}", f"BYSETPOS={index}"]


def _longest(month: int) -> int:
    if not 1 <= month <= 12:
        raise BadReply
    return _MONTH_LENGTHS[month - 1]


def _until_parts(span: Reply, first: First) -> list[str]:
    kind = span.text("type")
    if kind == "noEnd":
        return []
    if kind == "numbered":
        return [f"COUNT={span.number('numberOfOccurrences')}"]
    if kind != "endDate":
        raise BadReply
    last = read_date(span.needed("endDate"))
    if first.all_day:
        return [f"UNTIL={last:%Y%m%d}"]
    moment = occurs_at(datetime.combine(last, first.wall.time()), ZoneInfo(first.timezone))
    return [f"UNTIL={moment:%Y%m%dT%H%M%SZ}"]
