"""The geometry of the week and the day: events in, classes and finished strings out.

Templates only print what they find here. Positions are classes, because the content policy allows
no inline style; numbers are strings, because a template would send them through localisation.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from calendars.blocks import (
    AllDayBar,
    DayColumn,
    EventBlock,
    Flag,
    MoreBars,
    PlacedEvent,
    State,
    WeekLayout,
)
from calendars.dates import long_dates, walls
from calendars.lanes import MAX_ROWS, Lane, lanes, rows
from calendars.signs import hue_class, icons, spoken, state_classes
from calendars.wording import CLOCKS, clock, date_range, full_day, near_day, weekday
from common.wallclock import day_begins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from zoneinfo import ZoneInfo

    OpenHours = Callable[[date], Sequence[tuple[time, time]]]

__all__ = [
    "AllDayBar",
    "DayColumn",
    "EventBlock",
    "Flag",
    "MoreBars",
    "PlacedEvent",
    "State",
    "WeekLayout",
    "lay_out_day",
    "lay_out_week",
]

WEEK = 7
QUARTER = 15
DAY_MINUTES = 24 * 60
# The stylesheet draws shorter blocks as tall as this many quarters.
LEAST_QUARTERS = 2

_ONE_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_INSTANT = timedelta(microseconds=1)
_MIDNIGHT = time(0)
_WALL = len("2026-11-19T14:30")
_NO_WALLS = ("", "")
_SATURDAY = 5


def lay_out_week(
    events: Iterable[EventBlock],
    monday: date,
    zone: ZoneInfo,
    now: datetime,
    *,
    open_on: OpenHours | None = None,
) -> WeekLayout:
    """Seven days from `monday` as clocks in the zone show them; events elsewhere are left out.

    `open_on` gives a date's bookable hours (an end of 00:00 is midnight); the rest is shaded.
    """
    title = date_range(monday, monday + (WEEK - 1) * _ONE_DAY)
    return _lay_out(events, _View(monday, WEEK, zone, now), open_on, title, "week")


def lay_out_day(
    events: Iterable[EventBlock],
    day: date,
    zone: ZoneInfo,
    now: datetime,
    *,
    open_on: OpenHours | None = None,
) -> WeekLayout:
    """The same for one date."""
    title = f"{full_day(day)} {day.year}"
    return _lay_out(events, _View(day, 1, zone, now), open_on, title, "week one")


class _View:
    """The dates shown, the zone they are shown in, and now."""

    def __init__(self, first: date, count: int, zone: ZoneInfo, now: datetime) -> None:
        self.first = first
        self.count = count
        self.last = first + (count - 1) * _ONE_DAY
        self.first_ordinal = first.toordinal()
        self.isos = [(first + column * _ONE_DAY).isoformat() for column in range(count)]
        self.zone = zone
        self.now = now
        self.here = now.astimezone(zone)
        self.today = self.here.date()
        self.now_classes = ""
        self.pieces = 0
        if first <= self.today <= self.last:
            self.now_classes = f"now {_at(_minute(self.here))}"

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)

    def skips(self, column: int) -> bool:
        """Whether the date never was, as 30 December 2011 in Samoa."""
        day = self.first + column * _ONE_DAY
        return day_begins(day, self.zone) == day_begins(day + _ONE_DAY, self.zone)

    def column(self, day: date) -> int:
        return day.toordinal() - self.first_ordinal


# The part of a timed event that lies on one date: where it is drawn, and how it is labelled. First
# what it is sorted by: the minute it starts at, minus the minute it ends at, title, id, a number of
# its own; then the id it has on the page, its quarters, the two labels, both walls, whether it is
# over, and the event. A plain tuple, because it is made and sorted a thousand times.
_Piece = tuple[int, int, str, str, int, str, int, str, str, str, str, bool, EventBlock]


def _lay_out(
    events: Iterable[EventBlock],
    view: _View,
    open_on: OpenHours | None,
    title: str,
    classes: str,
) -> WeekLayout:
    pieces: list[list[_Piece]] = [[] for _ in range(view.count)]
    long: list[tuple[date, date, EventBlock]] = []
    for event in events:
        dates = long_dates(event, view.zone)
        if dates is None:
            _cut(event, view, pieces)
        elif dates[0] <= view.last and dates[1] >= view.first:
            long.append((*dates, event))
    bars, more, count = _all_day(long, view)
    days = tuple(_column(index, pieces[index], view, open_on) for index in range(view.count))
    return WeekLayout(
        title=title,
        classes=classes,
        days=days,
        all_day=bars,
        more=more,
        rows=count,
        all_day_classes=f"wk-allday rows{max(count, 1)}",
        now=view.now_classes,
        now_label=clock(view.here),
    )


def _cut(event: EventBlock, view: _View, pieces: list[list[_Piece]]) -> None:
    """Put the event's part on each shown date to the pieces of the date's column."""
    start, end = event.times()
    opens, closes = start.astimezone(view.zone), end.astimezone(view.zone)
    begins_on, ends_on = opens.toordinal(), closes.toordinal()
    column = begins_on - view.first_ordinal
    # Two times of one zone compare by what the clock reads, which may have gone back meanwhile.
    if closes <= opens:
        if 0 <= column < view.count:
            top = _minute(opens)
            foot = top + (end - start) // _MINUTE
            words = (*_labels(begins_on, opens, closes), *_walls(event, opens, closes))
            pieces[column].append(_piece(view, event, event.id, (top, foot), words))
    elif begins_on == ends_on:
        # Nearly all are of this kind, so nothing is worked out twice here.
        if 0 <= column < view.count:
            top = opens.hour * 60 + opens.minute
            foot = closes.hour * 60 + closes.minute
            iso, starts, ends = view.isos[column], CLOCKS[top], CLOCKS[foot]
            walls = (f"{iso}T{starts}", f"{iso}T{ends}") if event.href else _NO_WALLS
            words = (starts, f"\u2013{ends}", *walls)
            pieces[column].append(_piece(view, event, event.id, (top, foot), words))
    else:
        last = view.local(end - _INSTANT).toordinal()
        name = event.id
        for ordinal in range(begins_on, last + 1):
            column = ordinal - view.first_ordinal
            if not 0 <= column < view.count or (begins_on < ordinal and view.skips(column)):
                continue
            top = _minute(opens) if ordinal == begins_on else 0
            foot = _minute(closes) if ordinal == ends_on else DAY_MINUTES
            words = (*_labels(ordinal, opens, closes), *_walls(event, opens, closes))
            # An id stands once on a page: with the first part that is shown.
            pieces[column].append(_piece(view, event, name, (top, foot), words))
            name = ""


def _piece(
    view: _View, event: EventBlock, name: str, at: tuple[int, int], words: tuple[str, str, str, str]
) -> _Piece:
    """The part between two minutes, as tall as it is drawn; `words` are its labels and walls."""
    top, foot = at
    quarters = -((top - foot) // QUARTER) or 1
    drawn = max(quarters, LEAST_QUARTERS) * QUARTER
    # A block that would hang out of the day's foot moves up; its label stays exact.
    if top + drawn > DAY_MINUTES:
        top = max(0, DAY_MINUTES - drawn)
    view.pieces += 1
    number = view.pieces
    past = event.times()[1] <= view.now
    title, number = event.title, view.pieces
    return top, -top - drawn, title, event.id, number, name, quarters, *words, past, event


def _labels(ordinal: int, opens: datetime, closes: datetime) -> tuple[str, str]:
    if ordinal == opens.date().toordinal():
        until = "" if opens == closes and opens.fold == closes.fold else f"\u2013{clock(closes)}"
        return clock(opens), until
    if ordinal == closes.date().toordinal():
        return f"until {clock(closes)}", ""
    return "all day", ""


def _column(index: int, pieces: list[_Piece], view: _View, open_on: OpenHours | None) -> DayColumn:
    day = view.first + index * _ONE_DAY
    is_past, is_today = day < view.today, day == view.today
    is_weekend = day.weekday() >= _SATURDAY
    mark = " is-today" if is_today else " is-weekend" if is_weekend else ""
    head = " is-today" if is_today else " is-past" if is_past else ""
    pieces.sort()
    placed = lanes([(piece[0], -piece[1]) for piece in pieces])
    return DayColumn(
        on=day,
        iso=day.isoformat(),
        label=full_day(day),
        weekday=weekday(day),
        short=weekday(day)[:3],
        number=str(day.day),
        is_past=is_past,
        is_today=is_today,
        is_weekend=is_weekend,
        classes=f"day c{index}{mark}",
        head_classes=f"wk-day{head}",
        now=view.now_classes if is_today else "",
        off=_off(open_on(day), is_weekend=is_weekend) if open_on else (),
        blocks=tuple(
            _placed(piece, lane, view) for piece, lane in zip(pieces, placed, strict=True)
        ),
    )


def _placed(piece: _Piece, lane: Lane, view: _View) -> PlacedEvent:
    start, _, title, _, _, name, quarters, starts, ends, from_wall, until_wall, past, event = piece
    place_icon = event.place_icon
    place = f"{_at(start, quarters)}{_beside(lane)}"
    states = state_classes(event, past=past)
    # By place: names would cost a third more, a thousand times.
    return PlacedEvent(
        name,
        f"ev{hue_class(event)} {place}{states}",
        event.href,
        title,
        starts,
        ends,
        event.place,
        place_icon,
        "x warned" if place_icon == "alert" else "x",
        icons(event),
        spoken(event, view.zone),
        event.hues,
        from_wall,
        until_wall,
    )


def _all_day(
    long: list[tuple[date, date, EventBlock]], view: _View
) -> tuple[tuple[AllDayBar, ...], tuple[MoreBars, ...], int]:
    """The bars, what found no row, and the number of rows."""
    long.sort(key=lambda item: (max(item[0], view.first), -item[1].toordinal(), item[2].title))
    columns = [
        (view.column(max(first, view.first)), view.column(min(last, view.last)))
        for first, last, _ in long
    ]
    found = rows(columns)
    count = max(found, default=-1) + 1
    # Where not all fit, the last row says how many are missing.
    shown = count if count <= MAX_ROWS else MAX_ROWS - 1
    hidden = [0] * view.count
    bars = []
    for (first, last, event), (left, right), row in zip(long, columns, found, strict=True):
        if row < shown:
            place = f"c{left} d{right - left + 1} r{row + 1}"
            bars.append(_bar(event, first, last, place, view))
            continue
        for column in range(left, right + 1):
            hidden[column] += 1
    more = tuple(
        MoreBars(
            on=view.first + column * _ONE_DAY,
            classes=f"ad c{column} d1 r{MAX_ROWS}",
            count=number,
            label=f"{number} more",
        )
        for column, number in enumerate(hidden)
        if number
    )
    return tuple(bars), more, min(count, MAX_ROWS)


def _bar(event: EventBlock, first: date, last: date, place: str, view: _View) -> AllDayBar:
    before = " from-before" if first < view.first else ""
    past = last < view.today if event.all_day else event.times()[1] <= view.now
    opens, closes = walls(event, view.zone)
    return AllDayBar(
        id=event.id,
        classes=f"ad{hue_class(event)} {place}{before}{state_classes(event, past=past)}",
        href=event.href,
        title=event.title,
        note=_note(event, first, last, view),
        icons=icons(event),
        spoken=spoken(event, view.zone),
        hues=event.hues,
        from_wall=opens,
        until_wall=closes,
    )


def _note(event: EventBlock, first: date, last: date, view: _View) -> str:
    """What the bar's length leaves open: where it began or ends, or the hour of a timed event."""
    if not event.all_day:
        start, end = (view.local(moment) for moment in event.times())
        if first >= view.first:
            return f"from {clock(start)}"
        return f"until {near_day(end.date(), view.last)} {clock(end)}"
    if first < view.first:
        return f"since {near_day(first, view.first)}"
    if last > view.last or last - first > _ONE_DAY:
        return f"until {near_day(last, view.last)}"
    return ""


def _off(hours: Sequence[tuple[time, time]], *, is_weekend: bool) -> tuple[str, ...]:
    """The classes of the shaded quarters; a closed weekend is on paper already."""
    if not hours and is_weekend:
        return ()
    shaded = []
    cursor = 0
    for opens, closes in hours:
        first = (opens.hour * 60 + opens.minute) // QUARTER
        last = DAY_MINUTES if closes == _MIDNIGHT else closes.hour * 60 + closes.minute
        if first > cursor:
            shaded.append(f"off s{cursor} n{first - cursor}")
        cursor = max(cursor, -(-last // QUARTER))
    if cursor < DAY_MINUTES // QUARTER:
        shaded.append(f"off s{cursor} n{DAY_MINUTES // QUARTER - cursor}")
    return tuple(shaded)


@lru_cache(4096)
def _at(minute: int, quarters: int | None = None) -> str:
    place, past = divmod(minute, QUARTER)
    length = "" if quarters is None else f" n{quarters}"
    return f"s{place}{length}" + (f" m{past}" if past else "")


def _beside(lane: Lane) -> str:
    if lane.of == 1:
        return ""
    wide = f" w{lane.width}" if lane.width > 1 else ""
    return f" l{lane.index} of{lane.of}{wide}{' over' if lane.over else ''}"


def _walls(event: EventBlock, opens: datetime, closes: datetime) -> tuple[str, str]:
    """Both times for scripts, of an event that can be opened."""
    if not event.href:
        return _NO_WALLS
    return opens.isoformat()[:_WALL], closes.isoformat()[:_WALL]


def _minute(moment: datetime) -> int:
    return moment.hour * 60 + moment.minute
