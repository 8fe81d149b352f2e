"""A series of the mirror as its occurrences, where a provider tells of rules only."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from calendars.models import Event, event_id_for
from calendars.recurrence import BadRule, occurrences
from common.wallclock import day_begins, wall_clock

if TYPE_CHECKING:
    from calendars.recurrence import Occurrence
    from common.spans import Span

# What an occurrence has from its series, unless the provider says otherwise.
INHERITED = (
    "ical_uid", "title", "description", "location", "room_id", "timezone", "end_timezone",
    "is_all_day", "status", "is_busy", "hue", "kind", "visibility", "response", "is_organizer",
    "organizer_email", "attendees", "reminders",
    "conference", "conference_state", "conference_url", "conference_note", "remote_updated_at",
    "conference_failure", "conference_since_at", "conference_tries",
)  # fmt: skip


def occurrence_rows(series: Event, span: Span, seen_at: datetime) -> list[Event]:
    """The occurrences of the series that touch the span, as its rules give them.

    They carry neither the provider's id nor an etag: the provider has to be asked for them before
    one is written to. Raises BadRule for rules that cannot be read.
    """
    zone = ZoneInfo(series.timezone)
    end_zone = ZoneInfo(series.end_timezone or series.timezone)
    inherited = {name: getattr(series, name) for name in INHERITED}
    fixed = {
        "workspace_id": series.workspace_id,
        "calendar_id": series.calendar_id,
        "series_remote_id": series.remote_id,
        "recurrence": [],
        "seen_at": seen_at,
    }
    first, length = _begins(series)
    found = occurrences(series.recurrence, first, zone, span, length=length)
    return [
        Event(
            id=event_id_for(series.calendar_id, "", series.remote_id, one.at),
            original_start_at=one.at,
            **_times(one, length, (zone, end_zone), all_day=series.is_all_day),
            **inherited,
            **fixed,
        )
        for one in found
    ]


def _begins(series: Event) -> tuple[date, timedelta]:
    try:
        if series.is_all_day:
            first = date.fromisoformat(series.start_wall)
            return first, date.fromisoformat(series.end_wall) - first
        return datetime.fromisoformat(series.start_wall), series.end_at - series.start_at
    except ValueError:
        raise BadRule("The series does not say when it begins.") from None


def _times(
    one: Occurrence, length: timedelta, zones: tuple[ZoneInfo, ZoneInfo], *, all_day: bool
) -> dict[str, datetime | str]:
    """Lengths are added in UTC; those of all-day events are whole days.

    `zones` are those that the start and the end are read in; the rule goes by the start's.
    """
    zone, end_zone = zones
    if all_day:
        last = one.wall.date() + length
        return {
            "start_at": one.at,
            "end_at": day_begins(last, zone),
            "start_wall": one.wall.date().isoformat(),
            "end_wall": last.isoformat(),
        }
    end = one.at + length
    return {
        "start_at": one.at,
        "end_at": end,
        "start_wall": wall_clock(one.at, zone).isoformat(),
        "end_wall": wall_clock(end, end_zone).isoformat(),
    }
