"""What a client sends as an event: checked, merged into what is stored, or refused."""

from __future__ import annotations

import re
from typing import Any

from sandbox.server import series
from sandbox.server.google import kinds, meet, times
from sandbox.server.google.access import Place
from sandbox.server.google.errors import google_error, invalid, required
from sandbox.server.google.events import is_series, length_of, rules_of
from sandbox.server.http import Json
from sandbox.server.records import Record

SHARED: tuple[str, ...] = (
    "summary",
    "description",
    "location",
    "start",
    "end",
    "recurrence",
    "status",
)
SHARED += ("guestsCanModify", "guestsCanInviteOthers", "guestsCanSeeOtherGuests", "source")
SHARED += ("attachments", "anyoneCanAddSelf")
OWN = ("colorId", "transparency", "visibility", "reminders", "extendedProperties", "eventLabelId")
WRITABLE = (*SHARED, *OWN, "attendees", "eventType", *kinds.DETAILS)
_ID = re.compile(r"[a-v0-9]{5,1024}\Z")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\Z")
_CHOICES = {
    "status": {"confirmed", "tentative", "cancelled"},
    "transparency": {"opaque", "transparent"},
    "visibility": {"default", "public", "private", "confidential"},
}
_ANSWERS = {"needsAction", "declined", "tentative", "accepted"}
_GUEST_FIELDS: tuple[str, ...] = (
    "email",
    "displayName",
    "responseStatus",
    "optional",
    "resource",
    "comment",
)
_GUEST_FIELDS += ("additionalGuests", "id")
_TIMED = ("start", "end", "recurrence")


def check_id(value: Any) -> str:
    """The event id a client chose (base32hex, 5 to 1024 characters)."""
    if not isinstance(value, str) or not _ID.match(value):
        raise invalid("Invalid resource id value.")
    return value


def merged(before: Json, sent: Json) -> Json:
    """PATCH: absent = unchanged, null = cleared, arrays replaced, objects merged."""
    result = {name: before[name] for name in before}
    for name, value in sent.items():
        if name not in WRITABLE:
            continue
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict) and isinstance(before.get(name), dict):
            result[name] = _merged_object(before[name], value)
        else:
            result[name] = value
    return result


def _merged_object(before: Json, sent: Json) -> Json:
    result = dict(before)
    for name, value in sent.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict) and isinstance(result.get(name), dict):
            result[name] = _merged_object(result[name], value)
        else:
            result[name] = value
    return result


def replaced(before: Json, sent: Json) -> Json:
    """PUT: what is not sent is reset."""
    kept = {k: v for k, v in before.items() if k not in WRITABLE}
    return {**kept, **{k: v for k, v in sent.items() if k in WRITABLE and v is not None}}


def clean(where: Place, body: Json) -> Json:
    """The body with its fields checked and normalised. Refuses with 400."""
    for name, allowed in _CHOICES.items():
        if name in body and body[name] not in allowed:
            raise invalid(f"Invalid value for: {body[name]!r} is not a valid value", name)
    default = where.calendar["timezone"]
    start_zone = body.get("start", {}).get("timeZone") if body.get("start") else None
    body["start"] = clean_start = times.clean_time(body.get("start"), default, "start")
    body["end"] = times.clean_time(body.get("end"), default, "end")
    times.check_order(clean_start, body["end"], times.zone_of(default))
    kinds.check(where, body)
    if is_series(body):
        _check_recurrence(body, zone_named=bool(start_zone))
    else:
        body.pop("recurrence", None)
    if "attendees" in body:
        body["attendees"] = _clean_guests(body["attendees"], where)
    if "reminders" in body:
        body["reminders"] = _clean_reminders(body["reminders"])
    return body


def _check_recurrence(body: Json, *, zone_named: bool) -> None:
    if "recurringEventId" in body:
        raise invalid("Invalid recurrence rule: an occurrence cannot recur.")
    lines = body["recurrence"]
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise invalid("Invalid recurrence rule.")
    if "dateTime" in body["start"] and not zone_named:
        raise required("Missing time zone definition for start time.")
    try:
        rules, _ = rules_of(body)
    except series.BadRule:
        raise invalid("Invalid recurrence rule.") from None
    if next(iter(rules), None) is None:
        raise invalid("Invalid recurrence rule: it has no occurrence.")
    if length_of(body).days > 365:
        raise invalid("Invalid recurrence rule: the event is too long.")


def _clean_guests(value: Any, where: Place) -> list[Json]:
    if not isinstance(value, list):
        raise invalid("Invalid attendee email.")
    found: dict[str, Json] = {}
    for guest in value:
        email = guest.get("email") if isinstance(guest, dict) else None
        if not isinstance(email, str) or not _EMAIL.match(email):
            raise invalid("Invalid attendee email.")
        kept = {k: guest[k] for k in _GUEST_FIELDS if guest.get(k) is not None}
        kept["email"] = email.lower()
        kept.setdefault("responseStatus", "needsAction")
        if kept["responseStatus"] not in _ANSWERS:
            raise invalid("Invalid value for: responseStatus", "responseStatus")
        found.setdefault(kept["email"], kept)
    if len(found) > 200:
        message = "The event has too many attendees."
        raise google_error(400, "tooManyAttendees", message, domain="calendar")
    return list(found.values())


def _clean_reminders(value: Any) -> Json:
    if not isinstance(value, dict):
        raise invalid("Invalid reminders.")
    overrides = value.get("overrides") or []
    if value.get("useDefault") and overrides:
        message = "Cannot specify both default reminders and overrides at the same time."
        raise google_error(400, "cannotUseDefaultRemindersAndSpecifyOverride", message)
    if len(overrides) > 5:
        raise invalid("Too many reminders.")
    for entry in overrides:
        minutes = entry.get("minutes")
        good = isinstance(minutes, int) and 0 <= minutes <= 40320
        if not good or entry.get("method") not in {"email", "popup"}:
            raise invalid("Invalid reminder.")
    cleaned: Json = {"useDefault": bool(value.get("useDefault", False))}
    return {**cleaned, "overrides": overrides} if overrides else cleaned


def check_rights(where: Place, record: Record, body: Json) -> None:
    """A guest may change their own copy only. Refuses with 403 forbiddenForNonOrganizer."""
    before = record["body"]
    organizer = before["organizer"]["email"]
    if organizer in {where.account["email"], where.calendar["id"]}:
        return
    if before.get("guestsCanModify"):
        return
    if any(before.get(name) != body.get(name) for name in SHARED):
        raise google_error(
            403,
            "forbiddenForNonOrganizer",
            "Shared properties can only be changed by the organizer of the event.",
            domain="calendar",
        )


def apply_conference(where: Place, record: Record, sent: Json, version: str) -> None:
    """conferenceData counts only with conferenceDataVersion=1; null takes the conference away."""
    if version != "1" or "conferenceData" not in sent:
        return
    wanted = sent["conferenceData"]
    body = record["body"]
    if wanted is None:
        body.pop("conferenceData", None)
        body.pop("hangoutLink", None)
        record.pop("meet", None)
        return
    kinds.check_conference(body)
    request = wanted.get("createRequest")
    if request is None or "entryPoints" in wanted:
        if wanted.get("conferenceId") or wanted.get("entryPoints"):
            body["conferenceData"] = wanted
        return
    kind = (request.get("conferenceSolutionKey") or {}).get("type", "hangoutsMeet")
    if not request.get("requestId"):
        raise invalid("Missing conference request id.")
    if not where.calendar["meet"] or kind != "hangoutsMeet":
        raise invalid("Invalid conference type value.")
    wanted = {**request, "conferenceSolutionKey": {"type": kind}}
    meet.request_conference(where.store, record, wanted, where.request.base_url)


def time_changed(before: Json, after: Json) -> bool:
    return any(before.get(name) != after.get(name) for name in _TIMED)
