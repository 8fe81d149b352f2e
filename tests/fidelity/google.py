"""Google Calendar calls against the discovery document (google_calendar.json)."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

DOCUMENT = json.loads(Path(__file__).with_name("google_calendar.json").read_text())
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z")
INSTANTS = {"timeMin", "timeMax", "updatedMin", "originalStart"}
# Error bodies are in the guide, not in the document.
ERROR = {
    "type": "object",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["errors", "code", "message"],
            "additionalProperties": False,
            "properties": {
                "code": {"type": "integer"},
                "message": {"type": "string"},
                "status": {"type": "string"},
                "details": {"type": "array", "items": {"type": "object"}},
                "errors": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["domain", "reason", "message"],
                        "additionalProperties": False,
                        "properties": {
                            name: {"type": "string"}
                            for name in ("domain", "reason", "message", "locationType", "location")
                        },
                    },
                },
            },
        }
    },
}


def operation(method: str, path: str) -> str:
    """The name of the method at this path. Fails for a call the document does not have."""
    for name, entry in DOCUMENT["methods"].items():
        pattern = re.sub(r"\{\w+\}", "[^/]+", entry["path"])
        if entry["method"] == method and re.fullmatch(pattern, path):
            return name
    raise AssertionError(f"Google Calendar has no {method} {path}")


def _nullable(schema: Any) -> Any:
    """A PATCH clears with null, so every member may be null."""
    if not isinstance(schema, dict):
        return schema
    found = dict(schema)
    if "properties" in found:
        found["properties"] = {
            name: {"anyOf": [_nullable(member), {"type": "null"}]}
            for name, member in found["properties"].items()
        }
    if isinstance(found.get("additionalProperties"), dict):
        found["additionalProperties"] = {"anyOf": [found["additionalProperties"], {"type": "null"}]}
    return found


@lru_cache
def _validator(name: str, *, patch: bool = False) -> Draft202012Validator:
    definitions = DOCUMENT["$defs"]
    if patch:
        definitions = {key: _nullable(schema) for key, schema in definitions.items()}
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": definitions})


def check(validator: Draft202012Validator, value: Any, what: str) -> None:
    found = sorted(validator.iter_errors(value), key=lambda error: list(map(str, error.path)))
    if found:
        where = "/".join(str(part) for part in found[0].absolute_path) or "the body"
        raise AssertionError(f"{what}: {where}: {found[0].message}")


def validate_request(name: str, body: Any, query=()) -> None:
    """Body against the request schema, parameters against the method's list."""
    entry = DOCUMENT["methods"][name]
    _check_query(name, entry, query)
    if "request" not in entry:
        assert body is None, f"{name} takes no body"
        return
    assert isinstance(body, dict), f"{name} takes a JSON object"
    validator = _validator(entry["request"], patch=name.endswith(".patch"))
    check(validator, body, f"request of {name}")


def _check_query(name: str, entry: dict, query) -> None:
    known = {n: p for n, p in entry["parameters"].items() if p["in"] == "query"}
    known |= DOCUMENT["parameters"]
    seen = set()
    for key, value in query:
        assert key in known, f"{name} has no parameter {key}"
        schema = known[key]
        assert key not in seen or schema.get("repeated"), f"{name}: {key} is given twice"
        seen.add(key)
        if key in INSTANTS:
            assert RFC3339.match(value), f"{name}: {key} needs an RFC 3339 instant with an offset"
        if "enum" in schema:
            assert value in schema["enum"], f"{name}: {key}={value} is not one of {schema['enum']}"
        if schema["type"] == "boolean":
            assert value in {"true", "false"}, f"{name}: {key} is true or false"
        if schema["type"] == "integer":
            assert value.isdigit(), f"{name}: {key} is a number"
            assert int(value) >= schema.get("minimum", 0), f"{name}: {key} is too small"
            assert int(value) <= schema.get("maximum", int(value)), f"{name}: {key} is too large"
    missing = {n for n, p in known.items() if p.get("required")} - seen
    assert not missing, f"{name} needs {missing}"


def validate_answer(name: str, status: int, body: Any) -> None:
    """An answer of 2xx against the response schema, an error against the guide's shape."""
    if status == 304:
        assert body is None, "304 has no body"
        return
    if status >= 400:
        check(Draft202012Validator(ERROR), body, f"error of {name}")
        assert body["error"]["code"] == status, f"error of {name}: code is not the status"
        return
    response = DOCUMENT["methods"][name].get("response")
    if response is None:
        assert body is None, f"{name} answers no body"
        assert status == 204, f"{name} answers 204"
        return
    assert status == 200, f"{name} answers 200, not {status}"
    check(_validator(response), body, f"answer of {name}")
