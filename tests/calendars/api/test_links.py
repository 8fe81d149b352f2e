"""Asking again for a meeting link, over the API."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from calendars.enums import ConferenceState
from calendars.models import Event
from calendars.services import conferences
from conferencing.enums import LinkFailure

pytestmark = pytest.mark.django_db

EVENTS = "/api/v1/calendar/events"
AGAIN = f"{EVENTS}/conference"


@pytest.fixture
def api(sign_in, alice, workspace):
    return sign_in(alice)


@pytest.fixture
def calendar(connect, user_owner):
    return connect(user_owner, "google").calendars.get()


@pytest.fixture
def event(api, calendar, sandbox):
    """An event whose Meet link Google could not make."""
    sandbox.store.set_setting("meet", {"mode": "failure", "reads": 0})
    times = {"start": "2031-03-03T09:00:00Z", "end": "2031-03-03T10:00:00Z"}
    body = {
        "calendar": str(calendar.pk),
        "draft": {"title": "Board", "conference": "meet", **times},
    }
    made = send(api, EVENTS, body)
    assert made.status_code == 201
    assert made.json()["event"]["conference"]["state"] == "pending"
    row = Event.objects.select_related("calendar").get()
    conferences.link_failed(row, LinkFailure.NOT_MADE, "Google could not make the Meet link.")
    return row


def send(api, address, body):
    return api.post(address, json.dumps(body), content_type="application/json")


def told(api):
    query = "timeMin=2031-03-03T00:00:00Z&timeMax=2031-03-04T00:00:00Z"
    (one,) = api.get(f"{EVENTS}?{query}").json()
    return one["conference"]


def test_missing_link_tells_all_that_is_known_of_it(api, event):
    since = datetime.fromisoformat(told(api)["since"])
    assert abs((datetime.now(UTC) - since).total_seconds()) < 60
    assert told(api) == {
        "kind": "meet",
        "state": "failed",
        "joinUrl": "",
        "reason": "Google could not make the Meet link.",
        "remedy": "Retry, or choose another meeting link.",
        "canRetry": True,
        "since": told(api)["since"],
        "tries": 1,
    }


def test_asking_again_brings_the_link(api, event, sandbox):
    sandbox.store.set_setting("meet", {"mode": "immediate", "reads": 0})
    answer = send(api, AGAIN, {"event": str(event.pk)})
    assert (answer.status_code, answer.json()["ok"]) == (200, True)
    conference = answer.json()["event"]["conference"]
    assert conference == told(api)
    assert conference["joinUrl"].startswith("https://")
    del conference["joinUrl"], conference["since"]
    assert conference == {
        "kind": "meet",
        "state": "ready",
        "reason": "",
        "remedy": "",
        "canRetry": False,
        "tries": 2,
    }


def test_try_that_fails_is_refused_and_kept_as_the_reason(api, event, sandbox):
    sandbox.fault("google.events.patch", status=503, count=None)
    answer = send(api, AGAIN, {"event": str(event.pk)})
    assert (answer.status_code, answer.json()["code"]) == (503, "upstream_unavailable")
    assert Event.objects.get().conference_note == "Google Calendar did not answer."
    assert (told(api)["tries"], told(api)["canRetry"]) == (2, True)


def test_event_without_a_link_is_refused_by_the_fields_name(api, event):
    Event.objects.update(conference="", conference_state=ConferenceState.NONE)
    answer = send(api, AGAIN, {"event": str(event.pk)})
    assert (answer.status_code, answer.json()["field"]) == (400, "conference")


def test_body_names_the_event_and_nothing_else(api, event):
    for body in ({}, {"event": "x"}, {"event": str(event.pk), "kind": "zoom"}):
        assert send(api, AGAIN, body).status_code == 400
