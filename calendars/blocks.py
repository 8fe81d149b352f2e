"""What goes into the week's layout and what comes out of it, ready to print.

Blocks are tuples: a full page makes two thousand of them, and frozen dataclasses cost four times
as much to make.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from datetime import date, datetime

PlaceIcon = Literal["pin", "video", "user", "dashed", "alert", "away", "focus", "desk", "cake"]


class Flag(StrEnum):
    """A sign at the top right, by the name of its icon; the first two are shown."""

    LINK_FAILED = "alert"
    LINK_PENDING = "dashed"
    REPLY_NEEDED = "help"
    OUT_OF_OFFICE = "away"
    FOCUS_TIME = "focus"
    WORKING_LOCATION = "desk"
    BIRTHDAY = "cake"
    BOOKED = "link"
    PRIVATE = "lock"
    REPEATS = "repeat"


class State(StrEnum):
    """How a block looks, by the name of its class. `is-past` follows from the time."""

    FREE = "is-free"
    MAYBE = "is-maybe"
    ASKED = "is-asked"
    DECLINED = "is-declined"
    STALE = "is-stale"
    SAVING = "is-saving"
    OPEN = "is-open"
    DRAFT = "is-draft"


FLAG_WORDS = {
    Flag.LINK_FAILED: "meeting link missing",
    Flag.LINK_PENDING: "meeting link on its way",
    Flag.REPLY_NEEDED: "reply needed",
    Flag.OUT_OF_OFFICE: "out of office",
    Flag.FOCUS_TIME: "focus time",
    Flag.WORKING_LOCATION: "working location",
    Flag.BIRTHDAY: "birthday",
    Flag.BOOKED: "booked through a link",
    Flag.PRIVATE: "private",
    Flag.REPEATS: "repeats",
}
# What an event is, where it is not a plain one.
KINDS = (Flag.OUT_OF_OFFICE, Flag.FOCUS_TIME, Flag.WORKING_LOCATION, Flag.BIRTHDAY)
STATE_WORDS = {
    State.FREE: "free",
    State.MAYBE: "maybe",
    State.ASKED: "reply needed",
    State.DECLINED: "you declined",
    State.SAVING: "saving",
}


class EventBlock(NamedTuple):
    """An event to lay out. Timed ones have `start` and `end` (aware UTC); all-day ones have
    `start_on` and `end_on`, the end exclusive as both providers have it.

    `hue` is the event's own or the calendar's; `as_of` says from when the copy is that a STALE one
    shows. Where other calendars hold a copy of it, `hues` are the colours of all, this one's first,
    and `also` the names of the others. `may_move` says that the viewer may change it.
    """

    id: str
    title: str
    href: str
    calendar: str
    hue: str
    start: datetime | None = None
    end: datetime | None = None
    all_day: bool = False
    start_on: date | None = None
    end_on: date | None = None
    place: str = ""
    place_icon: PlaceIcon = "pin"
    flags: frozenset[Flag] = frozenset()
    states: frozenset[State] = frozenset()
    as_of: datetime | None = None
    hues: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    may_move: bool = False

    def times(self) -> tuple[datetime, datetime]:
        """Start and end of a timed event. Raises ValueError when it has none."""
        if self.start is None or self.end is None:
            raise ValueError("A timed event needs a start and an end.")
        return self.start, self.end

    def days(self) -> tuple[date, date]:
        """First date of an all-day event and the one after its last. ValueError without."""
        if self.start_on is None or self.end_on is None:
            raise ValueError("An all-day event needs its first date and the one after its last.")
        return self.start_on, self.end_on


class PlacedEvent(NamedTuple):
    """A block in a day's column: `starts` and `ends` as the label says them, `ends` with its dash.

    `spoken` is what only readers hear after the title and the times; `from_wall` and `until_wall`
    are what scripts go by: `2026-11-19T14:30` in the zone shown, of the whole event.
    """

    id: str
    classes: str
    href: str
    title: str
    starts: str
    ends: str
    place: str
    place_icon: str
    place_classes: str
    icons: tuple[str, ...]
    spoken: str
    hues: tuple[str, ...] = ()
    from_wall: str = ""
    until_wall: str = ""


@dataclass(frozen=True, slots=True)
class AllDayBar:
    """A bar in the all-day row; `note` says what its length cannot. `from_wall` and `until_wall`
    are the dates of an all-day event, the end exclusive, or the wall times of a long one."""

    id: str
    classes: str
    href: str
    title: str
    note: str
    icons: tuple[str, ...]
    spoken: str
    hues: tuple[str, ...] = ()
    from_wall: str = ""
    until_wall: str = ""


@dataclass(frozen=True, slots=True)
class MoreBars:
    """How many all-day events of a date found no row."""

    on: date
    classes: str
    count: int
    label: str


@dataclass(frozen=True, slots=True)
class DayColumn:
    """One date. `now` and each of `off` are the classes of a line and of shaded hours."""

    on: date
    iso: str
    label: str
    weekday: str
    short: str
    number: str
    is_past: bool
    is_today: bool
    is_weekend: bool
    classes: str
    head_classes: str
    now: str
    off: tuple[str, ...]
    blocks: tuple[PlacedEvent, ...]


@dataclass(frozen=True, slots=True)
class WeekLayout:
    """All of the grid. `now` is blank when today is not shown."""

    title: str
    classes: str
    days: tuple[DayColumn, ...]
    all_day: tuple[AllDayBar, ...]
    more: tuple[MoreBars, ...]
    rows: int
    all_day_classes: str
    now: str
    now_label: str
