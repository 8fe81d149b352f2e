"""A time with colleagues, as the dialog shows it: who is free then, and when all of them are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from calendars.addresses import local_day, local_time
from calendars.enums import NotKnown
from calendars.event_page import clocks, typed_span
from calendars.people import addresses_in
from calendars.phrases import as_of, zone_in_words
from calendars.suggesting import MOST, Party, outside_hours, suggest
from calendars.wording import MONTHS, WEEKDAYS, clock, full_day
from common.spans import Span, intersect, merge, overlaps, subtract
from common.wallclock import day_begins, wall_clock
from workspaces.zones import is_zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calendars.services.freebusy import FreeBusy, Times
    from calendars.suggesting import Suggestion

UPDATE: Final = "time:"
_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)
_BEFORE, _AFTER = 2, 7
_WORDS_AT_MOST: Final = 4
_TICKS: Final = (0, 6, 12, 18, 24)
_WHY_NOT_KNOWN = {
    NotKnown.NOT_CONNECTED: "no calendar connected",
    NotKnown.NOT_COUNTING: "no calendar counts as busy",
    NotKnown.PAUSED: "their calendar is paused",
    NotKnown.RECONNECT_NEEDED: "their calendar has to be connected again",
    NotKnown.NOT_READ: "their calendar was not read yet",
    NotKnown.STALE: "their calendar cannot be read",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the form asks for so far; `span` is None while it names no time."""

    guests: tuple[str, ...]
    day: date
    zone: ZoneInfo
    end_zone: ZoneInfo
    span: Span | None

    @property
    def day_span(self) -> Span:
        return Span(day_begins(self.day, self.zone), day_begins(self.day + _DAY, self.zone))

    def reach(self, now: datetime) -> Span:
        """Where suggestions are looked for: the days around, none that is over."""
        today = now.astimezone(self.zone).date()
        first = min(self.day, max(self.day - _BEFORE * _DAY, today))
        last = self.day + (_AFTER + 1) * _DAY
        return Span(day_begins(first, self.zone), day_begins(last, self.zone))


def wish_of(said: Mapping[str, Any]) -> Wish | None:
    """What the values of a form, typed or initial, wish for; None without guests, day or zone."""
    guests = tuple(addresses_in(str(said.get("guests") or "")))
    raw, zone = said.get("day"), str(said.get("zone") or "")
    day = raw if isinstance(raw, date) else local_day(str(raw or ""))
    if not guests or day is None or not is_zone(zone):
        return None
    end_zone = str(said.get("end_zone") or "")
    there = ZoneInfo(end_zone if is_zone(end_zone) else zone)
    return Wish(guests, day, ZoneInfo(zone), there, typed_span(said))


def chosen_time(pressed: str) -> dict[str, Any]:
    """The form's values of a suggestion that was pressed; none for any other button."""
    first, _, last = pressed.removeprefix(UPDATE).partition("/")
    start, end = local_time(first), local_time(last)
    if not pressed.startswith(UPDATE) or start is None or end is None:
        return {}
    return {**clocks(start, end), "all_day": False}


@dataclass(frozen=True, slots=True)
class Row:
    """One person's day: a strip in minutes of the day, the same in words, and how the wish fits."""

    name: str
    is_fine: bool
    verdict: str
    day: str
    busy: list[tuple[int, int]]
    off: list[tuple[int, int]]
    is_known: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """A suggested time, the button that takes it, and what speaks for and against it."""

    value: str
    label: str
    reasons: list[str]
    doubts: list[str]


@dataclass(frozen=True, slots=True)
class Panel:
    """What stands below the guests. `minutes` is the length of the day that strips show."""

    day: str
    rows: list[Row]
    others: str
    summary: str
    suits: bool
    offers: list[Offer]
    minutes: int
    ticks: list[int]
    wished: tuple[int, int] | None


def panel_of(found: FreeBusy, wish: Wish, now: datetime, workspace_name: str) -> Panel:
    """The panel; pure but for what it is given."""
    day = wish.day_span
    people = found.people if len(found.people) > 1 else ()
    offers, suits = _offers(people, wish, now)
    return Panel(
        day=f"{full_day(wish.day)}, {zone_in_words(wish.zone, day.start)}",
        rows=[_row(one, wish, now) for one in people],
        others=_others(found.others, workspace_name),
        summary=_summary(people, wish, suits=suits),
        suits=suits,
        offers=offers,
        minutes=_minutes(day.duration),
        ticks=[_tick(hour, wish) for hour in _TICKS],
        wished=_placed([wish.span], day)[0] if wish.span and day.overlaps(wish.span) else None,
    )


def _row(one: Times, wish: Wish, now: datetime) -> Row:
    day = wish.day_span
    busy = intersect(one.busy, [day])
    verdict, is_fine = _verdict(one, wish, now)
    return Row(
        name="You" if one.is_self else one.name,
        is_fine=is_fine,
        verdict=verdict,
        day=_day_in_words(busy, wish, is_known=one.unknown is None),
        busy=_placed(busy, day),
        off=_placed(subtract([day], one.working), day),
        is_known=one.unknown is None,
    )


def _verdict(one: Times, wish: Wish, now: datetime) -> tuple[str, bool]:
    """How the wished time suits somebody, and whether it does."""
    rivals = [span for span in one.busy if wish.span and span.overlaps(wish.span)]
    if rivals and intersect(rivals[:1], [wish.day_span]) == [wish.day_span]:
        return "Busy all day", False
    if rivals:
        more = f" and {len(rivals) - 1} more" if len(rivals) > 1 else ""
        return f"Busy {_hours(rivals[0], wish)}{more}", False
    if one.unknown is not None:
        return _not_known(one, wish.zone, now), False
    if wish.span is None:
        return "", True
    if outside_hours([one.party], wish.span):
        where = (
            f" in {zone_in_words(one.zone, wish.span.start)}"
            if one.zone.key != wish.zone.key
            else ""
        )
        local = f", {_hours(wish.span, wish, one.zone)}{where}" if where else ""
        return f"Free, outside working hours{local}", False
    return "Free", True


def _not_known(one: Times, zone: ZoneInfo, now: datetime) -> str:
    assert one.unknown is not None
    why = _WHY_NOT_KNOWN[one.unknown]
    if one.is_self:
        why = why.replace("their calendar", "your calendar")
    since = f" since {as_of(one.as_of, zone, now)}" if one.as_of else ""
    return f"Not known{since}: {why}"


def _day_in_words(busy: Sequence[Span], wish: Wish, *, is_known: bool) -> str:
    if not busy:
        return "Free all day" if is_known else ""
    if merge(busy) == [wish.day_span]:
        return "Busy all day"
    parts = [_hours(span, wish) for span in busy[:_WORDS_AT_MOST]]
    more = len(busy) - len(parts)
    return f"Busy {', '.join(parts)}{f' and {more} more' if more else ''}"


def _offers(people: Sequence[Times], wish: Wish, now: datetime) -> tuple[list[Offer], bool]:
    """Times that suit better or as well, and whether the wished one suits everybody."""
    span, reach = wish.span, wish.reach(now)
    if not people or span is None:
        return [], False
    parties = [one.party for one in people]
    suits = _suits(people, parties, span)
    if span.duration > _DAY or reach.end <= now:
        return [], suits
    within = Span(max(reach.start, now), reach.end)
    found = suggest(
        parties,
        span,
        within,
        wish.zone,
        end_zone=wish.end_zone,
        besides=span if suits else None,
        most=MOST + 1,
    )
    better = [one for one in found if one.span != span][:MOST]
    return [_offer(one, people, wish) for one in better], suits


def _suits(people: Iterable[Times], parties: Sequence[Party], span: Span) -> bool:
    is_sure = all(one.unknown is None and not overlaps(span, one.busy) for one in people)
    return is_sure and not outside_hours(parties, span)


def _offer(one: Suggestion, people: Sequence[Times], wish: Wish) -> Offer:
    start, end = wall_clock(one.span.start, wish.zone), wall_clock(one.span.end, wish.end_zone)
    unsure = [person for person in people if person.unknown is not None]
    outside = [person for person in people if person.email in one.outside]
    return Offer(
        value=f"{UPDATE}{start:%Y-%m-%dT%H:%M}/{end:%Y-%m-%dT%H:%M}",
        label=f"{_short_day(start)}, {_hours(one.span, wish)}",
        reasons=[_free_in_words([person for person in people if person not in unsure], people)],
        doubts=[
            *(f"{_first_name(person)} not known" for person in unsure),
            *(f"Outside {_whose(person)} working hours" for person in outside),
        ],
    )


def _free_in_words(free: Sequence[Times], people: Sequence[Times]) -> str:
    if len(free) == len(people):
        return "Both free" if len(people) == 2 else f"All {len(people)} free"
    if len(free) == 1:
        return f"{_first_name(free[0])} free"
    return f"{len(free)} of {len(people)} free"


def _summary(people: Sequence[Times], wish: Wish, *, suits: bool) -> str:
    if not people:
        return ""
    if wish.span is None:
        return "Give a start and an end to see which times suit everyone."
    when = _hours(wish.span, wish)
    if suits:
        return f"{when} suits you both." if len(people) == 2 else f"{when} suits everyone."
    if any(overlaps(wish.span, one.busy) for one in people):
        return f"{when} does not suit everyone."
    return f"Nobody is known to be busy {when}, but it may not suit everyone."


def _others(others: Sequence[str], workspace_name: str) -> str:
    if not others:
        return ""
    if len(others) == 1:
        return f"{others[0]} is not in {workspace_name}: when they are free is not known."
    return f"{len(others)} guests are not in {workspace_name}: when they are free is not known."


def _first_name(person: Times) -> str:
    return "You" if person.is_self else person.name.split(" ", maxsplit=1)[0]


def _whose(person: Times) -> str:
    return "your" if person.is_self else f"{_first_name(person)}\u2019s"


def _hours(span: Span, wish: Wish, zone: ZoneInfo | None = None) -> str:
    zone = zone or wish.zone
    return f"{clock(span.start.astimezone(zone))}\u2013{clock(span.end.astimezone(zone))}"


def _short_day(day: date) -> str:
    return f"{WEEKDAYS[day.weekday()][:3]} {day.day} {MONTHS[day.month - 1][:3]}"


def _placed(spans: Iterable[Span], day: Span) -> list[tuple[int, int]]:
    """Start and length of each in minutes of the day, as it really passes."""
    inside = intersect(spans, [day])
    return [(_minutes(one.start - day.start), _minutes(one.duration)) for one in inside]


def _tick(hour: int, wish: Wish) -> int:
    wall = datetime.combine(wish.day, datetime.min.time()) + timedelta(hours=hour)
    begins = wish.day_span.start
    at = wall.replace(tzinfo=wish.zone)
    return _minutes(at.astimezone(begins.tzinfo) - begins)


def _minutes(length: timedelta) -> int:
    return max(0, round(length / _MINUTE))
