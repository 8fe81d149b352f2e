"""Our drafts as Google's event bodies, holding only what was given.

https://developers.google.com/workspace/calendar/api/v3/reference/events
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from calendars.enums import ConferenceState, EventKind
from calendars.providers.base import UNSET
from calendars.providers.google.kinds import colour_change, kind_of_new
from calendars.providers.google.mapping import RESPONSE_WORDS
from calendars.providers.joining import joined_text
from common.errors import Unsupported
from common.spans import in_utc
from conferencing.enums import Conference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calendars.enums import Response
    from calendars.providers.base import Attendee, EventDraft, RemoteCalendar, RemoteEvent
    from calendars.providers.reading import Reply

Json = dict[str, object]
_KEPT_OF_GUESTS = ("responseStatus", "comment", "additionalGuests", "resource", "id")
_TOLD_OF_GUESTS = frozenset({"self", "organizer"})
_NEED_CURRENT = frozenset({"attendees", "conference", "conference_url", "join_url", "kind"})


def create_body(draft: EventDraft, calendar: RemoteCalendar) -> Json:
    """The body of events.insert; the idempotency key is the event's id. Raises Unsupported."""
    body = _texts(draft) | _flags(draft) | _joined(draft, None) | kind_of_new(draft)
    if draft.colour:
        body |= colour_change(draft)
    zone = _zone(draft) or calendar.timezone
    for name, value, named in (
        ("start", draft.start, zone),
        ("end", draft.end, _end_zone(draft) or zone),
    ):
        if isinstance(value, date):
            body[name] = _time(value, named)
    if draft.attendees and draft.attendees is not UNSET:
        body["attendees"] = [_guest(guest, {}) for guest in draft.attendees]
    if draft.recurrence and draft.recurrence is not UNSET:
        body["recurrence"] = list(draft.recurrence)
    if draft.reminders is not UNSET:
        body["reminders"] = _reminders(draft.reminders)
    if draft.conference is not UNSET and _wants_meet(draft.conference):
        body["conferenceData"] = _meet_request()
    if draft.idempotency_key:
        body["id"] = draft.idempotency_key
    return body


def needs_current(draft: EventDraft) -> bool:
    """Whether a change can only be said knowing the event as it is."""
    follows_start = draft.end_timezone is not UNSET and not draft.end_timezone
    return bool(draft.given() & _NEED_CURRENT) or (follows_start and draft.timezone is UNSET)


def update_body(
    draft: EventDraft, current: RemoteEvent | None = None, raw: Reply | None = None
) -> Json:
    """The body of events.patch: absent is unchanged, null cleared, arrays replace. Raises
    Unsupported. `current` and `raw` are the event as it is, when `needs_current` says so.
    """
    _check_kind(draft, current)
    body = _texts(draft) | _flags(draft) | _joined(draft, current) | _times(draft, current)
    body |= colour_change(draft)
    if draft.attendees is not UNSET:
        body["attendees"] = _merged_guests(
            draft.attendees or (), raw.parts("attendees") if raw else []
        )
    if draft.recurrence is not UNSET:
        body["recurrence"] = list(draft.recurrence or ())
    if draft.reminders is not UNSET:
        # PATCH merges objects: overrides that are not named would stay.
        body["reminders"] = {"overrides": [], **_reminders(draft.reminders)}
    if draft.conference is not UNSET:
        body |= _conference_change(draft, current, raw)
    return body


def answer_body(raw: Reply, response: Response, comment: str) -> Json:
    """The body of events.patch that answers an invitation: all guests as they are, but for one.

    Raises Unsupported where the account is not among them.
    """
    guests: list[Json] = []
    answered = False
    for guest in raw.parts("attendees"):
        body: Json = {k: v for k, v in guest.record.items() if k not in _TOLD_OF_GUESTS}
        if guest.flag("self"):
            body["responseStatus"] = RESPONSE_WORDS[response]
            body |= {"comment": comment} if comment else {}
            answered = True
        guests.append(body)
    if not answered:
        raise Unsupported("answering", "This account is not among the guests of the event.")
    omitted = {"attendeesOmitted": True} if raw.flag("attendeesOmitted") else {}
    return {"attendees": guests, **omitted}


def _texts(draft: EventDraft) -> Json:
    texts = (
        ("summary", draft.title),
        ("description", draft.description),
        ("location", draft.location),
    )
    return {name: value or "" for name, value in texts if value is not UNSET}


def _flags(draft: EventDraft) -> Json:
    body: Json = {}
    if draft.visibility is not UNSET:
        body["visibility"] = str(draft.visibility)
    if draft.busy is not UNSET:
        body["transparency"] = "opaque" if draft.busy else "transparent"
    if draft.private_properties:
        body["extendedProperties"] = {"private": dict(draft.private_properties)}
    return body


def _joined(draft: EventDraft, current: RemoteEvent | None) -> Json:
    joined = joined_text(draft, current)
    return {} if joined is None else {"description": joined[0], "location": joined[1]}


def _zone(draft: EventDraft) -> str:
    return "" if draft.timezone is UNSET else draft.timezone


def _end_zone(draft: EventDraft, current: RemoteEvent | None = None) -> str:
    """The zone to write the end in; blank when it stays as it is."""
    if draft.end_timezone is not UNSET and draft.end_timezone:
        return draft.end_timezone
    if draft.end_timezone is not UNSET and not _zone(draft) and current and current.start:
        return current.start.timezone
    return _zone(draft)


def _times(draft: EventDraft, current: RemoteEvent | None) -> Json:
    """Start and end of a patch; the other kind's field is cleared, as PATCH merges objects."""
    body: Json = {}
    for name, value, zone in (
        ("start", draft.start, _zone(draft)),
        ("end", draft.end, _end_zone(draft, current)),
    ):
        if isinstance(value, datetime):
            body[name] = {"date": None, **_time(value, zone)}
        elif isinstance(value, date):
            body[name] = {"dateTime": None, "timeZone": None, **_time(value, "")}
        elif zone and not (current and current.is_all_day):
            body[name] = {"timeZone": zone}
    return body


def _check_kind(draft: EventDraft, current: RemoteEvent | None) -> None:
    was = current.kind if current else EventKind.NORMAL
    if draft.kind is not UNSET and draft.kind is not was:
        raise Unsupported("another kind", "Google Calendar does not change what kind an event is.")


def _time(value: date, zone: str) -> Json:
    """A start or end: a date, or an instant written in the zone, in UTC when none is named."""
    if not isinstance(value, datetime):
        return {"date": value.isoformat()}
    moment = in_utc(value).astimezone(ZoneInfo(zone or "UTC"))
    timed: Json = {"dateTime": moment.isoformat(timespec="seconds")}
    return {**timed, "timeZone": zone} if zone else timed


def _guest(guest: Attendee, known: Json) -> Json:
    body: Json = {**known, "email": guest.email}
    if guest.name:
        body["displayName"] = guest.name
    if guest.is_optional or "optional" in known:
        body["optional"] = guest.is_optional
    return body


def _merged_guests(wanted: Sequence[Attendee], raw: list[Reply]) -> list[Json]:
    """The wanted guests, each with the answer given so far; our own entry always stays."""
    known = {
        guest.text("email").lower(): {
            name: guest.record[name] for name in _KEPT_OF_GUESTS if name in guest
        }
        for guest in raw
    }
    body = [_guest(guest, known.get(guest.email.lower(), {})) for guest in wanted]
    named = {guest.email.lower() for guest in wanted}
    for guest in raw:
        email = guest.text("email")
        if guest.flag("self") and email.lower() not in named:
            body.append({**known[email.lower()], "email": email})
    return body


def _reminders(minutes: Sequence[int] | None) -> Json:
    if minutes is None:
        return {"useDefault": True}
    overrides = [{"method": "popup", "minutes": value} for value in minutes]
    return {"useDefault": False, "overrides": overrides}


def _wants_meet(wanted: Conference) -> bool:
    """Whether Google itself is to make the conference. Raises Unsupported."""
    if wanted in {Conference.TEAMS, Conference.AUTO}:
        raise Unsupported(wanted.label, f"A Google calendar cannot make a {wanted.label} meeting.")
    return wanted is Conference.MEET


def copied_conference(raw: Reply) -> Json:
    """What a new event has to hold to share the conference of another one; the signature counts.

    https://developers.google.com/workspace/calendar/api/concepts/conferences
    """
    data = raw.part("conferenceData")
    if not data.parts("entryPoints"):
        return {}
    kept = ("conferenceId", "conferenceSolution", "entryPoints", "signature", "parameters", "notes")
    return {"conferenceData": {name: data.record[name] for name in kept if name in data}}


def _meet_request() -> Json:
    """A new request each time: Google ignores one whose id it has seen."""
    kind = {"type": "hangoutsMeet"}
    return {"createRequest": {"requestId": uuid.uuid4().hex, "conferenceSolutionKey": kind}}


def _conference_change(draft: EventDraft, current: RemoteEvent | None, raw: Reply | None) -> Json:
    """A Meet link that is there stays as it is, and one on its way, unless asked for again."""
    if isinstance(draft.conference, Conference) and _wants_meet(draft.conference):
        was = current.conference if current else None
        state = was.state if was and was.kind is Conference.MEET else None
        is_coming = state is ConferenceState.PENDING and not draft.asks_again
        if state is ConferenceState.READY or is_coming:
            return {}
        return {"conferenceData": _meet_request()}
    return {"conferenceData": None} if raw and "conferenceData" in raw else {}


def asks_for_meet(body: Json) -> bool:
    """Whether this is a body that has Google make a Meet link."""
    data = body.get("conferenceData")
    return isinstance(data, dict) and "createRequest" in data
