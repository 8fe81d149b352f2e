"""Microsoft Graph calls against the types that Microsoft publishes (graph.json)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.fidelity.google import RFC3339, check

DOCUMENT = json.loads(Path(__file__).with_name("graph.json").read_text())
WINDOW = frozenset({"startDateTime", "endDateTime"})
LIST = frozenset({"$top", "$skip", "$orderby", "$select", "$filter", "$expand", "$count"})
ONE = frozenset({"$select", "$expand"})
DELTA = WINDOW | {"$skiptoken", "$deltatoken"}
WALL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?\Z")
EVENT, CALENDAR, MANY = "Event", "Calendar", "many "
# Reading or sending back is fine, these say nothing in a request.
READ_ONLY = frozenset(
    [
        "id",
        "createdDateTime",
        "lastModifiedDateTime",
        "changeKey",
        "iCalUId",
        "isCancelled",
        "isDraft",
        "isOrganizer",
        "seriesMasterId",
        "type",
        "webLink",
        "onlineMeeting",
        "responseStatus",
        "bodyPreview",
        "organizer",
    ]
)


@dataclass(frozen=True, slots=True)
class Operation:
    """What a call may ask, what it sends, what comes back (a type, or `many ` of it)."""

    query: frozenset[str] = frozenset()
    request: str = ""
    answer: str = ""
    status: int = 200
    needs: frozenset[str] = frozenset()


def _in_calendars(rest: str) -> list[str]:
    return [f"me/calendars/{{id}}/{rest}", f"me/calendar/{rest}", f"me/{rest}"]


def _same(method: str, templates: list[str], operation: Operation) -> dict[str, Operation]:
    return {f"{method} {template}": operation for template in templates}


OPERATIONS: dict[str, Operation] = {
    "GET me": Operation(query=frozenset({"$select"}), answer="User"),
    "GET me/calendars": Operation(query=LIST, answer=MANY + CALENDAR),
    "GET me/calendar": Operation(query=ONE, answer=CALENDAR),
    "GET me/calendars/{id}": Operation(query=ONE, answer=CALENDAR),
    **_same(
        "GET",
        _in_calendars("calendarView"),
        Operation(query=WINDOW | LIST, answer=MANY + EVENT, needs=WINDOW),
    ),
    **_same(
        "GET", _in_calendars("calendarView/delta"), Operation(query=DELTA, answer=MANY + EVENT)
    ),
    **_same("GET", _in_calendars("events"), Operation(query=LIST, answer=MANY + EVENT)),
    **_same("POST", _in_calendars("events"), Operation(request=EVENT, answer=EVENT, status=201)),
    "POST me/calendar/getSchedule": Operation(
        request="getSchedule", answer=MANY + "ScheduleInformation"
    ),
    **_same("GET", _in_calendars("events/{id}"), Operation(query=ONE, answer=EVENT)),
    **_same("PATCH", _in_calendars("events/{id}"), Operation(request=EVENT, answer=EVENT)),
    **_same("DELETE", _in_calendars("events/{id}"), Operation(status=204)),
    "POST me/events/{id}/cancel": Operation(request="cancel", status=202),
    "POST me/events/{id}/accept": Operation(request="respond", status=202),
    "POST me/events/{id}/decline": Operation(request="respond", status=202),
    "POST me/events/{id}/tentativelyAccept": Operation(request="respond", status=202),
    "GET me/events/{id}/instances": Operation(
        query=WINDOW | LIST, answer=MANY + EVENT, needs=WINDOW
    ),
    "POST subscriptions": Operation(request="Subscription", answer="Subscription", status=201),
    "GET subscriptions": Operation(answer=MANY + "Subscription"),
    "GET subscriptions/{id}": Operation(answer="Subscription"),
    "PATCH subscriptions/{id}": Operation(request="Subscription", answer="Subscription"),
    "DELETE subscriptions/{id}": Operation(status=204),
}
# Parameters of actions are in the documentation's text, not among the types.
_TIME = {"$ref": "#/$defs/DateTimeTimeZone"}
ACTIONS: dict[str, dict[str, Any]] = {
    "cancel": {"comment": {"type": "string"}},
    "respond": {
        "comment": {"type": "string"},
        "sendResponse": {"type": "boolean"},
        "proposedNewTime": {"$ref": "#/$defs/TimeSlot"},
    },
    "getSchedule": {
        "schedules": {"type": "array", "minItems": 1, "maxItems": 20, "items": {"type": "string"}},
        "startTime": _TIME,
        "endTime": _TIME,
        "availabilityViewInterval": {"type": "integer", "minimum": 5, "maximum": 1440},
    },
}
ERROR = {
    "type": "object",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "innerError"],
            "additionalProperties": False,
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}}
            | {"innerError": {"type": "object", "required": ["date", "request-id"]}}
            | {"@event.existingEventId": {"type": "string"}},
        }
    },
}


def operation(method: str, path: str) -> str:
    """The operation at this path. Fails for a call that is not among the documented ones."""
    for name in OPERATIONS:
        verb, _, template = name.partition(" ")
        pattern = template.replace("{id}", "[^/]+")
        if verb == method and re.fullmatch(pattern, path):
            return name
    raise AssertionError(f"Graph has no {method} {path} that we know")


@lru_cache
def _validator(name: str) -> Draft202012Validator:
    schema: dict[str, Any] = {"$defs": DOCUMENT["$defs"]}
    if name in ACTIONS:
        schema |= {"type": "object", "properties": ACTIONS[name], "additionalProperties": False}
    else:
        schema["$ref"] = f"#/$defs/{name}"
    return Draft202012Validator(schema)


def _without_annotations(value: Any) -> Any:
    """Members that begin with @ are OData's, and occurrenceId is newer than the types."""
    if isinstance(value, list):
        return [_without_annotations(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    return {
        k: _without_annotations(v)
        for k, v in value.items()
        if not k.startswith("@") and k != "occurrenceId"
    }


def validate_request(name: str, body: Any, query=()) -> None:
    entry = OPERATIONS[name]
    given = {key for key, _ in query}
    assert given <= entry.query, f"{name} has no parameter {sorted(given - entry.query)}"
    assert len(given) == len(query), f"{name}: a parameter is given twice"
    assert entry.needs <= given, f"{name} needs {sorted(entry.needs - given)}"
    _check_options(name, entry, dict(query))
    if not entry.request:
        assert body is None, f"{name} takes no body"
        return
    if body is None and entry.request in {"cancel", "respond"}:
        return
    assert isinstance(body, dict), f"{name} takes a JSON object"
    check(_validator(entry.request), _without_annotations(body), f"request of {name}")
    if entry.request == EVENT:
        _check_event(name, body)


def _check_options(name: str, entry: Operation, query: dict[str, str]) -> None:
    for key in WINDOW & set(query):
        good = RFC3339.match(query[key]) or WALL.match(query[key])
        assert good, f"{name}: {key} is no instant"
    if "$top" in query:
        assert 1 <= int(query["$top"]) <= 1000, f"{name}: $top is out of range"
    kind = entry.answer.removeprefix(MANY)
    members = DOCUMENT["$defs"].get(kind, {}).get("properties", {})
    for member in filter(None, query.get("$select", "").split(",")):
        assert member.strip() in members, f"{name}: {kind} has no {member} to select"
    for part in filter(None, query.get("$orderby", "").split(",")):
        member = part.strip().split()[0].partition("/")[0]
        assert member in members, f"{name}: {kind} has no {member} to order by"


def _check_event(name: str, body: dict[str, Any]) -> None:
    """What the documentation says of an event that is sent, beyond its type."""
    sent = READ_ONLY & set(body)
    assert not sent, f"{name} sends read-only members: {sorted(sent)}"
    for key in ("start", "end"):
        if body.get(key) is not None:
            moment = body[key].get("dateTime", "")
            assert WALL.match(moment), f"{name}: {key} is a wall time without an offset"
            assert body[key].get("timeZone"), f"{name}: {key} needs its timeZone"
    if name.startswith("PATCH"):
        assert "transactionId" not in body, f"{name}: transactionId is for creates alone"


def validate_answer(name: str, status: int, body: Any) -> None:
    entry = OPERATIONS[name]
    if status >= 400:
        check(Draft202012Validator(ERROR), body, f"error of {name}")
        return
    assert status == entry.status, f"{name} answers {entry.status}, not {status}"
    if not entry.answer:
        assert body is None, f"{name} answers no body"
        return
    kind = entry.answer.removeprefix(MANY)
    rows = [body]
    if entry.answer.startswith(MANY):
        assert isinstance(body.get("value"), list), f"answer of {name}: value is no list"
        extra = {k for k in body if not k.startswith("@odata.")} - {"value"}
        assert not extra, f"answer of {name}: {extra}"
        rows = body["value"]
    for row in rows:
        check(_validator(kind), _without_annotations(row), f"answer of {name}")
