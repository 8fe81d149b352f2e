"""A rule as the editor knows it, from and to RRULE lines; what it does not know stays as it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from calendars.recurrence.lines import CODES, BadRule, Parts, read_rule, rules_in
from common.wallclock import starts_at, wall_clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

WORKDAYS: Final = (0, 1, 2, 3, 4)
WEEKEND: Final = (5, 6)
EVERY_DAY: Final = (0, 1, 2, 3, 4, 5, 6)
_ONE_DAY = timedelta(days=1)
_ONE_SECOND = timedelta(seconds=1)
_PLACES: Final = frozenset({-1, 1, 2, 3, 4, 5})


class Frequency(StrEnum):
    """How long one round of a rule is."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that the editor can show.

    `weekdays` (Monday is 0) are those of a week; with `nth` (1 to 5, -1 the last) the nth of them
    in a month, otherwise `month_day` (-1 the last), or the first start's own day. Months without
    that day are left out, or have it on their last one when `is_clamped` (as Outlook does).
    `until` is the last date, or the last instant (UTC), on which an occurrence may begin.
    """

    frequency: Frequency
    interval: int = 1
    weekdays: tuple[int, ...] = ()
    nth: int = 0
    month_day: int = 0
    is_clamped: bool = False
    month: int = 0
    until: date | None = None
    count: int | None = None
    week_start: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """Lines that can be read but not edited here; they are kept as they are."""

    lines: tuple[str, ...]


def parse_rule(lines: Sequence[str]) -> Rule | Kept:
    """The one rule of a series; EXDATE and RDATE lines stand beside it (see `with_rule`).

    Never raises: what cannot be read is kept.
    """
    texts = rules_in(lines)
    if len(texts) != 1 or any(line.upper().startswith("EXRULE") for line in lines):
        return Kept(tuple(lines))
    try:
        found = _rule(read_rule(texts[0]))
    except BadRule:
        found = None
    return found or Kept(tuple(lines))


def _rule(parts: Parts) -> Rule | None:
    """None where the editor has no field for it."""
    frequency = Frequency(parts.frequency)
    rule = Rule(
        frequency=frequency,
        interval=parts.interval,
        until=parts.until,
        count=parts.count,
        week_start=parts.week_start,
    )
    if set(parts.numbers) - {"BYMONTH", "BYMONTHDAY", "BYSETPOS"}:
        return None
    if frequency in {Frequency.DAILY, Frequency.WEEKLY}:
        return None if parts.numbers else _of_days(rule, parts)
    return _of_month(rule, parts)


def _of_days(rule: Rule, parts: Parts) -> Rule | None:
    weekdays = tuple(sorted({day for _, day in parts.days}))
    if rule.frequency is Frequency.WEEKLY:
        return replace(rule, weekdays=weekdays)
    if not weekdays:
        return rule
    # "Every day that is a Monday" is a week's rule said in another way.
    return (
        replace(rule, frequency=Frequency.WEEKLY, weekdays=weekdays) if rule.interval == 1 else None
    )


def _of_month(rule: Rule, parts: Parts) -> Rule | None:
    months, days = parts.of("BYMONTH"), parts.of("BYMONTHDAY")
    yearly = rule.frequency is Frequency.YEARLY
    if len(months) > int(yearly) or (yearly and not months and (days or parts.days)):
        return None
    rule = replace(rule, month=months[0] if months else 0)
    if parts.days:
        return None if days else _nth(rule, parts)
    if days and parts.of("BYSETPOS") == (-1,) and days == _clamped(days[-1]):
        return replace(rule, month_day=days[-1], is_clamped=True)
    if parts.of("BYSETPOS") or len(days) > 1 or (days and days[0] < -1):
        return None
    return replace(rule, month_day=days[0] if days else 0)


def _clamped(day: int) -> tuple[int, ...]:
    """The days of which, with BYSETPOS=-1, the last that a month has is the day wanted."""
    return tuple(range(28, day + 1))


def _nth(rule: Rule, parts: Parts) -> Rule | None:
    """`BYDAY=2TU`, or several days with BYSETPOS."""
    positions = parts.of("BYSETPOS")
    weekdays = tuple(sorted({day for _, day in parts.days}))
    if positions:
        is_plain = not any(number for number, _ in parts.days)
        nth = positions[0] if is_plain and len(positions) == 1 else 0
    else:
        nth = parts.days[0][0] if len(parts.days) == 1 else 0
    return replace(rule, weekdays=weekdays, nth=nth) if nth in _PLACES else None


def rule_lines(rule: Rule, start: date, zone: ZoneInfo) -> tuple[str, ...]:
    """The rule as one RRULE line, for a series that starts so.

    `start` is a datetime or, all-day, a date. A last date ends a timed series with the end of
    that day in its zone, in UTC as RFC 5545 has it; an all-day one with the date.
    """
    parts = [f"FREQ={rule.frequency}"]
    if rule.interval > 1:
        parts.append(f"INTERVAL={rule.interval}")
    parts += _by_parts(rule)
    if rule.count is not None:
        parts.append(f"COUNT={rule.count}")
    elif rule.until is not None:
        parts.append(f"UNTIL={_until(rule.until, start, zone)}")
    if rule.week_start and rule.frequency is Frequency.WEEKLY:
        parts.append(f"WKST={CODES[rule.week_start]}")
    return (f"RRULE:{';'.join(parts)}",)


def _by_parts(rule: Rule) -> list[str]:
    parts = [f"BYMONTH={rule.month}"] if rule.month else []
    codes = ",".join(CODES[day] for day in rule.weekdays)
    if rule.nth and len(rule.weekdays) == 1:
        return [*parts, f"BYDAY={rule.nth}{codes}"]
    if codes:
        parts.append(f"BYDAY={codes}")
    if rule.nth:
        parts.append(f"BYSETPOS={rule.nth}")
    if rule.is_clamped:
        days = ",".join(str(day) for day in _clamped(rule.month_day))
        parts += [f"BYMONTHDAY={days}", "BYSETPOS=-1"]
    elif rule.month_day:
        parts.append(f"BYMONTHDAY={rule.month_day}")
    return parts


def _until(until: date, start: date, zone: ZoneInfo) -> str:
    if not isinstance(start, datetime):
        return f"{last_day(until, zone):%Y%m%d}"
    if isinstance(until, datetime):
        moment = until.astimezone(UTC) if until.tzinfo else starts_at(until, zone)
    else:
        moment = starts_at(datetime.combine(until + _ONE_DAY, time(0)), zone) - _ONE_SECOND
    return f"{moment:%Y%m%dT%H%M%SZ}"


def ends_on(rule: Rule, zone: ZoneInfo, start: date | None = None) -> date | None:
    """The last date on which an occurrence may begin, in the zone; None without such an end.

    With the first wall time: an instant that comes before it in its day ends on the day before.
    """
    return None if rule.until is None else last_day(rule.until, zone, start)


def last_day(until: date, zone: ZoneInfo, start: date | None = None) -> date:
    """The same, of what UNTIL says."""
    if not isinstance(until, datetime):
        return until
    wall = wall_clock(until, zone) if until.tzinfo else until
    is_early = isinstance(start, datetime) and wall.time() < start.time()
    return wall.date() - _ONE_DAY if is_early else wall.date()


def with_rule(lines: Sequence[str], rule: Sequence[str]) -> tuple[str, ...]:
    """The series' lines with its rule replaced, and its extra and left-out dates as they were."""
    others = [line for line in lines if not line.upper().startswith("RRULE")]
    return (*rule, *others)


def rule_of(frequency: Frequency, start: date, *, nth: bool = False, **more: object) -> Rule:
    """The plainest rule of that kind that the start fits: its weekday, day of the month or year.

    With `nth` a month's or year's rule counts weekdays: the third Wednesday, the last one when
    there is no other after it and it would be the fifth.
    """
    rule = Rule(frequency=frequency)
    if frequency is Frequency.WEEKLY:
        rule = replace(rule, weekdays=(start.weekday(),))
    elif frequency in {Frequency.MONTHLY, Frequency.YEARLY}:
        place = (start.day - 1) // 7 + 1
        counted = {"weekdays": (start.weekday(),), "nth": -1 if place == 5 else place}
        rule = replace(rule, **counted) if nth else replace(rule, month_day=start.day)  # type: ignore[arg-type]
        if frequency is Frequency.YEARLY:
            rule = replace(rule, month=start.month)
    return replace(rule, **more)  # type: ignore[arg-type]
