"""Weekly hours while somebody edits them: as typed, changed by buttons, not yet true."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.utils.dates import WEEKDAYS as _NAMES
from django.utils.translation import gettext

from booking.public_holidays import holidays_in
from common.errors import InvalidInput
from workspaces.availability import (
    DEFAULT_AVAILABILITY,
    END_OF_DAY,
    MAX_DAY_NAME,
    MAX_INTERVALS,
    MAX_OVERRIDES,
    NAMES,
    OVERRIDES,
    WEEKDAYS,
    InvalidAvailability,
    parse_availability,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.http import QueryDict

    from workspaces.availability import Availability

# A start and an end as they stand in two time fields; an end of 00:00 closes the day.
Typed = tuple[str, str]

_MIDNIGHT = "00:00"
_USUAL: Typed = ("09:00", "17:00")
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Day:
    """One weekday's row."""

    name: str
    enabled: bool
    intervals: tuple[Typed, ...]

    @property
    def label(self) -> str:
        """The weekday's name in the language that is spoken."""
        return str(_NAMES[WEEKDAYS.index(self.name)]).capitalize()


@dataclass(frozen=True, slots=True)
class SpecialDays:
    """Dates in a row with the same hours; none means closed. Some of them may have names."""

    first: date
    last: date
    intervals: tuple[Typed, ...]
    named: tuple[tuple[date, str], ...] = ()

    @property
    def names(self) -> str:
        """The names of these dates, each once."""
        return ", ".join(dict.fromkeys(name for _day, name in self.named))

    @property
    def key(self) -> str:
        return f"{self.first}/{self.last}"

    @property
    def days(self) -> list[tuple[date, str]]:
        """Each of several dates with its name, to be taken away by itself."""
        if self.first == self.last:
            return []
        names = dict(self.named)
        found = (self.first + _ONE_DAY * n for n in range((self.last - self.first).days + 1))
        return [(day, names.get(day, "")) for day in found]


@dataclass(frozen=True, slots=True)
class Hours:
    """The whole card: zone, seven days Monday first, the dates set apart, and the names of some."""

    zone: str
    days: tuple[Day, ...]
    dates: Mapping[date, tuple[Typed, ...]]
    names: Mapping[date, str] = field(default_factory=dict)

    def to_raw(self) -> dict[str, object]:
        """The JSON that `parse_availability` reads or refuses."""
        raw: dict[str, object] = {
            day.name: {"enabled": day.enabled, "intervals": [_pair(one) for one in day.intervals]}
            for day in self.days
        }
        if self.dates:
            raw[OVERRIDES] = {
                day.isoformat(): [_pair(one) for one in typed] for day, typed in self.dates.items()
            }
        names = {day: name for day, name in self.names.items() if day in self.dates}
        if names:
            raw[NAMES] = {day.isoformat(): name for day, name in names.items()}
        return raw

    def special_days(self) -> list[SpecialDays]:
        """The dates set apart, those in a row with the same hours as one."""
        runs: list[SpecialDays] = []
        for day, typed in sorted(self.dates.items()):
            named = ((day, self.names[day]),) if day in self.names else ()
            if runs and runs[-1].intervals == typed and runs[-1].last + _ONE_DAY == day:
                runs[-1] = replace(runs[-1], last=day, named=(*runs[-1].named, *named))
            else:
                runs.append(SpecialDays(day, day, typed, named))
        return runs


def hours_of(availability: Availability, zone: str) -> Hours:
    """What is stored, for editing."""
    raw = availability.to_json()
    days = []
    for name in WEEKDAYS:
        stored = raw[name]
        assert isinstance(stored, dict)  # to_json's own shape
        pairs = stored.get("intervals", [[stored["start"], stored["end"]]])
        days.append(Day(name, stored["enabled"], tuple(_typed(pair) for pair in pairs)))
    stored_dates = raw.get(OVERRIDES, {})
    assert isinstance(stored_dates, dict)
    dates = {
        date.fromisoformat(key): tuple(_typed(pair) for pair in pairs)
        for key, pairs in stored_dates.items()
    }
    return Hours(zone, tuple(days), dates, availability.names)


def read_hours(sent: QueryDict) -> Hours:
    """The card as it was sent. Raises InvalidAvailability for what the card never sends."""
    days = []
    for name in WEEKDAYS:
        starts, ends = sent.getlist(f"{name}-from"), sent.getlist(f"{name}-until")
        if len(starts) != len(ends) or len(starts) > MAX_INTERVALS:
            raise InvalidAvailability(
                name, gettext("Give a start and an end for each of the hours.")
            )
        pairs = [(start.strip(), end.strip()) for start, end in zip(starts, ends, strict=True)]
        enabled = f"{name}-enabled" in sent
        # A row that was emptied by hand is a row taken away.
        days.append(Day(name, enabled, tuple(pair for pair in pairs if pair != ("", ""))))
    dates: dict[date, tuple[Typed, ...]] = {}
    for special in sent.getlist("special"):
        key, _, said = special.partition("=")
        dates |= _dates(key, _read_intervals(said))
        _refuse_too_many(dates)
    return Hours(sent.get("zone", ""), tuple(days), dates, _read_names(sent, dates))


def _read_names(sent: QueryDict, dates: Mapping[date, object]) -> dict[date, str]:
    """The names that the card sends of its dates: 2026-12-25=Christmas Day."""
    by_key = {day.isoformat(): day for day in dates}
    said = (one.partition("=") for one in sent.getlist("special-name"))
    return {
        by_key[key]: name[:MAX_DAY_NAME]
        for key, _, name in said
        if key in by_key and name.strip() and name.isprintable()
    }


def press(hours: Hours, sent: QueryDict, today: date) -> Hours | None:
    """The hours after one of the card's small buttons; None when Save was pressed.

    Raises InvalidAvailability when the dates of a new special day do not hold.
    """
    if name := sent.get("add_hours"):
        return _with_day(hours, name, _add)
    if said := sent.get("remove_hours"):
        name, _, index = said.partition(":")
        return _with_day(hours, name, lambda day: _without(day, index))
    if name := sent.get("copy_hours"):
        return _copied(hours, name)
    if {"remove_special", "add_special", "add_holidays"} & sent.keys():
        return _with_dates(hours, sent, today)
    return hours if {"more_special", "pick_country"} & sent.keys() else None


def _with_dates(hours: Hours, sent: QueryDict, today: date) -> Hours:
    if "add_holidays" in sent:
        # Dates that are set apart already keep what was said of them.
        found = holidays_sent(sent, today)
        closed: dict[date, tuple[Typed, ...]] = {day: () for day, _name in found}
        dates = {**closed, **hours.dates}
        names = {day: name[:MAX_DAY_NAME] for day, name in found if not dates[day]}
        hours = replace(hours, names={**names, **hours.names})
    elif "add_special" in sent:
        dates = {**hours.dates, **_new_special(sent)}
    else:
        gone = _dates(sent.get("remove_special", ""), ())
        dates = {day: typed for day, typed in hours.dates.items() if day not in gone}
    _refuse_too_many(dates)
    kept = {day: name for day, name in hours.names.items() if day in dates}
    return replace(hours, dates=dates, names=kept)


def holidays_sent(sent: QueryDict, today: date) -> list[tuple[date, str]]:
    """The public holidays to come that the card asks for. Raises InvalidAvailability."""
    year = sent.get("holiday-year", "")
    try:
        found = holidays_in(
            sent.get("holiday-country", ""),
            sent.get("holiday-region", ""),
            int(year) if year.isascii() and year.isdigit() else 0,
        )
    except InvalidInput as error:
        raise InvalidAvailability(OVERRIDES, error.message) from None
    return [(day, name) for day, name in found if day >= today]


def find_faults(hours: Hours) -> list[InvalidAvailability]:
    """What keeps the hours from being saved: the first fault of each day and of the dates."""
    raw, usual = hours.to_raw(), DEFAULT_AVAILABILITY.to_json()
    faults = []
    for key, value in raw.items():
        try:
            parse_availability({**usual, key: value})
        except InvalidAvailability as fault:
            faults.append(fault)
    return faults


def _with_day(hours: Hours, name: str, change: Callable[[Day], Day]) -> Hours:
    days = tuple(change(day) if day.name == name else day for day in hours.days)
    return replace(hours, days=days)


def _add(day: Day) -> Day:
    """A row after the last one; a day that was off comes back with the hours it had."""
    if not day.enabled:
        return replace(day, enabled=True, intervals=day.intervals or (_USUAL,))
    if not day.intervals:
        return replace(day, intervals=(_USUAL,))
    end = day.intervals[-1][1]
    return replace(day, intervals=(*day.intervals, _after(end)))


def _after(end: str) -> Typed:
    """An hour's break, then an hour; blank fields where the day is full."""
    try:
        hour, minute = int(end[:2]), end[3:5]
    except ValueError:
        return "", ""
    return (f"{hour + 1:02}:{minute}", f"{hour + 2:02}:{minute}") if 0 < hour < 22 else ("", "")


def _without(day: Day, index: str) -> Day:
    kept = tuple(pair for place, pair in enumerate(day.intervals) if str(place) != index)
    return replace(day, enabled=day.enabled and bool(kept), intervals=kept)


def _copied(hours: Hours, name: str) -> Hours:
    """The named day's hours on every other day that is on."""
    source = next((day for day in hours.days if day.name == name), None)
    if source is None:
        return hours
    days = tuple(
        replace(day, intervals=source.intervals) if day.enabled else day for day in hours.days
    )
    return replace(hours, days=days)


def _new_special(sent: QueryDict) -> dict[date, tuple[Typed, ...]]:
    first = sent.get("special-first", "")
    last = sent.get("special-last", "") or first
    rows = zip(sent.getlist("special-from"), sent.getlist("special-until"), strict=False)
    typed = tuple((start.strip(), end.strip()) for start, end in rows)
    return _dates(f"{first}/{last}", tuple(pair for pair in typed if pair != ("", "")))


def _dates(key: str, typed: tuple[Typed, ...]) -> dict[date, tuple[Typed, ...]]:
    first_said, _, last_said = key.partition("/")
    try:
        first, last = date.fromisoformat(first_said), date.fromisoformat(last_said or first_said)
    except ValueError:
        raise InvalidAvailability(OVERRIDES, gettext("Give a date such as 2026-12-24.")) from None
    if last < first:
        raise InvalidAvailability(OVERRIDES, gettext("The last day is before the first one."))
    if (last - first).days >= MAX_OVERRIDES:
        raise InvalidAvailability(
            OVERRIDES,
            gettext("At most %(count)s dates can be set apart.") % {"count": MAX_OVERRIDES},
        )
    return {first + _ONE_DAY * n: typed for n in range((last - first).days + 1)}


def _refuse_too_many(dates: Mapping[date, object]) -> None:
    if len(dates) > MAX_OVERRIDES:
        raise InvalidAvailability(
            OVERRIDES,
            gettext("At most %(count)s dates can be set apart.") % {"count": MAX_OVERRIDES},
        )


def _read_intervals(said: str) -> tuple[Typed, ...]:
    pairs = [part.partition("-") for part in said.split(",") if part]
    return tuple((start, end) for start, _, end in pairs)


def _pair(typed: Typed) -> list[str]:
    start, end = typed
    return [start, END_OF_DAY if end == _MIDNIGHT else end]


def _typed(pair: list[str]) -> Typed:
    start, end = pair
    return start, _MIDNIGHT if end == END_OF_DAY else end
