"""The examples of the booking API are true: each request is sent, each answer is compared.

An example without a scenario fails, as does an operation without examples.
"""

from __future__ import annotations

import json
import re

import pytest
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

from booking.api import examples
from calendars.models import Event
from tests.booking.api_scenarios import (
    ANSWERS,
    API,
    DRAWN_FROM,
    OF_A_CLIENT,
    SENT,
    TOLD,
    WITH_CALENDAR,
    World,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(workspace, alice, clock):
    return World(workspace, alice, clock)


def masked(body):
    """The body with what differs from one installation to the next made alike."""
    text = json.dumps(body, sort_keys=True)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<id>", text)
    text = re.sub(r"http://(localhost:8000|testserver)", "<here>", text)
    text = re.sub(r'"next": "[^"]+"', '"next": "<cursor>"', text)
    return json.loads(re.sub(r"[A-Za-z0-9_-]{43}", "<token>", text))


# --- What each example tells of ---


@pytest.mark.parametrize(
    ("operation", "example"), ANSWERS, ids=[f"{name}: {one.name}" for name, one in ANSWERS]
)
def test_answer_is_as_the_example_says(world, operation, example):
    answer = TOLD[operation, example.name](world)
    said = masked(answer.json())
    expected = masked(example.value)
    if example.value.get("meetings"):
        # When it was confirmed and changed differs with what was done to get there.
        expected["meetings"][0]["updated_at"] = said["meetings"][0]["updated_at"]
    expected.pop("updated_at", None), said.pop("updated_at", None)
    assert said == expected
    assert str(answer.status_code) == example.status_codes[0]


@pytest.mark.parametrize("named", SENT, ids=": ".join)
def test_request_is_taken_as_the_example_has_it(world, named):
    send, status = SENT[named]
    answer = send(world)
    assert answer.status_code == status, answer.json()


def test_the_event_stands_in_the_calendar(sandbox, world, connect):
    connect(world.owner, "google", email="osprey@google.example")
    world.booked()
    answer = world.change("/calendar-events", examples.CALENDAR_EVENTS, OF_A_CLIENT)
    example = next(one for one in examples.CALENDAR_EVENTS if one.name == WITH_CALENDAR[1])
    assert masked(answer.json()) == masked(example.value)
    assert answer.json()["calendar_event_id"] == str(Event.objects.get().pk)


def test_every_request_example_is_sent():
    sent = {
        (operation, one.name)
        for operation, drawn in DRAWN_FROM.items()
        for one in drawn
        if one.request_only
    }
    in_scenarios = {
        ("booking_book", "Half an hour with a guest"),
        ("booking_cancel", "With words"),
        ("booking_move", "An hour later"),
        ("booking_move", "As it was seen, or not at all"),
        ("booking_guests", "Dana for Kim"),
        ("booking_approve", "Yes"),
        ("booking_decline", "No"),
        ("booking_no_show", "They stayed away"),
        ("booking_reassign", "To another client"),
        ("booking_calendar_event", OF_A_CLIENT),
        ("booking_notification", OF_A_CLIENT),
    }
    assert sent == in_scenarios | set(SENT)


# --- The description itself ---


@pytest.fixture(scope="module")
def schema():
    return SchemaGenerator().get_schema(request=None, public=True)


def _operations(schema):
    for path, methods in schema["paths"].items():
        if path.startswith(API):
            for method, operation in methods.items():
                yield path, method, operation


def test_every_operation_has_words_and_an_example_of_each_body(schema):
    operations = {one["operationId"]: one for _, _, one in _operations(schema)}
    assert set(operations) == set(DRAWN_FROM)
    for name, operation in operations.items():
        assert operation["description"], name
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        bodies += [answer for status, answer in operation["responses"].items() if status < "300"]
        for body in bodies:
            for kind in body["content"].values():
                assert kind.get("examples"), (name, body)


def test_every_example_fits_its_schema(schema):
    checked = 0
    for path, method, operation in _operations(schema):
        parts = [operation.get("requestBody", {}), *operation["responses"].values()]
        for part in parts:
            for kind in part.get("content", {}).values():
                whole = {**kind["schema"], "components": schema["components"]}
                for name, example in kind.get("examples", {}).items():
                    problems = [
                        problem.message
                        for problem in Draft202012Validator(_nullable(whole)).iter_errors(
                            example["value"]
                        )
                    ]
                    assert problems == [], (path, method, name)
                    checked += 1
    assert checked > 40


def test_no_address_ends_in_a_slash(schema):
    assert [path for path, _, _ in _operations(schema) if path.endswith("/")] == []


def test_every_refusal_that_staff_meet_is_documented(schema):
    for _, _, operation in _operations(schema):
        if operation["operationId"] in {"booking_availability", "booking_book"}:
            continue
        assert {"401", "403"} <= set(operation["responses"]), operation["operationId"]


def _nullable(part):
    """OpenAPI 3.0 says `nullable` where JSON schema says null."""
    if isinstance(part, list):
        return [_nullable(one) for one in part]
    if not isinstance(part, dict):
        return part
    found = {name: _nullable(one) for name, one in part.items()}
    if found.pop("nullable", False):
        return {"anyOf": [found, {"type": "null"}]}
    return found


def test_declined_twice_is_the_same_answer(world):
    """What is repeated is a success that changes nothing."""
    meeting = world.requested()
    first = world.change("decline", examples.DECLINE, "No").json()
    assert world.change("decline", examples.DECLINE, "No").json() == first
    meeting.refresh_from_db()
    assert meeting.sequence == 1
