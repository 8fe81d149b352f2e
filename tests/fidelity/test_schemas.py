"""The validators refuse what the providers do not have, so that they are worth something."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fidelity.validate import (
    validate_google_answer,
    validate_google_request,
    validate_graph_answer,
    validate_graph_request,
)

EVENT = {"start": {"dateTime": "2026-11-20T09:00:00Z"}, "end": {"dateTime": "2026-11-20T10:00:00Z"}}
WALL = {"dateTime": "2026-11-20T09:00:00", "timeZone": "UTC"}


def test_google_request_known_members_pass():
    validate_google_request(
        "events.insert", {**EVENT, "summary": "x"}, [("conferenceDataVersion", "1")]
    )


@pytest.mark.parametrize(
    ("operation", "body", "query"),
    [
        ("events.insert", {**EVENT, "title": "x"}, []),
        ("events.insert", {**EVENT, "status": "maybe"}, []),
        ("events.insert", {**EVENT, "summary": None}, []),
        ("events.insert", {"start": {"dateTime": "20 November"}}, []),
        ("events.insert", EVENT, [("sendUpdates", "some")]),
        ("events.insert", EVENT, [("conferenceDataVersion", "2")]),
        ("events.insert", EVENT, [("notify", "true")]),
        ("events.list", None, [("timeMin", "2026-11-20T09:00:00")]),
        ("events.list", None, [("singleEvents", "True")]),
        ("events.list", None, [("maxResults", "0")]),
        ("events.list", {"q": "x"}, []),
        ("events.move", None, []),
        ("freebusy.query", {"items": [{"email": "a@b.example"}]}, []),
    ],
)
def test_google_request_outside_the_document_fails(operation, body, query):
    with pytest.raises(AssertionError):
        validate_google_request(operation, body, query)


def test_google_patch_may_clear_with_null():
    validate_google_request(
        "events.patch",
        {"location": None, "start": {"date": None, "dateTime": "2026-11-20T09:00:00Z"}},
    )


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"id": "abcde", "joinUrl": "x"}),
        (200, {"error": "no"}),
        (404, {"error": {"code": 404, "message": "Not Found"}}),
        (
            404,
            {
                "error": {
                    "code": 410,
                    "message": "x",
                    "errors": [{"domain": "global", "reason": "deleted", "message": "x"}],
                }
            },
        ),
    ],
)
def test_google_answer_outside_the_document_fails(status, body):
    with pytest.raises(AssertionError):
        validate_google_answer("events.get", status, body)


def test_graph_request_known_members_pass():
    validate_graph_request(
        "POST me/calendars/{id}/events", {"subject": "x", "start": WALL, "end": WALL}
    )


@pytest.mark.parametrize(
    ("operation", "body", "query"),
    [
        ("POST me/events", {"title": "x"}, []),
        ("POST me/events", {"showAs": "away"}, []),
        ("POST me/events", {"start": {**WALL, "dateTime": "2026-11-20T09:00:00Z"}}, []),
        ("POST me/events", {"isOnlineMeeting": "true"}, []),
        ("POST me/events", {"organizer": {"emailAddress": {"address": "a@b.example"}}}, []),
        ("PATCH me/events/{id}", {"transactionId": "x"}, []),
        ("GET me/calendarView", None, []),
        (
            "GET me/calendarView",
            None,
            [("startDateTime", "today"), ("endDateTime", "2026-11-20T09:00:00Z")],
        ),
        ("GET me/events", None, [("$select", "title")]),
        ("GET me/calendarView/delta", None, [("$select", "subject")]),
        ("POST me/calendar/getSchedule", {"schedules": []}, []),
        ("POST subscriptions", {"url": "x"}, []),
    ],
)
def test_graph_request_outside_the_types_fails(operation, body, query):
    with pytest.raises(AssertionError):
        validate_graph_request(operation, body, query)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"id": "x", "summary": "x"}),
        (201, {"id": "x"}),
        (404, {"error": {"code": "ErrorItemNotFound", "message": "x"}}),
        (404, {"code": "ErrorItemNotFound"}),
    ],
)
def test_graph_answer_outside_the_types_fails(status, body):
    with pytest.raises(AssertionError):
        validate_graph_answer("GET me/events/{id}", status, body)


@pytest.mark.parametrize("name", ["google_calendar.json", "graph.json"])
def test_schema_every_reference_leads_somewhere(name):
    text = Path(__file__).with_name(name).read_text(encoding="ascii")
    document = json.loads(text)
    used = {part.split('"')[0] for part in text.split('"#/$defs/')[1:]}
    assert used <= set(document["$defs"])
    assert len(used) > 10
