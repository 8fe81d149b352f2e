"""When an owner can be booked: the weekly hours with their exceptions, as JSON and as instants."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from django.utils.translation import gettext

from common.errors import InvalidInput
from common.spans import Span
from common.wallclock import ends_at, starts_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from zoneinfo import ZoneInfo

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
OVERRIDES = "overrides"
NAMES = "override_names"
ROOT = "availability"
END_OF_DAY = "24:00"
MAX_INTERVALS = 24
MAX_OVERRIDES = 1_000
MAX_DAY_NAME = 120

# Wall-clock start and end of one day; an end of 00:00 is the midnight that closes the day.
Interval = tuple[time, time]
Intervals = tuple[Interval, ...]

_MIDNIGHT = time(0)
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_PLAIN_KEYS = frozenset({"start", "end"})
_DAY_KEYS = _PLAIN_KEYS | {"enabled", "intervals"}
_ONE_DAY = timedelta(days=1)


class InvalidAvailability(InvalidInput):
    """The hours cannot be used; `path` names the wrong key, such as `monday.start`."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(path, message)

    @property
    def path(self) -> str:
        return self.field


@dataclass(frozen=True, slots=True)
class DayHours:
    """The hours of one weekday, kept while the day is switched off so that they can come back."""

    enabled: bool
    intervals: Intervals


@dataclass(frozen=True, slots=True)
class Availability:
    """Seven days of hours, Monday first, and the dates on which other hours hold; some of those
    have a name, such as a public holiday's.
    """

    days: tuple[DayHours, ...]
    overrides: Mapping[date, Intervals]
    names: Mapping[date, str] = field(default_factory=dict)

    def intervals_on(self, day: date) -> Intervals:
        """The hours of that date by the owner's wall clock, sorted; empty when closed.

        An end of 00:00 means the midnight that closes the day.
        """
        override = self.overrides.get(day)
        if override is not None:
            return override
        hours = self.days[day.weekday()]
        return hours.intervals if hours.enabled else ()

    def working_spans(self, zone: ZoneInfo, first_date: date, last_date: date) -> list[Span]:
        """The hours of both dates and those between as instants, one span for each interval.

        Sorted by start and not merged, because a grid of slots begins with each interval. Times
        a clock change skips are left out, a repeated hour counts twice.
        """
        spans: list[Span] = []
        day = first_date
        while day <= last_date:
            for opens, closes in self.intervals_on(day):
                end_day = day + _ONE_DAY if closes == _MIDNIGHT else day
                start = starts_at(datetime.combine(day, opens), zone)
                end = ends_at(datetime.combine(end_day, closes), zone)
                if start < end:
                    spans.append(Span(start, end))
            day += _ONE_DAY
        return spans

    def to_json(self) -> dict[str, object]:
        """The stored form: what `parse_availability` reads back to an equal value."""
        stored: dict[str, object] = {
            name: _day_to_json(hours) for name, hours in zip(WEEKDAYS, self.days, strict=True)
        }
        if self.overrides:
            stored[OVERRIDES] = {
                day.isoformat(): [_pair(interval) for interval in intervals]
                for day, intervals in sorted(self.overrides.items())
            }
        if self.names:
            stored[NAMES] = {day.isoformat(): name for day, name in sorted(self.names.items())}
        return stored


_OFFICE_HOURS: Intervals = ((time(9), time(17)),)

DEFAULT_AVAILABILITY = Availability(
    days=tuple(DayHours(name not in {"saturday", "sunday"}, _OFFICE_HOURS) for name in WEEKDAYS),
    overrides={},
)


def parse_availability(raw: object) -> Availability:
    """Read the stored or submitted form.

    Each of the seven days is `{"enabled", "start", "end"}` or carries `"intervals"` in place of
    start and end; `"overrides"` may stand beside them and replaces whole dates, and
    `"override_names"` calls some of those by a name; a name of another date is left out. Raises
    InvalidAvailability with the path of the first wrong key.
    """
    fields = _object(raw, ROOT)
    _refuse_unknown(fields, frozenset({*WEEKDAYS, OVERRIDES, NAMES}), "")
    days = []
    for name in WEEKDAYS:
        if name not in fields:
            raise InvalidAvailability(name, f"Say whether {name.capitalize()} is open.")
        days.append(_parse_day(fields[name], name))
    overrides = dict(_parse_overrides(fields.get(OVERRIDES, {})))
    names = {
        day: name for day, name in _parse_names(fields.get(NAMES, {})) if day in overrides and name
    }
    return Availability(tuple(days), overrides, names)


def _parse_day(raw: object, path: str) -> DayHours:
    fields = _object(raw, path)
    _refuse_unknown(fields, _DAY_KEYS, f"{path}.")
    enabled = fields.get("enabled")
    if not isinstance(enabled, bool):
        raise InvalidAvailability(f"{path}.enabled", "Say true or false.")
    needed = (enabled and "intervals" not in fields) or not _PLAIN_KEYS.isdisjoint(fields)
    plain = _parse_plain_hours(fields, path) if needed else _OFFICE_HOURS
    if "intervals" not in fields:
        return DayHours(enabled, plain)
    intervals = _parse_intervals(fields["intervals"], f"{path}.intervals")
    if enabled and not intervals:
        raise InvalidAvailability(f"{path}.intervals", gettext("Add hours, or switch the day off."))
    return DayHours(enabled, intervals or plain)


def _parse_plain_hours(fields: Mapping[str, object], path: str) -> Intervals:
    start = _parse_clock(fields.get("start"), f"{path}.start")
    end = _parse_end(fields.get("end"), f"{path}.end")
    if not _in_order(start, end):
        raise InvalidAvailability(f"{path}.end", gettext("The end has to be after the start."))
    return ((start, end),)


def _parse_overrides(raw: object) -> Iterator[tuple[date, Intervals]]:
    fields = _object(raw, OVERRIDES)
    if len(fields) > MAX_OVERRIDES:
        raise InvalidAvailability(
            OVERRIDES,
            gettext("At most %(count)s dates can be set apart.") % {"count": MAX_OVERRIDES},
        )
    for key, value in fields.items():
        path = f"{OVERRIDES}.{_shown(key)}"
        yield _parse_date(key, path), _parse_intervals(value, path)


def _parse_names(raw: object) -> Iterator[tuple[date, str]]:
    fields = _object(raw, NAMES)
    if len(fields) > MAX_OVERRIDES:
        raise InvalidAvailability(NAMES, f"At most {MAX_OVERRIDES} dates can have a name.")
    for key, value in fields.items():
        path = f"{NAMES}.{_shown(key)}"
        name = " ".join(value.split()) if isinstance(value, str) else ""
        if not isinstance(value, str) or len(name) > MAX_DAY_NAME or not name.isprintable():
            raise InvalidAvailability(path, f"Give a name of at most {MAX_DAY_NAME} characters.")
        yield _parse_date(key, path), name


def _parse_intervals(raw: object, path: str) -> Intervals:
    if not isinstance(raw, list):
        raise InvalidAvailability(path, 'Give a list of pairs, such as [["09:00", "12:00"]].')
    if len(raw) > MAX_INTERVALS:
        raise InvalidAvailability(
            path, gettext("At most %(count)s pairs fit in a day.") % {"count": MAX_INTERVALS}
        )
    found = sorted((_parse_pair(pair, f"{path}[{index}]"), index) for index, pair in enumerate(raw))
    for ((_, end), _), ((start, _), index) in pairwise(found):
        if end == _MIDNIGHT or start < end:
            raise InvalidAvailability(
                f"{path}[{index}]", gettext("These hours overlap others of the day.")
            )
    return tuple(interval for interval, _ in found)


def _parse_pair(raw: object, path: str) -> Interval:
    match raw:
        case [opens, closes]:
            start, end = _parse_clock(opens, f"{path}[0]"), _parse_end(closes, f"{path}[1]")
        case _:
            raise InvalidAvailability(path, 'Give a start and an end, such as ["09:00", "12:00"].')
    if not _in_order(start, end):
        raise InvalidAvailability(path, gettext("The end has to be after the start."))
    return start, end


def _parse_end(raw: object, path: str) -> time:
    if raw == END_OF_DAY:
        return _MIDNIGHT
    end = _parse_clock(raw, path)
    if end == _MIDNIGHT:
        raise InvalidAvailability(path, f"Write the end of the day as {END_OF_DAY}.")
    return end


def _parse_clock(raw: object, path: str) -> time:
    if not isinstance(raw, str) or not _CLOCK.fullmatch(raw):
        raise InvalidAvailability(path, gettext("Give a time such as 09:00."))
    return time.fromisoformat(raw)


def _parse_date(raw: object, path: str) -> date:
    try:
        day = date.fromisoformat(str(raw))
    except ValueError:
        day = None
    # fromisoformat also reads 20261224 and 2026-W52-4; one date has one key here.
    if day is None or day.isoformat() != raw:
        raise InvalidAvailability(path, gettext("Give a date such as 2026-12-24."))
    return day


def _object(raw: object, path: str) -> Mapping[str, object]:
    if not isinstance(raw, dict):
        raise InvalidAvailability(path, "Give an object with keys.")
    return raw


def _refuse_unknown(fields: Mapping[str, object], known: frozenset[str], prefix: str) -> None:
    for key in fields:
        if key not in known:
            raise InvalidAvailability(f"{prefix}{_shown(key)}", "This key is not known.")


def _in_order(start: time, end: time) -> bool:
    return end == _MIDNIGHT or start < end


def _shown(key: object) -> str:
    return str(key)[:40]


def _day_to_json(hours: DayHours) -> dict[str, object]:
    (start, _), (_, end) = hours.intervals[0], hours.intervals[-1]
    day: dict[str, object] = {"enabled": hours.enabled, "start": _clock(start), "end": _end(end)}
    if len(hours.intervals) > 1:
        day["intervals"] = [_pair(interval) for interval in hours.intervals]
    return day


def _pair(interval: Interval) -> list[str]:
    return [_clock(interval[0]), _end(interval[1])]


def _clock(moment: time) -> str:
    return moment.strftime("%H:%M")


def _end(moment: time) -> str:
    return END_OF_DAY if moment == _MIDNIGHT else _clock(moment)
