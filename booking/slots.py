"""Which times of a link can be booked, and if not, why: pure rules without database or clock.

`open_slots` paints a page and `why_not` decides one start when it is confirmed. Both ask the same
grid and the same judge, so what one shows the other accepts.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from django.utils.translation import gettext, gettext_noop

from common.spans import Span, in_utc, merge

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from zoneinfo import ZoneInfo

    from workspaces.availability import Availability

_NOTHING = timedelta(0)
_Mark = TypeVar("_Mark")

_ONE_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)
# No start is as late: nothing could follow it.
_NEVER = datetime.max.replace(tzinfo=UTC)


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


@dataclass(frozen=True, slots=True)
class Slot:
    """A bookable start and end, in UTC, without buffers."""

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
    judge = _Judge(rules, busy, holds, now, booked=booked_starts, shared=shared)
    opens, closes = max(span.start, judge.earliest), min(span.end, judge.latest + _INSTANT)
    if opens >= closes:
        return []
    reach = Span(opens, closes)
    duration = rules.duration
    return [
        Slot(start, start + duration)
        for start in _starts(rules, _grids(rules, availability, reach), reach)
        if judge.verdict(start) is None
    ]


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
    instant = Span(start, start + _INSTANT)
    judge = _Judge(rules, busy, holds, now, booked=booked_starts, shared=shared)
    grids = _grids(rules, availability, instant)
    rule = judge.out_of_reach(instant.start)
    if rule is None and next(_starts(rules, grids, instant), None) is None:
        rule = Rule.GRID if _is_working(rules, grids, instant.start) else Rule.HOURS
    if rule is None:
        rule = judge.verdict(instant.start)
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


def _starts(rules: SlotRules, grids: Iterable[_Grid], span: Span) -> Iterator[datetime]:
    """The starts on the grids inside the span whose meetings fit into the hours, in order."""
    step, duration = rules.step, rules.duration
    for grid in grids:
        steps = max(0, -((grid.first - span.start) // step))
        start = grid.first + steps * step
        before = min(grid.stop, span.end)
        while start < before and start + duration <= grid.reach:
            yield start
            start += step


def _is_working(rules: SlotRules, grids: Iterable[_Grid], start: datetime) -> bool:
    return any(
        grid.first <= start < grid.stop and start + rules.duration <= grid.reach for grid in grids
    )


class _Judge:
    """Applies every rule but the grid. Asked about ascending starts it is linear in all of them."""

    def __init__(
        self,
        rules: SlotRules,
        busy: Iterable[Span],
        holds: Iterable[Span],
        now: datetime,
        *,
        booked: Iterable[datetime],
        shared: Collection[datetime],
    ) -> None:
        now = in_utc(now)
        self.earliest = now + rules.minimum_notice
        self.latest = latest_start(rules, now)
        self._horizon = now + rules.horizon
        self._shared = frozenset(shared)
        self._before = rules.buffer_before
        self._until = rules.duration + rules.buffer_after
        self._zone = rules.zone
        self._held = _Taken(holds)
        self._busy = _Taken(busy)
        days = [in_utc(start).astimezone(rules.zone).date() for start in booked]
        self._full_days = _full(days, rules.max_per_day)
        self._full_weeks = _full([_week(day) for day in days], rules.max_per_week)

    def out_of_reach(self, start: datetime) -> Rule | None:
        """NOTICE, HORIZON, ENDED or None."""
        if start < self.earliest:
            return Rule.NOTICE
        if start > self._horizon:
            return Rule.HORIZON
        return Rule.ENDED if start > self.latest else None

    def verdict(self, start: datetime) -> Rule | None:
        """The first rule that forbids a start within reach; starts come in ascending order."""
        opens, closes = start - self._before, start + self._until
        is_shared = start in self._shared
        if not is_shared and self._held.overlaps(opens, closes):
            return Rule.HELD
        if self._busy.overlaps(opens, closes):
            return Rule.BUSY
        if is_shared:
            return None
        if self._full_days or self._full_weeks:
            return self._limit(start.astimezone(self._zone).date())
        return None

    def _limit(self, day: date) -> Rule | None:
        if day in self._full_days:
            return Rule.DAY_LIMIT
        return Rule.WEEK_LIMIT if _week(day) in self._full_weeks else None


class _Taken:
    """Taken time, read with a pointer that only moves forward."""

    __slots__ = ("_ahead", "_closes", "_opens")

    def __init__(self, spans: Iterable[Span]) -> None:
        self._ahead = iter(merge(spans))
        self._advance()

    def _advance(self) -> None:
        span = next(self._ahead, None)
        self._opens, self._closes = (_NEVER, _NEVER) if span is None else (span.start, span.end)

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Whether any of it lies between start and end; no call's start before the last one's."""
        while self._closes <= start:
            self._advance()
        return self._opens < end


def _full(marks: Iterable[_Mark], limit: int | None) -> frozenset[_Mark]:
    if limit is None:
        return frozenset()
    return frozenset(mark for mark, count in Counter(marks).items() if count >= limit)


def _week(day: date) -> tuple[int, int]:
    """ISO year and week, which change on Mondays and not with the calendar year."""
    return day.isocalendar()[:2]
