"""Our drafts as Graph's event bodies, holding only what was given.

https://learn.microsoft.com/en-us/graph/api/user-post-events
https://learn.microsoft.com/en-us/graph/api/event-update
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from calendars.enums import ConferenceState, EventKind, Response, Visibility
from calendars.providers.base import UNSET, Feature
from calendars.providers.joining import joined_text
from calendars.providers.markup import is_markup
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
    from calendars.providers.reading import Reply

Json = dict[str, object]
_PROPERTIES = "String {6f1f6c1e-4b0f-4a57-9d57-0d6f5f9b1a10} Name"
OWN_ID: Final = f"{_PROPERTIES} meridianId"
ANSWER_VERBS: Final = {
    Response.ACCEPTED: "accept",
    Response.TENTATIVE: "tentativelyAccept",
    Response.DECLINED: "decline",
}
# What Outlook itself sets; Graph has no word for "the calendar's default".
DEFAULT_REMINDER: Final = 15


def create_body(draft: EventDraft, calendar: RemoteCalendar, kind: AccountKind) -> Json:
    """The body of a new event; the idempotency key is its transactionId. Raises Unsupported."""
    body = _fields(draft) | _texts(draft, None) | _times(draft, calendar, None)
    body |= _shown_as(draft, None)
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
        given & {"conference", "conference_url", "description", "join_url"}
        or not draft.notify
        or (given & {"timezone", "end_timezone"} and not {"start", "end"} <= given)
        or ("end_timezone" in given and "timezone" not in given)
        or len(given & {"busy", "kind"}) == 1
        or (draft.recurrence and draft.recurrence is not UNSET and "start" not in given)
    )


def update_body(
    draft: EventDraft, calendar: RemoteCalendar, kind: AccountKind, current: RemoteEvent | None
) -> Json:
    """The body of a change: absent is unchanged, null cleared, arrays replace. Raises
    Unsupported. `current` is there when `needs_current` says so.
    """
    body = _fields(draft) | _texts(draft, current) | _times(draft, calendar, current)
    body |= _shown_as(draft, current)
    if draft.recurrence is not UNSET:
        body["recurrence"] = _recurrence(draft, calendar, current) if draft.recurrence else None
    if draft.conference is not UNSET:
        body |= _conference_change(draft, kind, current)
    properties = _properties(draft)
    if properties:
        body["singleValueExtendedProperties"] = properties
    return body


def answer_body(raw: Reply, comment: str, *, notify: bool) -> Json:
    """The body of accept, tentativelyAccept and decline.

    Graph refuses to send an answer that the organizer has not asked for.
    """
    sends = notify and raw.flag("responseRequested", default=True)
    return {"sendResponse": sends, **({"comment": comment} if comment and sends else {})}


def _fields(draft: EventDraft) -> Json:
    body: Json = {}
    if draft.title is not UNSET:
        body["subject"] = draft.title or ""
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
    return {"contentType": "html" if is_markup(content) else "text", "content": content}


def _shown_as(draft: EventDraft, current: RemoteEvent | None) -> Json:
    """Graph has one word for how an event is shown and what it is. Raises Unsupported.

    It has none for a colour: that of a category is the mailbox's, and needs another permission.
    """
    if draft.colour is not UNSET and draft.colour:
        raise Unsupported(Feature.SECONDARY_COLOURS.value, "Outlook keeps no colour of an event.")
    if draft.busy is UNSET and draft.kind is UNSET:
        return {}
    kind = draft.kind if draft.kind is not UNSET else current.kind if current else EventKind.NORMAL
    if kind is EventKind.FOCUS_TIME:
        raise Unsupported(Feature.FOCUS_TIME.value, "Outlook has no focus time events.")
    if kind is EventKind.OUT_OF_OFFICE:
        return {"showAs": "oof"}
    if kind is not EventKind.NORMAL and draft.busy is not True:
        return {"showAs": "workingElsewhere"}
    busy = draft.busy if draft.busy is not UNSET else current.is_busy if current else True
    return {"showAs": "busy" if busy else "free"}


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


def _end_zone(draft: EventDraft, zone: str, current: RemoteEvent | None) -> str:
    """The zone of the end: its own, else the start's `zone`."""
    if draft.end_timezone is not UNSET:
        return draft.end_timezone or zone
    if draft.timezone is UNSET and current and current.end:
        return current.end.timezone
    return zone


def _times(draft: EventDraft, calendar: RemoteCalendar, current: RemoteEvent | None) -> Json:
    zone = _zone(draft, calendar, current)
    end_zone = _end_zone(draft, zone, current)
    body: Json = {}
    if draft.all_day is not UNSET:
        body["isAllDay"] = draft.all_day
    was: tuple[When | None, When | None] = (current.start, current.end) if current else (None, None)
    for name, value, former, named in (
        ("start", draft.start, was[0], zone),
        ("end", draft.end, was[1], end_zone),
    ):
        if isinstance(value, datetime):
            body |= {"isAllDay": False, name: zones.written(value, named)}
        elif isinstance(value, date):
            body |= {"isAllDay": True, name: zones.midnight(value, zone)}
        elif former and former.on is None and former.timezone != named:
            body[name] = zones.written(former.at, named)
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


def _conference_change(draft: EventDraft, kind: AccountKind, current: RemoteEvent | None) -> Json:
    """Graph can add a Teams meeting to an event, and never take it away."""
    was = current.conference if current else None
    has_teams = was is not None and was.kind is Conference.TEAMS
    if isinstance(draft.conference, Conference) and wants_teams(draft.conference):
        is_coming = was is not None and was.state is ConferenceState.PENDING
        return {} if has_teams and not (is_coming and draft.asks_again) else _teams(kind)
    if has_teams:
        message = (
            "Outlook cannot take the Teams meeting off an event. "
            "Make a new event without it, then delete this one."
        )
        raise Unsupported("removing a Teams meeting", message, field="conference")
    return {}


def _properties(draft: EventDraft) -> list[Json]:
    return [
        {"id": f"{_PROPERTIES} {name}", "value": value}
        for name, value in draft.private_properties.items()
    ]
