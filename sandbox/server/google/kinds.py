"""Kinds of event and event colours: what Google takes, and what it refuses."""

from __future__ import annotations

from sandbox.server.google.access import Place
from sandbox.server.google.errors import google_error, invalid
from sandbox.server.http import Json, Refusal

DETAILS: tuple[str, ...] = (
    "outOfOfficeProperties",
    "focusTimeProperties",
    "workingLocationProperties",
    "birthdayProperties",
)
_TYPES = {
    "outOfOffice": "outOfOfficeProperties",
    "focusTime": "focusTimeProperties",
    "workingLocation": "workingLocationProperties",
    "birthday": "birthdayProperties",
}
_COLOURS = {str(number) for number in range(1, 12)}
_DECLINES = {
    "declineNone",
    "declineAllConflictingInvitations",
    "declineOnlyNewConflictingInvitations",
}


def check(where: Place, body: Json) -> None:
    """The event's colour and kind can be. Refuses with 400."""
    if body.get("colorId") is not None and body["colorId"] not in _COLOURS:
        raise invalid("Invalid color ID.", "colorId")
    kind = body.setdefault("eventType", "default")
    if kind != "default" and kind not in _TYPES:
        raise invalid(f"Invalid value for: {kind!r} is not a valid value", "eventType")
    for name, details in _TYPES.items():
        if details in body and kind != name:
            raise _malformed(kind, f"{details} requires an event type of {name}.")
    if kind == "default":
        return
    if _TYPES[kind] not in body:
        raise _malformed(kind, f"An event of this type needs {_TYPES[kind]}.")
    if not where.calendar["primary"]:
        raise _malformed(kind, "This type of event is only on primary calendars.")
    if kind in {"outOfOffice", "focusTime"}:
        _check_status(kind, body)
    else:
        body["transparency"] = "transparent"


def _check_status(kind: str, body: Json) -> None:
    """What the guide asks for, and what the service refuses beyond it."""
    if "date" in body["start"]:
        raise _malformed(kind, "An event of this type cannot be an all-day event.")
    if body.get("transparency") != "opaque":
        raise _malformed(kind, "An event of this type has to be opaque.")
    if body[_TYPES[kind]].get("autoDeclineMode", "declineNone") not in _DECLINES:
        raise _malformed(kind, "Invalid autoDeclineMode.")
    if body.get("attendees"):
        raise _malformed(kind, "An event of this type has no attendees.")
    if kind == "outOfOffice" and body.get("description"):
        raise _malformed(kind, "An out of office event has no description.")


def check_conference(body: Json) -> None:
    """Whether a conference may be made for it. Refuses with 400."""
    if body["eventType"] in {"outOfOffice", "focusTime"}:
        raise _malformed(body["eventType"], "An event of this type has no conference.")


def check_moves(body: Json) -> None:
    """Only plain events move to another calendar. Refuses with 400."""
    if body.get("eventType", "default") != "default":
        raise google_error(
            400, "eventTypeRestriction", "Only default events can be moved.", domain="calendar"
        )


def check_kept(before: Json, body: Json) -> None:
    """The kind of an event is for good. Refuses with 400."""
    if before.get("eventType", "default") != body.get("eventType", "default"):
        raise google_error(
            400, "eventTypeRestriction", "Event type cannot be changed.", domain="calendar"
        )


def _malformed(kind: str, message: str) -> Refusal:
    reason = f"malformed{kind[0].upper()}{kind[1:]}Event"
    return google_error(400, reason, message, domain="calendar")
