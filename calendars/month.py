"""The geometry of the month: events in, whole weeks of days with finished lines out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from calendars.dates import ONE_DAY, is_over, long_dates, walls
from calendars.lanes import rows
from calendars.signs import hue_class, icons, spoken, state_classes
from calendars.wording import MONTHS, clock, full_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from calendars.blocks import EventBlock
    from calendars.dates import Present

LINES = 3
DOTS = 4
WEEK = 7
_SATURDAY = 5
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class MonthLine:
    """One line of a day. A `bar` reaches across days from here; `under` is a day below such a bar,
    where its title is only for readers; a `gap` keeps the lines below it in their place.
    `from_wall` and `until_wall` are what scripts go by, of the whole event: see `walls`."""

    kind: Literal["timed", "bar", "under", "gap"]
    id: str = ""
    classes: str = ""
    href: str = ""
    title: str = ""
    starts: str = ""
    hues: tuple[str, ...] = ()
    icons: tuple[str, ...] = ()
    spoken: str = ""
    from_wall: str = ""
    until_wall: str = ""


@dataclass(frozen=True, slots=True)
class MonthDay:
    """One date. `rest` says how many events found no line; `dots` are the hues of the first."""

    on: date
    iso: str
    label: str
    number: str
    classes: str
    is_today: bool
    lines: tuple[MonthLine, ...]
    rest: str
    dots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MonthWeek:
    """One row."""

    number: int
    days: tuple[MonthDay, ...]


@dataclass(frozen=True, slots=True)
class MonthLayout:
    """All of the month. `shows_today` includes the days of its neighbours."""

    title: str
    weeks: tuple[MonthWeek, ...]
    shows_today: bool


@dataclass(frozen=True, slots=True)
class _Bar:
    """The part of a long event that lies in one week: its columns, and its row."""

    event: EventBlock
    left: int
    right: int
    from_before: bool
    is_first: bool


def lay_out_month(
    events: Iterable[EventBlock],
    shown: date,
    weeks: Sequence[date],
    present: Present,
) -> MonthLayout:
    """The weeks that begin on these Mondays, around the month of `shown`.

    A timed event stands on the date it starts on; what lasts a day or longer is a bar.
    """
    first, last = weeks[0], weeks[-1] + (WEEK - 1) * ONE_DAY
    timed: dict[date, list[EventBlock]] = {}
    long: list[tuple[date, date, EventBlock]] = []
    for event in events:
        dates = long_dates(event, present.zone)
        if dates is None:
            on = max(present.local(event.times()[0]).date(), first)
            if on <= last and _touches(event, first, present):
                timed.setdefault(on, []).append(event)
        elif dates[0] <= last and dates[1] >= first:
            long.append((*dates, event))
    long.sort(key=lambda item: (item[0], -item[1].toordinal(), item[2].title))
    drawn = [
        _week(monday, shown.month, _bars(long, monday, is_top=monday == first), timed, present)
        for monday in weeks
    ]
    return MonthLayout(
        title=f"{MONTHS[shown.month - 1]} {shown.year}",
        weeks=tuple(drawn),
        shows_today=first <= present.today <= last,
    )


def _touches(event: EventBlock, first: date, present: Present) -> bool:
    start, end = event.times()
    return present.local(max(end - _INSTANT, start)).date() >= first


def _bars(
    long: Sequence[tuple[date, date, EventBlock]], monday: date, *, is_top: bool
) -> list[_Bar]:
    sunday = monday + (WEEK - 1) * ONE_DAY
    found = []
    for first, last, event in long:
        if first > sunday or last < monday:
            continue
        left, right = max(first, monday), min(last, sunday)
        before = first < monday
        found.append(
            _Bar(event, (left - monday).days, (right - monday).days, before, not before or is_top)
        )
    found.sort(key=lambda bar: (bar.left, -bar.right))
    return found


def _week(
    monday: date,
    month: int,
    bars: Sequence[_Bar],
    timed: dict[date, list[EventBlock]],
    present: Present,
) -> MonthWeek:
    found = rows([(bar.left, bar.right) for bar in bars])
    days = []
    for column in range(WEEK):
        on = monday + column * ONE_DAY
        here = [
            (bar, row)
            for bar, row in zip(bars, found, strict=True)
            if bar.left <= column <= bar.right
        ]
        own = sorted(timed.get(on, ()), key=lambda event: (*event.times(), event.title))
        lines = _lines(here, own, column, present)
        total = len(here) + len(own)
        rest = total - sum(line.kind != "gap" for line in lines)
        hues = [bar.event.hue for bar, _ in here] + [event.hue for event in own]
        days.append(
            MonthDay(
                on=on,
                iso=on.isoformat(),
                label=f"{full_day(on)}{_count(total)}",
                number=str(on.day),
                classes=_classes(on, month, present.today),
                is_today=on == present.today,
                lines=lines,
                rest=f"{rest} more" if rest else "",
                dots=tuple(f"hue-{hue}" for hue in hues[:DOTS]),
            )
        )
    return MonthWeek(number=monday.isocalendar().week, days=tuple(days))


def _lines(
    bars: Sequence[tuple[_Bar, int]],
    timed: Sequence[EventBlock],
    column: int,
    present: Present,
) -> tuple[MonthLine, ...]:
    """Up to LINES of them: bars in the row they have all week, the day's own in between."""
    placed: dict[int, MonthLine] = {}
    for bar, row in bars:
        if row < LINES:
            placed[row] = _bar_line(bar, column, present)
    waiting = iter(timed)
    for row in range(LINES):
        if row not in placed and (event := next(waiting, None)) is not None:
            placed[row] = _timed_line(event, present)
    count = max(placed, default=-1) + 1
    return tuple(placed.get(row, MonthLine("gap")) for row in range(count))


def _bar_line(bar: _Bar, column: int, present: Present) -> MonthLine:
    event = bar.event
    if column != bar.left:
        return MonthLine("under", title=event.title, spoken=spoken(event, present.zone))
    before = " from-before" if bar.from_before else ""
    past = is_over(event, present)
    opens, closes = walls(event, present.zone)
    starts = "" if event.all_day or bar.from_before else clock(present.local(event.times()[0]))
    return MonthLine(
        "bar",
        id=event.id if bar.is_first else "",
        classes=f"bar{hue_class(event)} d{bar.right - bar.left + 1}{before}"
        f"{state_classes(event, past=past)}",
        href=event.href,
        title=event.title,
        starts=starts,
        icons=icons(event),
        spoken=spoken(event, present.zone),
        hues=event.hues,
        from_wall=opens,
        until_wall=closes,
    )


def _timed_line(event: EventBlock, present: Present) -> MonthLine:
    start, end = event.times()
    opens, closes = walls(event, present.zone)
    return MonthLine(
        "timed",
        id=event.id,
        classes=f"{hue_class(event)}{state_classes(event, past=end <= present.now)}".strip(),
        href=event.href,
        title=event.title,
        starts=clock(present.local(start)),
        spoken=spoken(event, present.zone),
        hues=event.hues,
        from_wall=opens,
        until_wall=closes,
    )


def _classes(on: date, month: int, today: date) -> str:
    words = ["out"] if on.month != month else []
    if on == today:
        words.append("is-today")
    elif on.weekday() >= _SATURDAY:
        words.append("is-weekend")
    return " ".join(words)


def _count(total: int) -> str:
    return f", {total} event{'s' if total > 1 else ''}" if total else ""
