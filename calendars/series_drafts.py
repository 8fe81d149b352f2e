"""A change made on one occurrence and meant for more of its series, as drafts for the series."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from calendars.drafts import as_wall
from calendars.providers.base import UNSET, Attendee, EventDraft
from calendars.providers.joining import without_join_line
from calendars.recurrence import (
    BadRule,
    Kept,
    Series,
    check_lines,
    first_of,
    moved,
    occurrences,
    split_at,
)
from calendars.wording import day_and_month
from common.errors import InvalidInput, Unsupported
from common.spans import Span
from common.wallclock import occurs_at, wall_clock
from conferencing.enums import Conference

if TYPE_CHECKING:
    from calendars.models import Event
    from calendars.providers.base import RemoteEvent

# What of a draft says when; the rest is taken over as it stands.
_WHEN: Final = frozenset({"start", "end", "timezone", "end_timezone", "all_day", "recurrence"})
_NO_CHANGE: Final = frozenset({"notify", "idempotency_key", "private_properties"})
# No rule that one can write pauses for longer.
_LONG: Final = timedelta(days=100 * 366)
_CANNOT_READ: Final = "This series repeats in a way that cannot be changed from one event on."


@dataclass(frozen=True, slots=True)
class Split:
    """A series parted in two: the lines of what stays, and the draft of the new series.

    `series` is the new one, begun at its first start; `shift` is how far the wall times of its
    occurrences are from those they had.
    """

    head: tuple[str, ...]
    tail: EventDraft
    series: Series
    shift: timedelta


def series_of(rule: RemoteEvent) -> Series:
    """The series that its master tells. Raises Unsupported for one without times."""
    if rule.start is None or rule.end is None:
        raise Unsupported("a series without a start", _CANNOT_READ)
    start = rule.start.on or datetime.fromisoformat(rule.start.wall)
    return Series(rule.recurrence, start, ZoneInfo(rule.start.timezone))


def for_all(draft: EventDraft, occurrence: Event, rule: RemoteEvent) -> EventDraft:
    """The draft for the whole series: its times moved by as much as the occurrence's.

    Moved on the wall, so that an hour stays that hour on both sides of a clock change; the days
    of the rule, its end and the dates left out move along. With another rule the series begins on
    the first of its days from its start on. Raises InvalidInput naming the field.
    """
    series = series_of(rule)
    goal = _goal(draft, occurrence, series)
    if isinstance(draft.recurrence, tuple) and draft.recurrence:
        goal = _aligned(goal)
    made = replace(draft, recurrence=UNSET)
    if draft.start is not UNSET or goal.start != series.start:
        made = _timed(made, goal, draft, rule)
    if draft.recurrence is not UNSET and not draft.recurrence:
        return replace(made, recurrence=())
    if goal.lines != series.lines:
        made = replace(made, recurrence=goal.lines)
    return made


def lasts_until(rule: RemoteEvent, at: datetime) -> bool:
    """Whether the series has anything at the instant or later."""
    series = series_of(rule)
    span = Span(at, at + _LONG)
    try:
        return bool(occurrences(series.lines, series.start, series.zone, span))
    except BadRule:
        return True


def head_of(rule: RemoteEvent, original_at: datetime) -> tuple[str, ...] | None:
    """The lines of the series ended before the occurrence; None when nothing comes before it."""
    head, _ = _parted(series_of(rule), original_at)
    return None if head is None else head.lines


def split(draft: EventDraft, occurrence: Event, rule: RemoteEvent) -> Split | None:
    """The series parted before the occurrence, the second part changed; None at its first one.

    The new series is as the old one but for what the draft gives. Raises InvalidInput naming the
    field.
    """
    original_at = occurrence.original_start_at
    if original_at is None:
        raise InvalidInput("scope", _CANNOT_READ)
    head, rest = _parted(series_of(rule), original_at)
    if head is None:
        return None
    goal = _goal(draft, occurrence, rest)
    tail = _timed(_copied(draft, rule), goal, draft, rule)
    repeats = draft.recurrence is UNSET or bool(draft.recurrence)
    if repeats:
        check_lines(goal.lines, goal.start, goal.zone)
    shift = as_wall(goal.start) - as_wall(rest.start)
    return Split(head.lines, replace(tail, recurrence=goal.lines if repeats else ()), goal, shift)


def _parted(series: Series, original_at: datetime) -> tuple[Series | None, Series]:
    try:
        return split_at(series, original_at)
    except BadRule:
        raise InvalidInput("scope", _CANNOT_READ) from None


def _goal(draft: EventDraft, occurrence: Event, series: Series) -> Series:
    """The series as the draft wants it, whatever it is called. Raises InvalidInput."""
    start, zone = _new_start(draft, occurrence, series)
    try:
        goal = (
            series if (start, zone) == (series.start, series.zone) else moved(series, start, zone)
        )
    except BadRule:
        raise InvalidInput("scope", _CANNOT_READ) from None
    if isinstance(draft.recurrence, tuple) and draft.recurrence:
        return replace(goal, lines=_with_dates_of(goal, draft.recurrence))
    if goal.start != series.start:
        _check_moved(series, goal)
    return goal


def _check_moved(series: Series, goal: Series) -> None:
    """A rule that could not be moved along would leave the series without its first start."""
    is_other_day = as_wall(goal.start).date() != as_wall(series.start).date()
    rule = goal.rule
    fixed = isinstance(rule, Kept) or len(rule.weekdays) > 1 or rule.month_day == -1
    first = first_of(goal.lines[:1], goal.start, goal.zone) if fixed and is_other_day else None
    if first is not None and first.wall != as_wall(goal.start):
        message = "This rule names its days itself. Change how it repeats, or move one event alone."
        raise InvalidInput("start", message)


def _with_dates_of(series: Series, lines: tuple[str, ...]) -> tuple[str, ...]:
    """The wanted lines; a rule alone leaves the dates left out or added as they are."""
    if any(not line.upper().startswith("RRULE") for line in lines):
        return lines
    return (*lines, *(line for line in series.lines if not line.upper().startswith("RRULE")))


def _aligned(series: Series) -> Series:
    """The series begun on the first day of its rule."""
    check_lines(series.lines, None, series.zone)
    first = first_of(series.lines, series.start, series.zone)
    start = as_wall(series.start) if first is None else first.wall
    aligned = replace(series, start=start.date() if series.is_all_day else start)
    check_lines(aligned.lines, aligned.start, aligned.zone)
    return aligned


def _new_start(draft: EventDraft, occurrence: Event, series: Series) -> tuple[date, ZoneInfo]:
    """Where the series begins when the occurrence begins where the draft says."""
    if draft.start is UNSET:
        return series.start, series.zone
    if isinstance(draft.start, datetime) == series.is_all_day:
        raise InvalidInput("allDay", "A series stays all-day, or not, as it is.")
    if not isinstance(draft.start, datetime):
        return series.start + (draft.start - date.fromisoformat(occurrence.start_wall)), series.zone
    zone = series.zone if draft.timezone is UNSET else ZoneInfo(draft.timezone)
    was = wall_clock(occurrence.start_at, series.zone)
    return series.start + (wall_clock(draft.start, zone) - was), zone


def _length(draft: EventDraft, rule: RemoteEvent) -> timedelta:
    """How long each one lasts: whole days, or time as it passes."""
    if draft.start is not UNSET and draft.end is not UNSET:
        return draft.end - draft.start
    assert rule.start is not None and rule.end is not None  # noqa: PT018 -- series_of saw to it
    if rule.start.on is not None and rule.end.on is not None:
        return rule.end.on - rule.start.on
    return rule.end.at - rule.start.at


def _timed(made: EventDraft, series: Series, draft: EventDraft, rule: RemoteEvent) -> EventDraft:
    """What is made at the series' first start, which has to be one that a clock reads.

    Its end lies as the draft has it, else as the rule that was, in the zone it has there.
    """
    start = series.start
    if isinstance(start, datetime):
        start = occurs_at(start, series.zone)
        if wall_clock(start, series.zone) != series.start:
            when = f"{series.start:%H:%M} on {day_and_month(series.start)}"
            message = f"The clocks skip {when}, where the series would begin. Choose another event."
            raise InvalidInput("scope", message)
    own = rule.end_timezone if draft.end_timezone is UNSET else draft.end_timezone
    return replace(
        made,
        start=start,
        end=start + _length(draft, rule),
        timezone=series.zone.key,
        end_timezone=own or UNSET,
        all_day=series.is_all_day,
    )


def _copied(draft: EventDraft, rule: RemoteEvent) -> EventDraft:
    """A new series like the old one, with what the draft gives; its meeting link stays."""
    made = EventDraft(
        title=rule.title,
        description=rule.description,
        location=rule.location,
        attendees=tuple(_invited(one) for one in rule.attendees if not _is_host(one)),
        reminders=rule.reminders,
        visibility=rule.visibility,
        busy=rule.is_busy,
        colour=rule.colour,
        kind=rule.kind,
        notify=draft.notify,
    )
    given = draft.given() - _WHEN - _NO_CHANGE
    made = replace(made, **{name: getattr(draft, name) for name in given})
    return _with_link(made, draft, rule)


def _with_link(made: EventDraft, draft: EventDraft, rule: RemoteEvent) -> EventDraft:
    was = rule.conference
    if was is None:
        return made
    if draft.conference is UNSET:
        if was.kind is Conference.ZOOM and was.url:
            return replace(made, conference=Conference.ZOOM, conference_url=was.url)
        return replace(made, copy_conference_of=rule.remote_id)
    if was.kind is Conference.ZOOM and draft.conference_url != was.url:
        if draft.description is UNSET:
            made = replace(made, description=without_join_line(rule.description, was.url))
        if draft.location is UNSET and rule.location == was.url:
            made = replace(made, location="")
    return made


def _is_host(one: Attendee) -> bool:
    return one.is_self or one.is_organizer


def _invited(one: Attendee) -> Attendee:
    return Attendee(email=one.email, name=one.name, is_optional=one.is_optional)
