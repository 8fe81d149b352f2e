"""Our drafts as Graph's event bodies, holding only what was given.

https://learn.microsoft.com/en-us/graph/api/user-post-events
https://learn.microsoft.com/en-us/graph/api/event-update
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from calendars.enums import Visibility
from calendars.providers.base import UNSET
from calendars.providers.joining import joined_text
from calendars.providers.microsoft import zones
from calendars.providers.microsoft.mapping import TEAMS_PROVIDER
from calendars.providers.microsoft.recurrence import First, to_graph
from common.errors import Unsupported
from common.wallclock import wall_clock
from conferencing.enums import Conference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calendars.providers.account import AccountKind
    from calendars.providers.base import Attendee, EventDraft, RemoteCalendar, RemoteEvent, When

Json = dict[str, object]
_PROPERTIES = "String {6f1f6c1e-4b0f-4a57-9d57-0d6f5f9b1a10} Name"
OWN_ID: Final = f"{_PROPERTIES} meridianId"
# What Outlook itself sets; Graph has no word for "the calendar's default".
DEFAULT_REMINDER: Final = 15


def create_body(draft: EventDraft, calendar: RemoteCalendar, kind: AccountKind) -> Json:
    """The body of a new event; the idempotency key is its transactionId. Raises Unsupported."""
    body = _fields(draft) | _texts(draft, None) | _times(draft, calendar, None)
    if draft.recurrence and draft.recurrence is not UNSET:
        body["recurrence"] = _recurrence(draft, calendar, None)
    if draft.conference is not UNSET and wants_teams(draft.conference):
        body |= _teams(kind)
    if draft.idempotency_key:
        body["transactionId"] = draft.idempotency_key
    properties = _properties(draft)
    if draft.idempotency_key:
        properties.append({"id": OWN_ID, "value": draft.idempotency_key})
    if properties:
        body["singleValueExtendedProperties"] = properties
    return body


def needs_current(draft: EventDraft) -> bool:
    """Whether a change can only be said knowing the event as it is."""
    given = draft.given()
    return bool(
        given & {"conference", "conference_url", "description"}
        or not draft.notify
        or ("timezone" in given and not {"start", "end"} <= given)
        or (draft.recurrence and draft.recurrence is not UNSET and "start" not in given)
    )


def update_body(
    draft: EventDraft, calendar: RemoteCalendar, kind: AccountKind, current: RemoteEvent | None
) -> Json:
    """The body of a change: absent is unchanged, null cleared, arrays replace. Raises
    Unsupported. `current` is there when `needs_current` says so.
    """
    body = _fields(draft) | _texts(draft, current) | _times(draft, calendar, current)
    if draft.recurrence is not UNSET:
        body["recurrence"] = _recurrence(draft, calendar, current) if draft.recurrence else None
    if draft.conference is not UNSET:
        body |= _conference_change(draft.conference, kind, current)
    properties = _properties(draft)
    if properties:
        body["singleValueExtendedProperties"] = properties
    return body


def _fields(draft: EventDraft) -> Json:
    body: Json = {}
    if draft.title is not UNSET:
        body["subject"] = draft.title or ""
    if draft.busy is not UNSET:
        body["showAs"] = "busy" if draft.busy else "free"
    if draft.visibility is not UNSET:
        private = draft.visibility == Visibility.PRIVATE
        body["sensitivity"] = "private" if private else "normal"
    if draft.attendees is not UNSET:
        body["attendees"] = [_attendee(guest) for guest in draft.attendees or ()]
    if draft.reminders is not UNSET:
        body |= _reminder(draft.reminders)
    return body


def _texts(draft: EventDraft, current: RemoteEvent | None) -> Json:
    body: Json = {}
    if draft.description is not UNSET:
        body["body"] = _text(draft.description or "")
    if draft.location is not UNSET:
        body["location"] = {"displayName": draft.location or ""}
    joined = joined_text(draft, current)
    if joined is not None:
        body |= {"body": _text(joined[0]), "location": {"displayName": joined[1]}}
    return body


def _text(content: str) -> Json:
    return {"contentType": "text", "content": content}


def _attendee(guest: Attendee) -> Json:
    person = {"address": guest.email, **({"name": guest.name} if guest.name else {})}
    return {"emailAddress": person, "type": "optional" if guest.is_optional else "required"}


def _reminder(minutes: Sequence[int] | None) -> Json:
    if minutes is None:
        return {"isReminderOn": True, "reminderMinutesBeforeStart": DEFAULT_REMINDER}
    if len(minutes) > 1:
        message = "Outlook has one reminder for an event, not several."
        raise Unsupported("several reminders", message)
    if not minutes:
        return {"isReminderOn": False}
    return {"isReminderOn": True, "reminderMinutesBeforeStart": minutes[0]}


def _zone(draft: EventDraft, calendar: RemoteCalendar, current: RemoteEvent | None) -> str:
    if draft.timezone is not UNSET:
        return draft.timezone
    return current.start.timezone if current and current.start else calendar.timezone


def _times(draft: EventDraft, calendar: RemoteCalendar, current: RemoteEvent | None) -> Json:
    zone = _zone(draft, calendar, current)
    body: Json = {}
    if draft.all_day is not UNSET:
        body["isAllDay"] = draft.all_day
    was: tuple[When | None, When | None] = (current.start, current.end) if current else (None, None)
    for name, value, former in (("start", draft.start, was[0]), ("end", draft.end, was[1])):
        if isinstance(value, datetime):
            body |= {"isAllDay": False, name: zones.written(value, zone)}
        elif isinstance(value, date):
            body |= {"isAllDay": True, name: zones.midnight(value, zone)}
        elif former and former.on is None and former.timezone != zone:
            body[name] = zones.written(former.at, zone)
    return body


def _recurrence(draft: EventDraft, calendar: RemoteCalendar, current: RemoteEvent | None) -> Json:
    """The rule as Graph says it, from the first start on. Raises Unsupported."""
    lines = draft.recurrence if isinstance(draft.recurrence, tuple) else ()
    zone = _zone(draft, calendar, current)
    start: datetime | date | None = None if draft.start is UNSET else draft.start
    if start is None and current and current.start:
        start = current.start.on or current.start.at
    if isinstance(start, datetime):
        if not zones.keeps_same_time(start, zone):
            message = f"Outlook cannot repeat an event in the time zone {zone}."
            raise Unsupported("a series in this time zone", message)
        first = First(wall_clock(start, ZoneInfo(zone)), zone)
    elif start is not None:
        first = First(datetime.combine(start, datetime.min.time()), zone, all_day=True)
    else:
        raise Unsupported("a series without a start")
    return to_graph(lines, first, zones.windows_name(zone) or "UTC")


def wants_teams(wanted: Conference) -> bool:
    """Whether Outlook itself is to make the conference. Raises Unsupported."""
    if wanted in {Conference.MEET, Conference.AUTO}:
        raise Unsupported(
            wanted.label, f"An Outlook calendar cannot make a {wanted.label} meeting."
        )
    return wanted is Conference.TEAMS


def _teams(kind: AccountKind) -> Json:
    """Personal accounts get no link at all when the provider is named."""
    if kind == "personal":
        return {"isOnlineMeeting": True}
    return {"isOnlineMeeting": True, "onlineMeetingProvider": TEAMS_PROVIDER}


def _conference_change(wanted: Conference, kind: AccountKind, current: RemoteEvent | None) -> Json:
    """Graph can add a Teams meeting to an event, and never take it away."""
    was = current.conference if current else None
    has_teams = was is not None and was.kind is Conference.TEAMS
    if wants_teams(wanted):
        return {} if has_teams else _teams(kind)
    if has_teams:
        message = "Outlook cannot take the Teams meeting off an event. Create the event anew."
        raise Unsupported("removing a Teams meeting", message)
    return {}


def _properties(draft: EventDraft) -> list[Json]:
    return [
        {"id": f"{_PROPERTIES} {name}", "value": value}
        for name, value in draft.private_properties.items()
    ]
