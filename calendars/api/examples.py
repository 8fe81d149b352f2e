"""Requests and answers of the calendar API as its documentation shows them."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import OpenApiExample

_CALENDAR: Final = "5b6f1c52-9a0f-4d1e-9a55-0c1f6f6f6a11"
_EVENT: Final = "0f7c2f4e-5d0b-5b8e-8f7e-3a3a1f4f7d22"
_OCCURRENCE: Final = "7d5d0c1e-2b4a-5c6f-9e1d-6c2b8a9f0e33"


def _event(**changes: Any) -> dict[str, Any]:
    event = {
        "id": _EVENT,
        "calendar": _CALENDAR,
        "provider": "google",
        "title": "Studio stand-up",
        "description": "",
        "location": "Room 4",
        "start": "2026-11-24T09:00:00Z",
        "end": "2026-11-24T09:30:00Z",
        "timeZone": "Europe/Dublin",
        "endTimeZone": "Europe/Dublin",
        "allDay": False,
        "status": "confirmed",
        "busy": True,
        "hue": None,
        "kind": "normal",
        "visibility": "default",
        "response": "",
        "organizer": "amara@finchharbour.example",
        "isOrganizer": True,
        "attendees": [],
        "reminders": None,
        "inSeries": False,
        "series": _EVENT,
        "originalStart": None,
        "exception": False,
        "recurrence": ["RRULE:FREQ=WEEKLY;BYDAY=TU,TH;UNTIL=20261218T235959Z"],
        "conference": {
            "kind": "meet",
            "state": "ready",
            "joinUrl": "https://meet.google.com/xqv-ndra-hwu",
            "reason": "",
            "remedy": "",
            "canRetry": False,
            "since": "2026-11-20T10:12:31Z",
            "tries": 1,
        },
        "telehealthUrl": None,
        "etag": "3412345678901234",
        "masked": False,
    }
    return {**event, **changes}


_NO_LINK: Final = {
    "kind": "meet",
    "state": "failed",
    "joinUrl": "",
    "reason": "Google could not make the Meet link.",
    "remedy": "Retry, or choose another meeting link.",
    "canRetry": True,
    "since": "2026-11-20T10:12:33Z",
    "tries": 1,
}


def _written(event: dict[str, Any], *notes: str) -> dict[str, Any]:
    said = {"notes": list(notes)} if notes else {}
    return {"ok": True, "eventId": event["id"], "event": event, **said}


def _refused(name: str, code: str, message: str, status: int, **more: Any) -> OpenApiExample:
    return OpenApiExample(
        name,
        value={"ok": False, "code": code, "message": message, **more},
        response_only=True,
        status_codes=[str(status)],
    )


CREATE: Final = [
    OpenApiExample(
        "A series",
        value={
            "calendar": _CALENDAR,
            "draft": {
                "title": "Studio stand-up",
                "location": "Room 4",
                "start": "2026-11-24T09:00:00",
                "end": "2026-11-24T09:30:00",
                "timeZone": "Europe/Dublin",
                "recurrence": ["RRULE:FREQ=WEEKLY;BYDAY=TU,TH;UNTIL=20261218T235959Z"],
                "conference": "auto",
                "idempotencyKey": "stand-up-2026-11",
            },
        },
        request_only=True,
    ),
    OpenApiExample(
        "A flight, with a colour of its own",
        value={
            "calendar": _CALENDAR,
            "draft": {
                "title": "Lisbon to Madrid",
                "start": "2026-11-20T10:00:00",
                "timeZone": "Europe/Lisbon",
                "end": "2026-11-20T13:20:00",
                "endTimeZone": "Europe/Madrid",
                "hue": "iris",
            },
        },
        request_only=True,
    ),
    OpenApiExample(
        "Out of office",
        value={
            "calendar": _CALENDAR,
            "draft": {
                "kind": "out_of_office",
                "start": "2026-11-23T09:00:00+01:00",
                "end": "2026-11-23T12:00:00+01:00",
            },
        },
        request_only=True,
    ),
    OpenApiExample(
        "The series", value=_written(_event()), response_only=True, status_codes=["201"]
    ),
    OpenApiExample(
        "Saved, and its meeting link could not be made",
        value=_written(_event(conference=_NO_LINK)),
        response_only=True,
        status_codes=["201"],
    ),
    _refused(
        "A rule that repeats too often",
        "invalid",
        "An event cannot repeat HOURLY.",
        400,
        field="draft.recurrence[0]",
    ),
]

UPDATE: Final = [
    _refused(
        "A colour that the calendar cannot keep",
        "invalid",
        "Outlook keeps no colour of a single event. It shows as its calendar does.",
        400,
        field="hue",
    ),
    OpenApiExample(
        "Half an hour later, from this one on",
        value={
            "event": _OCCURRENCE,
            "scope": "following",
            "draft": {"start": "2026-12-01T09:30:00Z", "end": "2026-12-01T10:00:00Z"},
        },
        request_only=True,
    ),
    OpenApiExample(
        "The event as it is now",
        value=_written(
            _event(
                id=_OCCURRENCE,
                start="2026-12-01T09:30:00Z",
                end="2026-12-01T10:00:00Z",
                inSeries=True,
                originalStart="2026-12-01T09:30:00Z",
                recurrence=[],
            ),
            "1 changed event is as the series again.",
        ),
        response_only=True,
        status_codes=["200"],
    ),
    OpenApiExample(
        "An answer to an invitation",
        value={
            "event": _OCCURRENCE,
            "response": "tentative",
            "comment": "I may be ten minutes late.",
        },
        request_only=True,
    ),
    OpenApiExample(
        "To another calendar of the account",
        value={
            "event": _OCCURRENCE,
            "scope": "all",
            "moveTo": "9a0f5b6f-1c52-4d1e-9a55-0c1f6f6f6a22",
            "draft": {"location": "Room 5"},
        },
        request_only=True,
    ),
    _refused(
        "Changed elsewhere",
        "conflict",
        "This series was changed elsewhere meanwhile. Look at it again, then change it.",
        412,
        theirs=_event(
            id=_OCCURRENCE,
            title="Stand-up, all of us",
            start="2026-12-01T09:00:00Z",
            end="2026-12-01T09:30:00Z",
            inSeries=True,
            originalStart="2026-12-01T09:00:00Z",
            recurrence=[],
            etag="3412345678905678",
        ),
    ),
]

DELETE: Final = [
    OpenApiExample("Deleted", value={"ok": True}, response_only=True, status_codes=["200"]),
]

RETRY: Final = [
    OpenApiExample("The event", value={"event": _EVENT}, request_only=True),
    OpenApiExample(
        "Asked for again",
        value=_written(
            _event(
                conference={
                    **_NO_LINK,
                    "state": "pending",
                    "reason": "",
                    "remedy": "",
                    "canRetry": False,
                    "tries": 2,
                }
            )
        ),
        response_only=True,
        status_codes=["200"],
    ),
    _refused(
        "Asking again changes nothing",
        "invalid",
        "This Google calendar does not allow Meet links. Choose another meeting link.",
        400,
        field="conference",
    ),
]
