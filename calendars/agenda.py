"""The agenda: events as a list by day, with the free time between them said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from calendars.blocks import FLAG_WORDS, KINDS, STATE_WORDS, State
from calendars.dates import ONE_DAY, is_over, long_dates
from calendars.phrases import length_in_words
from calendars.signs import also_in, hue_class, icons, state_classes
from calendars.wording import clock, day_and_month, full_day, near_day, weekday
from common.spans import Span, merge

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from calendars.blocks import EventBlock
    from calendars.dates import Present

LEAST_GAP = timedelta(minutes=30)
DOTS = 4
_INSTANT = timedelta(microseconds=1)
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
_TAKES_NO_TIME = frozenset({State.FREE, State.DECLINED})


class AgendaLine(NamedTuple):
    """An event, a free gap, or the present moment; `starts` is what stands in front of it.

    A tuple, because a full week has a thousand.
    """

    kind: Literal["event", "gap", "now"]
    starts: str
    ends: str = ""
    id: str = ""
    classes: str = ""
    href: str = ""
    title: str = ""
    note: str = ""
    hues: tuple[str, ...] = ()
    icons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AgendaDay:
    """One date. `short`, `number` and `dots` are for the strip of days on a phone."""

    on: date
    iso: str
    label: str
    heading: str
    short: str
    number: str
    is_today: bool
    lines: tuple[AgendaLine, ...]
    dots: tuple[str, ...]


class _Entry(NamedTuple):
    """A line and where it is sorted: what has no time first, as `_BEFORE_ALL`, then by time."""

    at: datetime
    rank: int
    line: AgendaLine


def lay_out_agenda(
    events: Iterable[EventBlock], first: date, count: int, present: Present
) -> list[AgendaDay]:
    """`count` dates from `first`; an event stands on each date that it touches."""
    by_day: dict[date, list[EventBlock]] = {}
    for event in events:
        for on in _dates(event, first, first + (count - 1) * ONE_DAY, present):
            by_day.setdefault(on, []).append(event)
    dates = (first + number * ONE_DAY for number in range(count))
    return [_day(on, by_day.get(on, []), present, first) for on in dates]


def list_found(events: Sequence[EventBlock], present: Present) -> list[AgendaDay]:
    """The same list of events that were found, each at its first date, in the order given."""
    by_day: dict[date, list[EventBlock]] = {}
    for event in events:
        long = long_dates(event, present.zone)
        on = long[0] if long else present.local(event.times()[0]).date()
        by_day.setdefault(on, []).append(event)
    return [_day(on, found, present, on, as_found=True) for on, found in by_day.items()]


def _dates(event: EventBlock, first: date, last: date, present: Present) -> Iterable[date]:
    long = long_dates(event, present.zone)
    if long is None:
        start, end = event.times()
        ends = max(start, end - _INSTANT)
        long = present.local(start).date(), present.local(ends).date()
        if long[0] == long[1]:
            return long[:1] if first <= long[0] <= last else ()
    begins, until = max(long[0], first), min(long[1], last)
    return (begins + number * ONE_DAY for number in range((until - begins).days + 1))


def _day(
    on: date,
    events: Sequence[EventBlock],
    present: Present,
    first: date,
    *,
    as_found: bool = False,
) -> AgendaDay:
    entries = [_entry(event, on, present, first) for event in events]
    if not as_found:
        entries += _gaps(events, on, present)
        if on == present.today:
            line = AgendaLine("now", clock(present.local(present.now)))
            entries.append(_Entry(present.now, 1, line))
    entries.sort(key=lambda one: (one.at, one.rank, one.line.title))
    year = f" {on.year}" if on.year != present.today.year else ""
    return AgendaDay(
        on=on,
        iso=on.isoformat(),
        label=full_day(on),
        heading=_heading(on, present.today, year, as_found=as_found),
        short=weekday(on)[:3],
        number=str(on.day),
        is_today=on == present.today,
        lines=tuple(one.line for one in entries),
        dots=tuple(f"hue-{event.hue}" for event in events[:DOTS]),
    )


def _heading(on: date, today: date, year: str, *, as_found: bool) -> str:
    """What stands under the number of the day."""
    if as_found:
        return f"{weekday(on)[:3]}, {day_and_month(on).split(' ')[1]}{year}"
    return f"{weekday(on)}, today" if on == today else f"{weekday(on)}{year}"


def _entry(event: EventBlock, on: date, present: Present, first: date) -> _Entry:
    long = long_dates(event, present.zone)
    at, starts, ends = _BEFORE_ALL, "All day", ""
    if long is None:
        at, until = event.times()
        start, end = present.local(at), present.local(until)
        begins_on = start.date()
        begins_here = begins_on == on
        starts = clock(start) if begins_here else f"until {clock(end)}"
        # Compared as instants: of two times of one zone the clock may have gone back between.
        ends = clock(end) if begins_here and until > at else ""
    else:
        begins_on = long[0]
        if not event.all_day:
            starts = _long_words(event, on, long, present)
    line = AgendaLine(
        "event",
        starts,
        ends,
        # An id stands once on a page: at the first date that is shown.
        event.id if on == max(begins_on, first) else "",
        f"{hue_class(event)}{_states(event, present)}".strip(),
        event.href,
        event.title,
        _note(event, on, long, present),
        event.hues,
        icons(event)[:1],
    )
    return _Entry(at, 2, line)


def _states(event: EventBlock, present: Present) -> str:
    past = is_over(event, present)
    classes = state_classes(event, past=past)
    # The list shows both: struck through and pale.
    return f"{classes} is-past" if past and "is-past" not in classes else classes


def _long_words(event: EventBlock, on: date, dates: tuple[date, date], present: Present) -> str:
    start, end = (present.local(moment) for moment in event.times())
    if on == dates[0]:
        return f"from {clock(start)}"
    return f"until {clock(end)}" if on == end.date() else "All day"


def _note(event: EventBlock, on: date, long: tuple[date, date] | None, present: Present) -> str:
    """Where it is or whose calendar it stands in, how long it goes on, and its states in words."""
    if not (event.states or event.flags or event.also or long):
        return event.place or event.calendar
    words = [event.place or event.calendar, *also_in(event)]
    if long is not None and long[1] > on:
        words.append(f"until {near_day(long[1], on)}")
    kinds = (FLAG_WORDS[flag] for flag in KINDS if flag in event.flags)
    # The title or the place may say it already.
    told = {event.title.lower(), event.place.lower()}
    words += [kind for kind in kinds if kind not in told]
    words += [STATE_WORDS[state] for state in STATE_WORDS if state in event.states]
    if State.STALE in event.states:
        known = event.as_of and clock(present.local(event.as_of))
        words.append(f"shown as of {known}" if known else "shown from an older copy")
    return " \u00b7 ".join(dict.fromkeys(words))


def _gaps(events: Sequence[EventBlock], on: date, present: Present) -> list[_Entry]:
    """The free time between what takes time that day; what is over is not offered any more."""
    taken = [
        Span(*event.times())
        for event in events
        if not event.all_day
        and not event.states & _TAKES_NO_TIME
        and event.times()[1] > event.times()[0]
    ]
    busy = merge(taken)
    found = []
    for before, after in pairwise(busy):
        free_from = max(before.end, present.now) if on == present.today else before.end
        length = after.start - free_from
        if length < LEAST_GAP or after.start <= present.now:
            continue
        found.append(
            _Entry(free_from, 1, AgendaLine("gap", "", title=f"{length_in_words(length)} free"))
        )
    return found
