"""What a client sends as an event: checked property by property, or refused."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sandbox.server.http import Json
from sandbox.server.instants import any_zone, parse_instant, parse_wall, to_utc, to_wall
from sandbox.server.microsoft import patterns, teams
from sandbox.server.microsoft.access import Caller
from sandbox.server.microsoft.errors import bad_property, graph_error, unknown_zone
from sandbox.server.microsoft.events import is_organizer, wall
from sandbox.server.records import Record

_CHOICES = {
    "showAs": {"free", "tentative", "busy", "oof", "workingElsewhere", "unknown"},
    "sensitivity": {"normal", "personal", "private", "confidential"},
    "importance": {"low", "normal", "high"},
}
_FLAGS = ("isReminderOn", "responseRequested", "allowNewTimeProposals", "hideAttendees")
_TIMES = ("start", "end", "isAllDay", "recurrence")
_SPECIAL: tuple[str, ...] = ("subject", "body", "location", "locations", "attendees", "categories")
_SPECIAL += ("reminderMinutesBeforeStart", "transactionId", "isOnlineMeeting")
_SPECIAL += ("onlineMeetingProvider", "singleValueExtendedProperties", "originalStartTimeZone")
_SPECIAL += ("originalEndTimeZone",)
# Read-only properties are ignored when they are sent back.
_READ_ONLY = frozenset(
    [
        "id",
        "createdDateTime",
        "lastModifiedDateTime",
        "changeKey",
        "hasAttachments",
        "iCalUId",
        "bodyPreview",
        "isCancelled",
        "isDraft",
        "isOrganizer",
        "seriesMasterId",
        "type",
        "webLink",
        "onlineMeetingUrl",
        "organizer",
        "onlineMeeting",
        "responseStatus",
        "originalStart",
        "occurrenceId",
        "extensions",
        "attachments",
        "calendar",
        "multiValueExtendedProperties",
        "instances",
    ]
)
KNOWN = {*_CHOICES, *_FLAGS, *_TIMES, *_SPECIAL, *_READ_ONLY}
SHARED = {"subject", "body", "location", "locations", "attendees", *_TIMES, "isOnlineMeeting"}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\Z")
MOST_ATTENDEES = 500


def check_names(who: Caller, sent: Json) -> None:
    for name in sent:
        if name not in KNOWN and not name.startswith("@"):
            message = (
                f"The property '{name}' does not exist on type 'microsoft.graph.event'. Make sure "
                "to only use property names that are defined by the type."
            )
            raise graph_error(who.request, 400, "RequestBodyRead", message)


def blank_body(who: Caller) -> Json:
    person = {"name": who.account["name"], "address": who.account["email"]}
    return {
        "subject": "",
        "body": {"contentType": "html", "content": ""},
        "importance": "normal",
        "sensitivity": "normal",
        "showAs": "busy",
        "location": place_named(""),
        "attendees": [],
        "organizer": {"emailAddress": person},
        "categories": [],
        "isReminderOn": True,
        "reminderMinutesBeforeStart": 15,
        "responseRequested": True,
        "allowNewTimeProposals": True,
        "hideAttendees": False,
        "responseStatus": {"response": "organizer", "time": "0001-01-01T00:00:00Z"},
        "isOnlineMeeting": False,
        "onlineMeetingProvider": "unknown",
        "onlineMeeting": None,
        "extended": [],
    }


def place_named(name: str) -> Json:
    place: Json = {"displayName": name, "locationType": "default"}
    return {**place, "uniqueId": name, "uniqueIdType": "private"} if name else place


def apply(who: Caller, record: Record, calendar: Record, sent: Json) -> None:
    """Write what was sent into the record. Refuses with 400."""
    check_names(who, sent)
    body = record["body"]
    for name, allowed in _CHOICES.items():
        if sent.get(name) is not None:
            if sent[name] not in allowed:
                raise bad_property(who.request, f"The value of {name} is not one of its names.")
            body[name] = sent[name]
    for name in _FLAGS:
        if sent.get(name) is not None:
            body[name] = bool(sent[name])
    _apply_text(who, body, sent)
    _apply_times(who, record, sent)
    if "attendees" in sent:
        body["attendees"] = _attendees(who, sent["attendees"] or [], body["attendees"])
    if sent.get("singleValueExtendedProperties"):
        body["extended"] = _extended(who, body["extended"], sent["singleValueExtendedProperties"])
    teams.apply(who, record, calendar, sent)


def _apply_text(who: Caller, body: Json, sent: Json) -> None:
    if "subject" in sent:
        body["subject"] = str(sent["subject"] or "")[:255]
    if "body" in sent:
        value = sent["body"] or {}
        kind = str(value.get("contentType", "text")).lower()
        if kind not in {"text", "html"}:
            raise bad_property(who.request, "The contentType of body has to be text or html.")
        body["body"] = {"contentType": kind, "content": str(value.get("content") or "")}
    place = sent.get("location")
    if "location" not in sent and sent.get("locations"):
        place = sent["locations"][0]
    if "location" in sent or place:
        body["location"] = place_named(str((place or {}).get("displayName") or ""))
    if sent.get("categories") is not None:
        body["categories"] = [str(name) for name in sent["categories"]]
    minutes = sent.get("reminderMinutesBeforeStart")
    if minutes is not None:
        if not isinstance(minutes, int) or minutes < 0:
            raise bad_property(who.request, "reminderMinutesBeforeStart has to be 0 or more.")
        body["reminderMinutesBeforeStart"] = minutes


def _apply_times(who: Caller, record: Record, sent: Json) -> None:
    if not any(name in sent for name in _TIMES):
        return
    if sent.get("isAllDay") is not None:
        record["all_day"] = bool(sent["isAllDay"])
    for name in ("start", "end"):
        if name in sent:
            _apply_time(who, record, name, sent[name])
        elif record.get(name) is None:
            message = f"Required attribute '{name.title()}' is missing."
            raise graph_error(who.request, 400, "ErrorInvalidRequest", message)
    _check_span(who, record)
    if record["master"]:
        if sent.get("recurrence"):
            raise bad_property(who.request, "An occurrence cannot recur.")
    elif "recurrence" in sent or ("start" in sent and record["recurrence"]):
        _apply_recurrence(who, record, sent)


def _apply_time(who: Caller, record: Record, name: str, value: Any) -> None:
    given = value if isinstance(value, dict) else {}
    zone_name = given.get("timeZone") or "UTC"
    zone = any_zone(str(zone_name).removeprefix("tzone://Microsoft/"))
    if zone is None:
        raise unknown_zone(who.request, zone_name)
    text = str(given.get("dateTime") or "")
    moment = parse_wall(text)
    aware = parse_instant(text) if moment is None else None
    if aware is not None:
        moment = to_wall(aware, zone)
    if moment is None:
        raise bad_property(who.request, f"The dateTime of {name} cannot be read.")
    if name == "end" and record["zone"] != str(zone):
        # Its wall time is kept in the zone of the start; its own zone by name only.
        kept = any_zone(record["zone"])
        if kept and not record["all_day"]:
            moment = to_wall(to_utc(moment, zone), kept)
    if name == "start":
        record["zone"], record["zone_name"] = str(zone), str(zone_name)
    record[f"{name}_zone_name"] = str(zone_name)
    record[name] = moment.replace(microsecond=0).isoformat()


def _check_span(who: Caller, record: Record) -> None:
    begins, ends = wall(record["start"]), wall(record["end"])
    if record["all_day"]:
        for name, moment in (("Start", begins), ("End", ends)):
            if moment.time() != datetime.min.time():
                raise bad_property(
                    who.request,
                    f"The Event.{name} property for an all-day event needs to be set to midnight.",
                )
        if ends <= begins:
            message = "The duration of an event marked as All day must be at least 24 hours."
            raise bad_property(who.request, message)
    zone = any_zone(record["zone"])
    if zone and to_utc(ends, zone) < to_utc(begins, zone):
        message = "The end date of the event is earlier than its start date."
        raise graph_error(who.request, 400, "ErrorCalendarEndDateIsEarlierThanStartDate", message)


def _apply_recurrence(who: Caller, record: Record, sent: Json) -> None:
    """A new start or pattern begins the series anew: its exceptions are dropped."""
    wanted = sent["recurrence"] if "recurrence" in sent else record["recurrence"]
    if wanted is None:
        record["recurrence"], record["type"] = None, "singleInstance"
        return
    first = wall(record["start"])
    if "recurrence" not in sent:
        span = {**wanted["range"], "startDate": f"{first:%Y-%m-%d}"}
        wanted = {**wanted, "range": span}
    try:
        recurrence = patterns.clean_recurrence(wanted, first, record["zone_name"])
    except patterns.BadPattern as error:
        raise bad_property(who.request, str(error)) from None
    record["recurrence"], record["type"] = recurrence, "seriesMaster"


def _attendees(who: Caller, sent: Any, before: list[Json]) -> list[Json]:
    if not isinstance(sent, list) or len(sent) > MOST_ATTENDEES:
        raise bad_property(who.request, "There are too many attendees.")
    answers = {a["emailAddress"]["address"]: a["status"] for a in before}
    found = []
    for entry in sent:
        given = (entry or {}).get("emailAddress") or {}
        address = str(given.get("address") or "").lower()
        if not _EMAIL.match(address):
            message = "At least one recipient isn't valid."
            raise graph_error(who.request, 400, "ErrorInvalidRecipients", message)
        if entry.get("type", "required") not in {"required", "optional", "resource"}:
            raise bad_property(who.request, "The type of an attendee is unknown.")
        nothing = {"response": "none", "time": "0001-01-01T00:00:00Z"}
        person = {"name": given.get("name") or address, "address": address}
        kept = {"type": entry.get("type") or "required", "emailAddress": person}
        found.append({**kept, "status": answers.get(address, nothing)})
    return found


def _extended(who: Caller, before: list[Json], sent: list[Json]) -> list[Json]:
    kept = {entry["id"]: entry for entry in before}
    for entry in sent:
        if not entry.get("id") or not isinstance(entry.get("value"), str):
            raise bad_property(who.request, "An extended property needs an id and a value.")
        kept[entry["id"]] = {"id": entry["id"], "value": entry["value"]}
    return list(kept.values())


def check_rights(who: Caller, record: Record, sent: Json) -> None:
    """Only the organizer changes what all attendees share."""
    if not is_organizer(who.account, record) and SHARED & set(sent):
        message = "Your request can't be completed. You need to be an organizer to do that."
        raise graph_error(who.request, 403, "ErrorAccessDenied", message)
