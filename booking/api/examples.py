"""Requests and answers of the booking API as its documentation shows them.

They are true: `tests/booking/test_api_examples.py` sends each request and compares each answer.
"""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import OpenApiExample

CLIENT: Final = "7f0a3a52-3b62-4d0e-9a57-1c1f6f6f6a21"
OTHER_CLIENT: Final = "9d1b6d1e-5c0f-4f39-8d3b-8a3a1f4f7d32"
CONTACT: Final = "2c5d9a41-6d3b-4f6a-8c1e-3b2f1a0e9d43"
LINK: Final = "b3a8f6c2-1e5d-4a7b-9c0d-4e5f6a7b8c54"
MEETING: Final = "e1c4b7a9-8f2d-4b6e-a3c5-5d6e7f8a9b65"
EVENT: Final = "4d7e2f1a-9b8c-5d6e-8f7a-6c5b4a3f2e76"
TOKEN: Final = "Qm9va2VyLXRva2VuLW9mLW9uZS1tZWV0aW5nLW9ubHk"  # noqa: S105 -- opens nothing
CURSOR: Final = "WyIyMDI2LTExLTE5VDA5OjAwOjAwKzAwOjAwIiwgImUxYzRiN2E5Il0"
CODE: Final = "418205"

_NOW: Final = "2026-11-18T09:00:00+00:00"
_NINE: Final = "2026-11-19T09:00:00+00:00"
_HALF_PAST: Final = "2026-11-19T09:30:00+00:00"
_TEN: Final = "2026-11-19T10:00:00+00:00"
_NEXT_WEEK: Final = [f"2026-11-26T{clock}:00+00:00" for clock in ("09:00", "09:30", "10:00")]
_HALF_PAST_TEN: Final = "2026-11-19T10:30:00+00:00"


def _asked(name: str, value: dict[str, Any]) -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True)


def _answered(name: str, value: Any, status: int = 200) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True, status_codes=[str(status)])


def _refused(name: str, code: str, message: str, status: int, **more: Any) -> OpenApiExample:
    value = {"ok": False, "code": code, "message": message, **more}
    return _answered(name, value, status)


def _to_booker(**changes: Any) -> dict[str, Any]:
    meeting = {
        "ok": True,
        "meeting_id": MEETING,
        "state": "confirmed",
        "title": "Intro call",
        "host": "Osprey Rail",
        "start": _NINE,
        "end": _HALF_PAST,
        "tz": "America/New_York",
        "location": "Platform 3",
        "join_url": "",
        "guests": [{"name": "", "email": "kim@tallship.example"}],
        "url": f"http://localhost:8000/book/osprey-intro/done/{TOKEN}",
        "manage_token": TOKEN,
    }
    return {**meeting, **changes}


def _detail(**changes: Any) -> dict[str, Any]:
    meeting = {
        "ok": True,
        "meeting_id": MEETING,
        "client_id": CLIENT,
        "person_id": CONTACT,
        "link": "osprey-intro",
        "state": "confirmed",
        "title": "Intro call",
        "start": _NINE,
        "end": _HALF_PAST,
        "booker": {
            "name": "Ann Other",
            "email": "ann@tallship.example",
            "phone": "+1 212 555 0100",
            "tz": "America/New_York",
            "language": "en",
        },
        "guests": [{"name": "", "email": "kim@tallship.example"}],
        "answers": [{"key": "topic", "label": "What is it about?", "answer": "A second line"}],
        "replies": [],
        "message": "We are three.",
        "location": "Platform 3",
        "conference": {"kind": "", "state": "", "join_url": "", "note": ""},
        "calendar_event_id": None,
        "confirmation_sent_at": None,
        "cancelled_by": "",
        "cancel_reason": "",
        "sequence": 0,
        "created_at": _NOW,
        "updated_at": _NOW,
    }
    return {**meeting, **changes}


_NOT_FOUND: Final = _refused(
    "Not there, or not for you", "not_found", "This does not exist, or not for you.", 404
)
_NO_SCOPE: Final = _refused(
    "A token without the scope", "forbidden", "This token lacks the scope booking:write.", 403
)
_HOST_ONLY: Final = _refused(
    "The booker asks",
    "forbidden",
    "Only the host can do this. Cancel or move the meeting instead.",
    403,
)

AVAILABILITY: Final = [
    _answered(
        "Thursday morning in Dublin",
        {
            "ok": True,
            "duration": 30,
            "tz": "Europe/Dublin",
            "needs_approval": False,
            "as_of": None,
            "slots": [
                {"start": "2026-11-19T09:00:00+00:00", "end": "2026-11-19T09:30:00+00:00"},
                {"start": "2026-11-19T09:30:00+00:00", "end": "2026-11-19T10:00:00+00:00"},
                {"start": "2026-11-19T10:00:00+00:00", "end": "2026-11-19T10:30:00+00:00"},
            ],
            "next_open": None,
        },
    ),
    _answered(
        "Of a link with three seats in a slot, one of them taken at nine",
        {
            "ok": True,
            "duration": 30,
            "tz": "Europe/Dublin",
            "needs_approval": False,
            "as_of": None,
            "slots": [
                {"start": _NINE, "end": _HALF_PAST, "seats_left": 2},
                {"start": _HALF_PAST, "end": _TEN, "seats_left": 3},
                {"start": _TEN, "end": _HALF_PAST_TEN, "seats_left": 3},
            ],
            "next_open": None,
        },
    ),
    _answered(
        "Nothing open on these days",
        {
            "ok": True,
            "duration": 30,
            "tz": "Europe/Dublin",
            "needs_approval": False,
            "as_of": None,
            "slots": [],
            "next_open": {
                "start": "2026-11-26T09:00:00+00:00",
                "end": "2026-11-26T09:30:00+00:00",
            },
        },
    ),
    _refused("A zone there is not", "invalid",
             "Choose a time zone from the list, for example Europe/Dublin.", 400, field="tz"),
    _refused("No such link", "not_found", "This booking link does not exist or is not open.", 404),
]  # fmt: skip

BOOK: Final = [
    _asked(
        "Half an hour with a guest",
        {
            "link": "osprey-intro",
            "start": _NINE,
            "duration": 30,
            "name": "Ann Other",
            "email": "ann@tallship.example",
            "phone": "+1 212 555 0100",
            "tz": "America/New_York",
            "language": "en",
            "message": "We are three.",
            "answers": {"topic": "A second line"},
            "guests": [{"email": "kim@tallship.example"}],
            "idempotency_key": "order-1047-9f2c61d0b7e84a35",
        },
    ),
    _asked(
        "With the code that was mailed",
        {
            "link": "osprey-proved",
            "start": _NINE,
            "name": "Ann Other",
            "email": "ann@tallship.example",
            "tz": "America/New_York",
            "idempotency_key": "order-1048-30d5be7a4c1f4e96",
            "code": CODE,
        },
    ),
    _answered("Booked", _to_booker(), 201),
    _refused("A length the link does not offer", "invalid",
             "Choose one of the lengths this link offers.", 400, field="duration"),
    _refused("Somebody was faster", "slot_taken", "Someone just took this time.", 409,
             nearest=[_HALF_PAST, _TEN, *_NEXT_WEEK[:2]]),
    _refused("The address has to be proved", "email_unverified",
             "A code is on its way to ann@tallship.example. Nothing is booked yet: type its six "
             "digits here.", 428, verification="order-1048-30d5be7a4c1f4e96"),
]  # fmt: skip

LIST: Final = [
    _answered("A page", {"ok": True, "meetings": [_detail()], "next": CURSOR}),
    _answered("The last page", {"ok": True, "meetings": [], "next": None}),
    _refused(
        "A cursor of one's own",
        "invalid",
        "Send `next` of the page before, unchanged.",
        400,
        field="cursor",
    ),
]

ONE: Final = [_answered("To staff", _detail()), _NOT_FOUND]

_CANCELLED: Final = _detail(
    state="cancelled", cancelled_by="owner", cancel_reason="We are closed that day.", sequence=1
)
CANCEL: Final = [
    _asked("With words", {"message": "We are closed that day."}),
    _answered("Cancelled", _CANCELLED),
    _NO_SCOPE,
    _refused("Too late", "conflict",
             "This meeting is over, so it cannot be cancelled any more.", 409),
]  # fmt: skip

MOVE: Final = [
    _asked("An hour later", {"start": _TEN, "message": "The train is late."}),
    _answered("Moved", _detail(start=_TEN, end=_HALF_PAST_TEN, sequence=1)),
    _refused("Somebody is there", "slot_taken",
             "Something is in the calendar at this time. Nothing was changed.", 409,
             nearest=[_HALF_PAST, *_NEXT_WEEK]),
    _asked("As it was seen, or not at all", {"start": _TEN, "expected_sequence": 0}),
    _refused("Somebody changed it since", "changed_meanwhile", "This changed meanwhile.", 409),
]  # fmt: skip

GUESTS: Final = [
    _asked(
        "Dana for Kim",
        {
            "add": [{"name": "Dana Lark", "email": "dana@tallship.example"}],
            "remove": ["kim@tallship.example"],
            "message": "Dana knows the figures.",
        },
    ),
    _answered(
        "Changed",
        _detail(guests=[{"name": "Dana Lark", "email": "dana@tallship.example"}], sequence=1),
    ),
    _refused("No address", "invalid",
             "Give a whole address, for example dana@larkfielddental.example.", 400,
             field="add.0.email"),
    _refused("Too late", "conflict",
             "This meeting is over, so nobody can be invited or taken off any more.", 409),
]  # fmt: skip

APPROVE: Final = [
    _asked("Yes", {"message": "See you there."}),
    _answered("Confirmed", _detail(sequence=1)),
    _HOST_ONLY,
]

DECLINE: Final = [
    _asked("No", {"message": "Another week is better."}),
    _answered(
        "Declined",
        _detail(
            state="declined",
            cancelled_by="owner",
            cancel_reason="Another week is better.",
            sequence=1,
        ),
    ),
    _HOST_ONLY,
]

NO_SHOW: Final = [
    _asked("They stayed away", {"is_no_show": True}),
    _asked("They came after all", {"is_no_show": False}),
    _answered("Marked", _detail(state="no_show")),
    _HOST_ONLY,
]

REASSIGN: Final = [
    _asked("To another client", {"client_id": OTHER_CLIENT, "message": "Larkfield takes it."}),
    _answered("Handed over", _detail(client_id=OTHER_CLIENT, sequence=1)),
    _HOST_ONLY,
]

_LINK: Final = {
    "ok": True,
    "link_id": LINK,
    "slug": "osprey-intro",
    "url": "http://localhost:8000/book/osprey-intro",
    "title": "Intro call",
    "description": "Half an hour to get to know each other.",
    "client_id": CLIENT,
    "user_id": None,
    "durations": [30, 45],
    "step": 30,
    "notice": 0,
    "horizon": 60,
    "buffer_before": 0,
    "buffer_after": 0,
    "seats": 1,
    "questions": [
        {"key": "topic", "label": "What is it about?", "kind": "text", "required": False}
    ],
    "conference": "none",
    "location": "Platform 3",
    "is_active": True,
    "is_private": False,
    "is_one_time": False,
    "on_decline": "flag",
    "requires_approval": False,
    "verifies_email": False,
    "shows_seats_left": True,
    "allows_guests": True,
    "reminders": [1440, 60],
    "reminders_to_owner": False,
    "follow_up_text": "Thank you, {{ name }}.",
    "follow_up_after": 60,
}
LINKS: Final = [_answered("A client's link", {"ok": True, "links": [_LINK]})]
LINK_ONE: Final = [_answered("A client's link", _LINK), _NOT_FOUND]

_REF: Final = {"meeting_id": MEETING}
CALENDAR_EVENTS: Final = [
    _asked("Of a client's meeting", _REF),
    _answered("It stands in the calendar", {"ok": True, "calendar_event_id": EVENT}),
    _answered("No calendar to write to", {"ok": True, "calendar_event_id": None}),
    _answered("Another worker has it", {"ok": True, "calendar_event_id": None}, 202),
    _refused("It waits for approval", "conflict",
             "This meeting waits for approval. Nothing is sent before.", 409),
]  # fmt: skip
NOTIFICATIONS: Final = [
    _asked("Of a client's meeting", _REF),
    _answered("Sent", {"ok": True, "confirmation_sent_at": _NOW}),
    _answered("Waiting for the event", {"ok": True, "confirmation_sent_at": None}, 202),
]
