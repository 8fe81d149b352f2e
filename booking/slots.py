"""Which times of a link can be booked, and if not, why: pure rules without database or clock.

`open_slots` paints a page: it lays the grid over what is left of the time, so that a year costs no
more than its gaps. `why_not` decides one start when it is confirmed, rule by rule. That what one
shows the other accepts is tried against a slow reference (`make proof`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar

from django.utils.translation import gettext, gettext_noop

from common.spans import Span, in_utc, overlaps

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from zoneinfo import ZoneInfo

    from workspaces.availability import Availability

_NOTHING = timedelta(0)
_Mark = TypeVar("_Mark")

_ONE_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)
_BY_START = attrgetter("start")
_Gap: TypeAlias = "tuple[datetime, datetime]"


class Rule(StrEnum):
    """The rule that forbids a start."""

    NOTICE = "notice"
    HORIZON = "horizon"
    ENDED = "ended"
    HOURS = "hours"
    GRID = "grid"
    HELD = "held"
    BUSY = "busy"
    DAY_LIMIT = "day_limit"
    WEEK_LIMIT = "week_limit"


_REASONS = {
    Rule.NOTICE: gettext_noop("This time is too soon."),
    Rule.HORIZON: gettext_noop("This time is too far ahead."),
    Rule.ENDED: gettext_noop("This link takes no bookings for this day any more."),
    Rule.HOURS: gettext_noop("This time lies outside the hours that can be booked."),
    Rule.GRID: gettext_noop("No meeting starts at this minute."),
    Rule.HELD: gettext_noop("Someone else has this time."),
    Rule.BUSY: gettext_noop("The calendar is busy at this time."),
    Rule.DAY_LIMIT: gettext_noop("This day is full."),
    Rule.WEEK_LIMIT: gettext_noop("This week is full."),
}


class Slot(NamedTuple):
    """A bookable start and end, in UTC, without buffers.

    A year has thousands, and a tuple is made in a third of a frozen dataclass's time.
    """

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a start cannot be booked: the rule for programs, the reason for people."""

    rule: Rule

    @property
    def reason(self) -> str:
        return gettext(_REASONS[self.rule])


@dataclass(frozen=True, slots=True)
class SlotRules:
    """What a link allows. `zone` is the owner's; the limits count its local days and ISO weeks.

    `until` is the instant from which on nothing starts, None when the link has no end.

    Raises ValueError when a length makes no sense, because a step of nothing never ends.
    """

    duration: timedelta
    step: timedelta
    buffer_before: timedelta
    buffer_after: timedelta
    minimum_notice: timedelta
    horizon: timedelta
    max_per_day: int | None
    max_per_week: int | None
    zone: ZoneInfo
    until: datetime | None = None

    def __post_init__(self) -> None:
        if min(self.duration, self.step) <= _NOTHING:
            raise ValueError("Duration and step must be longer than nothing.")
        lengths = (self.buffer_before, self.buffer_after, self.minimum_notice, self.horizon)
        if min(lengths) < _NOTHING:
            raise ValueError("Buffers, notice and horizon cannot be negative.")
        if any(limit is not None and limit < 1 for limit in (self.max_per_day, self.max_per_week)):
            raise ValueError("A limit below one would close the link; deactivate it instead.")


def open_slots(
    rules: SlotRules,
    availability: Availability,
    busy: Iterable[Span],
    now: datetime,
    span: Span,
    *,
    holds: Iterable[Span] = (),
    booked_starts: Iterable[datetime] = (),
    shared: Collection[datetime] = (),
) -> list[Slot]:
    """Every slot that starts inside `span`, in order; linear in busy spans and slots.

    The grid begins anew with each interval of the owner's hours and goes on in steps; a slot may
    last into an interval that adjoins its own. The new meeting with its buffers may overlap
    neither a busy span nor a hold; holds bring their own buffers, so the buffers of two meetings
    add up. Starts are allowed from `now` plus the notice to `now` plus the horizon, both included.
    `booked_starts` are the link's slots that count against its limits, and `shared` those of them
    that another booker may join: there the slot's own hold is no obstacle, nor are the limits.

    `busy` has to be complete: a calendar that could not be read must have raised before.
    """
    opens = max(span.start, in_utc(now) + rules.minimum_notice)
    closes = min(span.end, latest_start(rules, now) + _INSTANT)
    if opens >= closes:
        return []
    reach = Span(opens, closes)
    grids = _grids(rules, availability, reach)
    busy = list(busy)
    starts = _starts(rules, grids, _gaps(rules, [*busy, *holds], reach))
    limits = _Limits(rules, booked_starts)
    if limits:
        starts = [start for start in starts if limits.verdict(start) is None]
    if shared:
        joined = _starts(rules, grids, _gaps(rules, busy, reach))
        starts = sorted({*starts, *set(shared).intersection(joined)})
    duration = rules.duration
    return [Slot(start, start + duration) for start in starts]


def why_not(
    rules: SlotRules,
    availability: Availability,
    busy: Iterable[Span],
    now: datetime,
    start: datetime,
    *,
    holds: Iterable[Span] = (),
    booked_starts: Iterable[datetime] = (),
    shared: Collection[datetime] = (),
) -> Refusal | None:
    """The first rule that forbids exactly this start, or None when it can be booked.

    The arguments mean what they mean for `open_slots`. Raises ValueError when `start` is naive.
    """
    start = in_utc(start)
    rule = (
        _out_of_reach(rules, now, start)
        or _off_hours(rules, availability, start)
        or _overlap(rules, start, holds=() if start in shared else holds, busy=busy)
        or (None if start in shared else _Limits(rules, booked_starts).verdict(start))
    )
    return None if rule is None else Refusal(rule)


def latest_start(rules: SlotRules, now: datetime) -> datetime:
    """The last instant at which a meeting may start."""
    horizon = in_utc(now) + rules.horizon
    return horizon if rules.until is None else min(horizon, rules.until - _INSTANT)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Starts at `first` and every step after it, before `stop`; each meeting ends by `reach`."""

    first: datetime
    stop: datetime
    reach: datetime


def _grids(rules: SlotRules, availability: Availability, span: Span) -> list[_Grid]:
    """One grid for each interval that could hold a start inside the span."""
    # A day more on either side, because intervals touch across midnight and repeated hours; and
    # as many as a meeting lasts, to know how far the hours after the last start go on.
    first = span.start.astimezone(rules.zone).date() - _ONE_DAY
    last = (span.end + rules.duration).astimezone(rules.zone).date() + _ONE_DAY
    working = availability.working_spans(rules.zone, first, last)
    grids: list[_Grid] = []
    following: datetime | None = None
    reach = span.start
    for hours in reversed(working):
        adjoins = following is not None and following <= hours.end
        reach = max(reach, hours.end) if adjoins else hours.end
        # Where a repeated hour makes two intervals overlap, the later one's grid takes over.
        stop = hours.end if following is None else min(hours.end, following)
        grids.append(_Grid(hours.start, stop, reach))
        following = hours.start
    grids.reverse()
    return grids


def _gaps(rules: SlotRules, taken: Iterable[Span], reach: Span) -> list[_Gap]:
    """Where a meeting with its buffers may start: first and last instant, both included.

    What is taken may overlap, since a gap begins after the latest end so far.
    """
    before, until = rules.buffer_before, rules.duration + rules.buffer_after
    needed = before + until
    gaps: list[_Gap] = []
    ended, closing = reach.start - before, reach.end + until
    for span in sorted(taken, key=_BY_START):
        start = span.start
        if start > ended:
            if start >= closing:
                break
            if start - ended >= needed:
                gaps.append((ended + before, start - until))
            ended = span.end
        elif span.end > ended:
            ended = span.end
    if ended + before < reach.end:
        gaps.append((ended + before, reach.end - _INSTANT))
    return gaps


def _starts(rules: SlotRules, grids: Iterable[_Grid], gaps: Sequence[_Gap]) -> list[datetime]:
    """The starts on the grids inside the gaps whose meetings fit into the hours, in order."""
    step, duration = rules.step, rules.duration
    starts: list[datetime] = []
    place, count = 0, len(gaps)
    for grid in grids:
        first, latest = grid.first, min(grid.stop - _INSTANT, grid.reach - duration)
        while place < count and gaps[place][1] < first:
            place += 1
        # The last gap may reach into the next interval, so the look-ahead does not move `place`.
        for number in range(place, count):
            opens, last = gaps[number]
            if opens > latest:
                break
            start = first if opens <= first else first - (first - opens) // step * step
            last = min(last, latest)
            while start <= last:
                starts.append(start)
                start += step
    return starts


def _out_of_reach(rules: SlotRules, now: datetime, start: datetime) -> Rule | None:
    now = in_utc(now)
    if start < now + rules.minimum_notice:
        return Rule.NOTICE
    if start > now + rules.horizon:
        return Rule.HORIZON
    return Rule.ENDED if start > latest_start(rules, now) else None


def _off_hours(rules: SlotRules, availability: Availability, start: datetime) -> Rule | None:
    grids = _grids(rules, availability, Span(start, start + _INSTANT))
    if _starts(rules, grids, [(start, start)]):
        return None
    end = start + rules.duration
    is_working = any(grid.first <= start < grid.stop and end <= grid.reach for grid in grids)
    return Rule.GRID if is_working else Rule.HOURS


def _overlap(
    rules: SlotRules, start: datetime, *, holds: Iterable[Span], busy: Iterable[Span]
) -> Rule | None:
    needed = Span(start - rules.buffer_before, start + rules.duration + rules.buffer_after)
    if overlaps(needed, holds):
        return Rule.HELD
    return Rule.BUSY if overlaps(needed, busy) else None


class _Limits:
    """The owner's local days and ISO weeks that are full; false when none is."""

    def __init__(self, rules: SlotRules, booked_starts: Iterable[datetime]) -> None:
        self._zone = rules.zone
        days = [in_utc(start).astimezone(rules.zone).date() for start in booked_starts]
        self._days = _full(days, rules.max_per_day)
        self._weeks = _full([_week(day) for day in days], rules.max_per_week)

    def __bool__(self) -> bool:
        return bool(self._days or self._weeks)

    def verdict(self, start: datetime) -> Rule | None:
        """The limit that forbids the start, or None."""
        day = start.astimezone(self._zone).date()
        if day in self._days:
            return Rule.DAY_LIMIT
        return Rule.WEEK_LIMIT if _week(day) in self._weeks else None


def _full(marks: Iterable[_Mark], limit: int | None) -> frozenset[_Mark]:
    if limit is None:
        return frozenset()
    return frozenset(mark for mark, count in Counter(marks).items() if count >= limit)


def _week(day: date) -> tuple[int, int]:
    """ISO year and week, which change on Mondays and not with the calendar year."""
    return day.isocalendar()[:2]
