"""Turns Google's discovery document into strict JSON Schema: tests/fidelity/google_calendar.json.

    pip download --no-deps google-api-python-client==2.202.0
    unzip -o google_api_python_client-*.whl
    python tests/fidelity/make_google.py "google-api-python-client 2.202.0" \
        googleapiclient/discovery_cache/documents/calendar.v3.json

Every object is closed; the value lists that the document gives in prose become enums.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

RESOURCES = {"calendarList": {"get", "list"}, "calendars": {"get"}, "channels": {"stop"}}
RESOURCES |= {"freebusy": {"query"}}
RESOURCES |= {
    "events": {"delete", "get", "import", "insert", "instances", "list", "move", "patch"}
    | {"update", "watch"}
}
PATTERNS = {
    "date": r"^\d{4}-\d\d-\d\d$",
    "date-time": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$",
    "int64": r"^-?\d+$",
}
_VALUE = re.compile(r'\n- "([^"]+)"')


def strict(schema: dict) -> dict:
    """One schema of the document as closed JSON Schema."""
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref']}"}
    kind = schema.get("type")
    if kind == "object":
        closed: dict = {"type": "object", "additionalProperties": False}
        if "properties" in schema:
            closed["properties"] = {n: strict(s) for n, s in schema["properties"].items()}
        if "additionalProperties" in schema:
            closed["additionalProperties"] = strict(schema["additionalProperties"])
        return closed
    if kind == "array":
        return {"type": "array", "items": strict(schema["items"])}
    return {} if kind == "any" else simple(kind, schema)


def simple(kind: str, schema: dict) -> dict:
    """A text, number or flag with the values it may have."""
    found: dict = {"type": kind}
    if schema.get("format") in PATTERNS:
        found["pattern"] = PATTERNS[schema["format"]]
    values = schema.get("enum") or _VALUE.findall(schema.get("description", ""))
    if kind == "string" and values:
        found["enum"] = sorted(set(values))
    for name in ("minimum", "maximum"):
        if name in schema:
            found[name] = int(schema[name])
    return found


def parameter(entry: dict) -> dict:
    kept = {**strict(entry), "in": entry["location"]}
    for name in ("required", "repeated"):
        if entry.get(name):
            kept[name] = True
    return kept


def reached(definitions: dict, names: set[str]) -> dict:
    """The definitions that these names lead to."""
    open_names, found = set(names), {}
    while open_names:
        name = open_names.pop()
        found[name] = definitions[name]
        text = json.dumps(definitions[name])
        open_names |= set(re.findall(r"#/\$defs/(\w+)", text)) - set(found)
    return dict(sorted(found.items()))


def main(origin: str, source: Path) -> None:
    document = json.loads(source.read_text())
    shared = {
        name: parameter({**entry, "location": "query"})
        for name, entry in document["parameters"].items()
    }
    methods, used = {}, set()
    for resource, names in RESOURCES.items():
        for name in sorted(names):
            method = document["resources"][resource]["methods"][name]
            entry = {"method": method["httpMethod"], "path": method["path"]}
            entry["parameters"] = (
                {n: parameter(p) for n, p in method["parameters"].items()}
                if "parameters" in method
                else {}
            )
            for side in ("request", "response"):
                if side in method:
                    entry[side] = method[side]["$ref"]
                    used.add(entry[side])
            methods[f"{resource}.{name}"] = entry
    definitions = {name: strict(schema) for name, schema in document["schemas"].items()}
    written = {
        "origin": f"{origin}, calendar.v3.json revision {document['revision']}",
        "parameters": shared,
        "methods": methods,
        "$defs": reached(definitions, used),
    }
    target = Path(__file__).with_name("google_calendar.json")
    target.write_text(json.dumps(written, indent=1, sort_keys=True, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
