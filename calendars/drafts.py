"""What has to hold of a draft whatever it came from."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from calendars.enums import STATUS_KINDS
from calendars.providers.base import UNSET
from calendars.recurrence import check_lines
from common.errors import InvalidInput
from common.wallclock import wall_clock
from conferencing.enums import Conference

if TYPE_CHECKING:
    from calendars.models import Event
    from calendars.providers.base import EventDraft, Unset

LONGEST_TITLE: Final = 1024
LONGEST_TEXT: Final = 8000
MOST_GUESTS: Final = 200
LONGEST: Final = timedelta(days=366)

# Which columns of the mirror a field of a draft would change.
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "title": ("title",),
    "description": ("description",),
    "location": ("location",),
    "start": ("start_at", "start_wall"),
    "end": ("end_at", "end_wall"),
    "timezone": ("timezone",),
    "end_timezone": ("end_timezone",),
    "all_day": ("is_all_day",),
    "attendees": ("attendees",),
    "recurrence": ("recurrence",),
    "reminders": ("reminders",),
    "visibility": ("visibility",),
    "busy": ("is_busy",),
    "colour": ("hue",),
    "kind": ("kind",),
    # Its address may come late, and that is the provider's own doing.
    "conference": ("conference",),
    "conference_url": ("conference_url",),
    "join_url": ("room_id",),
}


def settled(draft: EventDraft) -> EventDraft:
    """A new event's draft with what its kind settles: a name, and no link unless one is chosen."""
    kind = draft.kind
    if kind is UNSET or kind not in STATUS_KINDS:
        return draft
    if draft.conference is Conference.AUTO:
        draft = replace(draft, conference=Conference.NONE)
    is_named = draft.title is not UNSET and bool(draft.title)
    return draft if is_named else replace(draft, title=str(kind.label))


def check_new(draft: EventDraft, *, zone_name: str = "UTC") -> None:
    """A new event needs a start and an end; a series begins on one of its own days.

    `zone_name` is the calendar's, for a draft without one. Raises InvalidInput naming the field.
    """
    for name, value in (("start", draft.start), ("end", draft.end)):
        if value is UNSET:
            raise InvalidInput(name, f"Say when the event {name}s.")
    check(draft)
    if draft.start is not UNSET:
        _check_repeats(draft, draft.start, zone_name)


def check(draft: EventDraft) -> None:
    """Raises InvalidInput naming the field that cannot be."""
    _check_text("title", draft.title, LONGEST_TITLE)
    _check_text("description", draft.description, LONGEST_TEXT)
    _check_text("location", draft.location, LONGEST_TITLE)
    _check_moment("start", draft.start, draft)
    _check_moment("end", draft.end, draft)
    start, end = draft.start, draft.end
    if isinstance(start, date) and isinstance(end, date):
        if isinstance(start, datetime) != isinstance(end, datetime):
            raise InvalidInput("end", "Start and end must both be times, or both be dates.")
        if end <= start:
            raise InvalidInput("end", "The end must come after the start.")
        if end - start > LONGEST:
            raise InvalidInput("end", "An event may last a year at most.")
    if draft.attendees is not UNSET and len(draft.attendees or ()) > MOST_GUESTS:
        raise InvalidInput("attendees", f"At most {MOST_GUESTS} guests can be invited.")
    check_lines_of(draft)


def is_all_day(draft: EventDraft, event: Event | None = None) -> bool:
    """Whether the event is an all-day one with this draft applied."""
    if draft.all_day is not UNSET:
        return draft.all_day
    if draft.start is not UNSET:
        return not isinstance(draft.start, datetime)
    return event.is_all_day if event else False


def check_change(draft: EventDraft, event: Event) -> None:
    """A change on top of what the event is. Raises InvalidInput naming the field."""
    check(draft)
    all_day = is_all_day(draft, event)
    for name, value in (("start", draft.start), ("end", draft.end)):
        if value is UNSET:
            if all_day != event.is_all_day:
                raise InvalidInput(name, "Say the start and the end anew when all-day changes.")
        elif all_day == isinstance(value, datetime):
            wanted = "a date" if all_day else "a time"
            raise InvalidInput(name, f"This has to be {wanted}.")
    if all_day or (draft.start is UNSET and draft.end is UNSET):
        return
    start = draft.start if isinstance(draft.start, datetime) else event.start_at
    end = draft.end if isinstance(draft.end, datetime) else event.end_at
    if end <= start:
        field = "start" if draft.end is UNSET else "end"
        raise InvalidInput(field, "The end must come after the start.")


def whole(draft: EventDraft, event: Event) -> EventDraft:
    """The draft with both times when it moves only one of them: providers want both.

    An all-day event keeps its dates as they stand on the wall. An end in a zone of its own keeps
    that, unless the draft says otherwise.
    """
    timed = {"timezone", "end"} & draft.given() and not is_all_day(draft, event)
    if event.end_timezone and draft.end_timezone is UNSET and timed:
        draft = replace(draft, end_timezone=event.end_timezone)
    if (draft.start is UNSET) == (draft.end is UNSET):
        return draft
    if is_all_day(draft, event):
        start: date = date.fromisoformat(event.start_wall)
        end: date = date.fromisoformat(event.end_wall)
    else:
        start, end = event.start_at, event.end_at
    if draft.start is UNSET:
        return replace(draft, start=start)
    return replace(draft, end=end)


def check_lines_of(draft: EventDraft) -> None:
    """Raises InvalidInput naming the recurrence line that cannot be, `recurrence[0]`.

    Whether a series begins on one of its own days is asked where its start is known.
    """
    if isinstance(draft.recurrence, tuple):
        check_lines(draft.recurrence, None, _zone(draft))


def as_wall(start: date) -> datetime:
    """A wall time, or midnight of a date."""
    return start if isinstance(start, datetime) else datetime.combine(start, time(0))


def check_repeats(draft: EventDraft, event: Event) -> None:
    """A rule for an event that has had none begins on one of its own days. Raises InvalidInput."""
    start: date = draft.start if draft.start is not UNSET else event.start_at
    if draft.start is UNSET and event.is_all_day:
        start = date.fromisoformat(event.start_wall)
    _check_repeats(draft, start, event.timezone)


def _check_repeats(draft: EventDraft, start: date, zone_name: str) -> None:
    if isinstance(draft.recurrence, tuple):
        zone = _zone(draft, zone_name)
        wall = wall_clock(start, zone) if isinstance(start, datetime) else start
        check_lines(draft.recurrence, wall, zone)


def _zone(draft: EventDraft, zone_name: str = "UTC") -> ZoneInfo:
    return ZoneInfo(zone_name if draft.timezone is UNSET else draft.timezone)


def _check_text(field: str, value: str | Unset | None, longest: int) -> None:
    if isinstance(value, str) and len(value) > longest:
        raise InvalidInput(field, f"This may have {longest} characters at most.")


def _check_moment(field: str, value: date | Unset, draft: EventDraft) -> None:
    if value is UNSET:
        return
    if draft.all_day is not UNSET and draft.all_day == isinstance(value, datetime):
        wanted = "a date" if draft.all_day else "a time"
        raise InvalidInput(field, f"This has to be {wanted}.")
    if isinstance(value, datetime) and value.utcoffset() is None:
        raise InvalidInput(field, "This needs a time zone.")
    if not 1970 <= value.year <= 2200:
        raise InvalidInput(field, "This is not a time that can be used.")
