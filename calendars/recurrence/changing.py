"""A series moved, ended early or begun later: what becomes of its lines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from calendars.recurrence.expansion import all_until
from calendars.recurrence.lines import BadRule, read_dates, read_rule, rules_in, split
from calendars.recurrence.rules import (
    Frequency,
    Kept,
    Rule,
    last_day,
    parse_rule,
    rule_lines,
    rule_of,
)
from common.wallclock import occurs_at, starts_at, wall_clock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from zoneinfo import ZoneInfo

    from calendars.recurrence.expansion import Occurrence

_ONE_DAY = timedelta(days=1)
_ONE_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Series:
    """A series' lines, its first wall time (naive) or date, and its zone."""

    lines: tuple[str, ...]
    start: date
    zone: ZoneInfo

    @property
    def is_all_day(self) -> bool:
        return not isinstance(self.start, datetime)

    @property
    def rule(self) -> Rule | Kept:
        return parse_rule(self.lines)


def ended(
    lines: Sequence[str], *, until: date | None = None, count: int | None = None
) -> tuple[str, ...]:
    """The lines with the rule's end replaced: a date, an instant (aware), a number, or none."""
    end = []
    if count is not None:
        end.append(f"COUNT={count}")
    elif isinstance(until, datetime):
        end.append(f"UNTIL={until.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    elif until is not None:
        end.append(f"UNTIL={until:%Y%m%d}")
    return tuple(_with_end(line, end) if _is_rule(line) else line for line in lines)


def _is_rule(line: str) -> bool:
    return line.upper().startswith("RRULE")


def _with_end(line: str, end: list[str]) -> str:
    name, _, value = line.partition(":")
    parts = [p for p in value.split(";") if not p.upper().startswith(("COUNT=", "UNTIL="))]
    return f"{name}:{';'.join([*parts, *end])}"


def moved(series: Series, start: date, zone: ZoneInfo) -> Series:
    """The series begun at another wall time or date, its rule moved along by as many days.

    A last day moves along too, and the dates left out or added by as much as the start. A rule
    that cannot be moved keeps its days (see `check_lines`). Raises BadRule.
    """
    days = _start(start).date() - _start(series.start).date()
    lines, rule = series.lines, series.rule
    if days and isinstance(rule, Rule):
        (line,) = rule_lines(_on_other_days(rule, days.days, start), start, zone)
        lines = tuple(line if _is_rule(one) else one for one in lines)
    last = _last_date(series)
    if last is not None:
        lines = ended(lines, until=_until(last + days, start, zone))
    return Series(_with_dates(series, lines, to=Series((), start, zone)), start, zone)


def _start(day: date) -> datetime:
    return day if isinstance(day, datetime) else datetime.combine(day, time(0))


def _on_other_days(rule: Rule, days: int, start: date) -> Rule:
    if rule.frequency is Frequency.WEEKLY:
        weekdays = tuple(sorted((day + days) % 7 for day in rule.weekdays))
        return replace(rule, weekdays=weekdays)
    if rule.frequency is Frequency.DAILY or len(rule.weekdays) > 1 or rule.month_day < 0:
        return rule
    fresh = rule_of(rule.frequency, start, nth=bool(rule.nth))
    return replace(rule, weekdays=fresh.weekdays, nth=fresh.nth, month_day=fresh.month_day,
                   month=fresh.month, is_clamped=False)  # fmt: skip


def _last_date(series: Series) -> date | None:
    """The last local date on which an occurrence may begin, if the rule ends with one."""
    for text in rules_in(series.lines):
        until = read_rule(text).until
        if until is not None:
            return last_day(until, series.zone, series.start)
    return None


def _until(last: date, start: date, zone: ZoneInfo) -> date:
    if not isinstance(start, datetime):
        return last
    return starts_at(datetime.combine(last + _ONE_DAY, time(0)), zone) - _ONE_SECOND


def split_at(series: Series, original_at: datetime) -> tuple[Series | None, Series]:
    """The series before the occurrence that its rule has at the instant, and from it on.

    None for the first part when nothing comes before: then the second one is the series itself.
    What COUNT leaves over is counted by the rule, left out or not. Raises BadRule, also when the
    rule has no such occurrence.
    """
    rule_only = [line for line in series.lines if _is_rule(line)]
    before = all_until(rule_only, series.start, series.zone, original_at + _ONE_SECOND)
    here = before.pop() if before else None
    if here is None or not _is_at(here, original_at, series):
        raise BadRule("The rule of the series has no occurrence here.")
    if not before:
        return None, series
    start: date = here.wall.date() if series.is_all_day else here.wall
    last: date = before[-1].wall.date() if series.is_all_day else before[-1].at
    head = _with_dates(series, ended(series.lines, until=last), keep=lambda wall: wall < here.wall)
    tail = _with_dates(
        series, _remaining(series.lines, len(before)), keep=lambda wall: wall >= here.wall
    )
    return replace(series, lines=head), Series(tail, start, series.zone)


def _is_at(one: Occurrence, original_at: datetime, series: Series) -> bool:
    if series.is_all_day:
        return one.wall.date() == wall_clock(original_at, series.zone).date()
    return one.at == original_at


def _remaining(lines: Sequence[str], used: int) -> tuple[str, ...]:
    for text in rules_in(lines):
        count = read_rule(text).count
        if count is not None:
            return ended(lines, count=max(1, count - used))
    return tuple(lines)


def _with_dates(
    series: Series,
    lines: Sequence[str],
    *,
    to: Series | None = None,
    keep: Callable[[datetime], bool] | None = None,
) -> tuple[str, ...]:
    """The lines with each EXDATE and RDATE of the series as far from the start `to` as from its
    own; those not to `keep` are left out.
    """
    to = to or series
    shift = _start(to.start) - _start(series.start)
    made: list[str] = []
    for line in lines:
        name = split(line)[0]
        if name not in {"EXDATE", "RDATE"}:
            made.append(line)
            continue
        walls = [_wall(one, series.zone) for one in read_dates(line, series.zone).moments]
        texts = [_stamp(wall + shift, to) for wall in walls if keep is None or keep(wall)]
        if texts:
            made.append(f"{name}{';VALUE=DATE' if to.is_all_day else ''}:{','.join(texts)}")
    return tuple(made)


def _wall(moment: date, zone: ZoneInfo) -> datetime:
    if isinstance(moment, datetime):
        return wall_clock(moment, zone)
    return datetime.combine(moment, time(0))


def _stamp(wall: datetime, series: Series) -> str:
    if series.is_all_day:
        return f"{wall:%Y%m%d}"
    return f"{occurs_at(wall, series.zone):%Y%m%dT%H%M%SZ}"
