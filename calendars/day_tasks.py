"""What stands beside the day: the next event, and the tasks of the day's events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from calendars.copies import told_once
from calendars.phrases import distance_in_words
from calendars.presenters import (
    NO_TITLE,
    all_day_from,
    all_day_until,
    event_block,
    event_url,
)
from calendars.wording import clock, near_day
from common.wallclock import day_begins

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from calendars.copies import Told
    from calendars.dates import Present
    from calendars.models import EventTask
    from calendars.queries import SeenEvent, VisibleCalendar

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One task. `due` names the hour its event ends; late is what is open after it."""

    id: UUID
    title: str
    is_done: bool
    is_late: bool
    due: str
    may_write: bool


@dataclass(frozen=True, slots=True)
class TaskGroup:
    """An event of the day with its tasks."""

    title: str
    href: str
    hue: str
    starts: str
    tasks: tuple[TaskLine, ...]


@dataclass(frozen=True, slots=True)
class NextUp:
    """The next event of today, and how far away it is."""

    distance: str
    title: str
    href: str
    words: str


@dataclass(frozen=True, slots=True)
class Choice:
    """An event that a task can be added to."""

    event_id: UUID
    label: str


@dataclass(frozen=True, slots=True)
class DayTasks:
    """The side of the day view."""

    iso: str
    is_today: bool
    next_up: NextUp | None
    groups: tuple[TaskGroup, ...]
    choices: tuple[Choice, ...]
    done: int
    total: int


def day_tasks(
    on: date,
    events: Sequence[SeenEvent],
    sources: Mapping[UUID, VisibleCalendar],
    tasks: Iterable[EventTask],
    present: Present,
) -> DayTasks:
    """The tasks of these events of that date, each under its event; copies count as one."""
    of_event: dict[UUID, list[EventTask]] = {}
    for task in tasks:
        of_event.setdefault(task.event_id, []).append(task)
    told = [one for one in told_once(events, sources) if not one.event.is_masked]
    told.sort(key=lambda one: (not one.event.is_all_day, one.event.start_at, one.event.title))
    groups = [
        group for one in told if (group := _group(one, sources, of_event, present)) is not None
    ]
    lines = [line for group in groups for line in group.tasks]
    return DayTasks(
        iso=on.isoformat(),
        is_today=on == present.today,
        next_up=_next_up(told, sources, present) if on == present.today else None,
        groups=tuple(groups),
        choices=tuple(
            Choice(one.event.id, _label(one.event, present))
            for one in told
            if sources[one.event.calendar_id].may_write
        ),
        done=sum(line.is_done for line in lines),
        total=len(lines),
    )


def _group(
    told: Told,
    sources: Mapping[UUID, VisibleCalendar],
    of_event: Mapping[UUID, Sequence[EventTask]],
    present: Present,
) -> TaskGroup | None:
    lines = [
        _line(task, event, present, may_write=sources[event.calendar_id].may_write)
        for event in (told.event, *told.copies)
        for task in of_event.get(event.id, ())
    ]
    if not lines:
        return None
    event = told.event
    return TaskGroup(
        title=event.title or NO_TITLE,
        href=event_url(event.id),
        hue=event.hue or sources[event.calendar_id].calendar.hue,
        starts="all day" if event.is_all_day else clock(present.local(event.start_at)),
        tasks=tuple(lines),
    )


def _line(task: EventTask, event: SeenEvent, present: Present, *, may_write: bool) -> TaskLine:
    ends = _ends(event, present)
    is_done = task.done_at is not None
    return TaskLine(
        id=task.pk,
        title=task.title,
        is_done=is_done,
        is_late=not is_done and ends <= present.now,
        due="" if is_done else _due(event, ends, present),
        may_write=may_write,
    )


def _ends(event: SeenEvent, present: Present) -> datetime:
    if event.is_all_day:
        return day_begins(all_day_until(event), present.zone)
    return event.end_at


def _due(event: SeenEvent, ends: datetime, present: Present) -> str:
    """`by 12:30`, or `due 12:30` when that is over; with the day where it is a later one."""
    word = "due" if ends <= present.now else "by"
    if event.is_all_day:
        last = all_day_until(event) - _ONE_DAY
        if last == all_day_from(event) and word == "by":
            return ""
        return f"{word} {near_day(last, present.today)}"
    local = present.local(ends)
    if local.date() == present.local(event.start_at).date():
        return f"{word} {clock(local)}"
    return f"{word} {near_day(local.date(), present.today)} {clock(local)}"


def _next_up(
    told: Iterable[Told], sources: Mapping[UUID, VisibleCalendar], present: Present
) -> NextUp | None:
    ahead = (one.event for one in told if not one.event.is_all_day)
    event = min(
        (one for one in ahead if one.start_at > present.now), key=lambda one: one.start_at,
        default=None,
    )  # fmt: skip
    if event is None:
        return None
    block = event_block(event, sources[event.calendar_id])
    start, end = present.local(event.start_at), present.local(event.end_at)
    where = f", {block.place}" if block.place else ""
    distance = distance_in_words(event.start_at, event.end_at, present.now)
    return NextUp(
        distance=distance[:1].upper() + distance[1:],
        title=block.title,
        href=block.href,
        words=f"{clock(start)}\u2013{clock(end)}{where}",
    )


def _label(event: SeenEvent, present: Present) -> str:
    """`10:00 December rota`."""
    title = event.title or NO_TITLE
    return title if event.is_all_day else f"{clock(present.local(event.start_at))} {title}"
