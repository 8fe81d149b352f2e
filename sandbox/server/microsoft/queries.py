"""OData query options: $top, $skip, $orderby, $select, and the part of $filter that is used."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from sandbox.server.http import Json
from sandbox.server.instants import parse_instant, parse_wall, to_utc
from sandbox.server.microsoft.access import Caller
from sandbox.server.microsoft.errors import graph_error
from sandbox.server.microsoft.events import answer, span_of
from sandbox.server.records import Record

LARGEST = 1000
_UTC = ZoneInfo("UTC")
_EXTENDED = re.compile(
    r"singleValueExtendedProperties/any\(\s*(\w+)\s*:\s*\1/id eq '([^']+)'\s+and\s+"
    r"\1/value eq '([^']*)'\s*\)\Z",
    re.IGNORECASE,
)
_COMPARE = re.compile(r"([\w/]+)\s+(eq|ne|ge|gt|le|lt)\s+('(?:[^']|'')*'|\S+)\Z")
_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: bool(a == b),
    "ne": lambda a, b: bool(a != b),
    "ge": lambda a, b: bool(a >= b),
    "gt": lambda a, b: bool(a > b),
    "le": lambda a, b: bool(a <= b),
    "lt": lambda a, b: bool(a < b),
}
_PLAIN = {"iCalUId", "subject", "id", "showAs", "type", "isAllDay", "seriesMasterId"}


def moment_arg(who: Caller, name: str) -> datetime:
    """startDateTime and endDateTime: an offset counts, without one it is UTC. Refuses with 400."""
    text = who.request.arg(name)
    aware = parse_instant(text)
    if aware is not None:
        return aware
    plain = parse_wall(text)
    if plain is None:
        message = (
            "This request requires a time window specified by the query string parameters "
            "StartDateTime and EndDateTime."
        )
        raise graph_error(who.request, 400, "ErrorInvalidParameter", message)
    return to_utc(plain, _UTC)


def window(who: Caller) -> tuple[datetime, datetime]:
    after, before = moment_arg(who, "startDateTime"), moment_arg(who, "endDateTime")
    if before <= after:
        message = "The EndDateTime has to be after the StartDateTime."
        raise graph_error(who.request, 400, "ErrorInvalidParameter", message)
    return after, before


def _bad(who: Caller, what: str) -> Exception:
    return graph_error(
        who.request, 400, "ErrorInvalidUrlQuery", f"The query option {what} is not valid."
    )


def filtered(who: Caller, records: list[Record]) -> list[Record]:
    """The records that $filter lets by; a clause we cannot read is refused, not ignored."""
    text = who.request.arg("$filter").strip()
    if not text:
        return records
    whole = _EXTENDED.match(text)
    if whole:
        _, name, value = whole.groups()
        return [r for r in records if {"id": name, "value": value} in r["body"]["extended"]]
    for clause in re.split(r"\s+and\s+", text):
        matched = _COMPARE.match(clause)
        if not matched:
            raise _bad(who, "$filter")
        records = [r for r in records if _passes(who, r, *matched.groups())]
    return records


def _passes(who: Caller, record: Record, name: str, test: str, value: str) -> bool:
    text = value[1:-1].replace("''", "'") if value.startswith("'") else value
    if name in {"start/dateTime", "end/dateTime"}:
        moment = parse_instant(text) or parse_wall(text)
        if moment is None:
            raise _bad(who, "$filter")
        aware = moment if moment.tzinfo else to_utc(moment, _UTC)
        return _TESTS[test](span_of(record)[name.startswith("end")], aware)
    if name not in _PLAIN:
        raise _bad(who, "$filter")
    wanted: Any = {"true": True, "false": False}.get(text.lower(), text)
    return _TESTS[test](answer(who, record)[name], wanted)


def ordered(who: Caller, records: list[Record]) -> list[Record]:
    """By $orderby (start or subject); else by start."""
    text = who.request.arg("$orderby").strip() or "start/dateTime"
    name, _, direction = text.partition(" ")
    keys: dict[str, Callable[[Record], Any]] = {
        "start/dateTime": lambda r: (span_of(r)[0], r["id"]),
        "end/dateTime": lambda r: (span_of(r)[1], r["id"]),
        "subject": lambda r: (r["body"]["subject"], r["id"]),
        "createdDateTime": lambda r: (r["created"], r["id"]),
        "lastModifiedDateTime": lambda r: (r["modified"], r["id"]),
    }
    if name not in keys:
        raise _bad(who, "$orderby")
    return sorted(records, key=keys[name], reverse=direction.strip().lower() == "desc")


def page(who: Caller, rows: list[Any], context: str, show: Callable[[Any], Json]) -> Json:
    """One page of rows with `@odata.nextLink` when there are more."""
    top, skip = _number(who, "$top"), _number(who, "$skip") or 0
    default = int(who.store.setting("microsoft.page_size", 10))
    size = min(top or who.page_size() or default, LARGEST)
    result: Json = {
        "@odata.context": f"{who.request.base_url}/microsoft/graph/v1.0/$metadata#{context}",
        "value": [show(row) for row in rows[skip : skip + size]],
    }
    if who.request.arg("$count").lower() == "true":
        result["@odata.count"] = len(rows)
    if skip + size < len(rows):
        kept = [(k, v) for k, v in who.request.query if k != "$skip"]
        query = urlencode([*kept, ("$skip", str(skip + size))])
        path = quote(who.request.path, safe="/")
        result["@odata.nextLink"] = f"{who.request.base_url}{path}?{query}"
    return result


def _number(who: Caller, name: str) -> int | None:
    text = who.request.arg(name)
    if not text:
        return None
    if not text.isdigit() or (name == "$top" and not 1 <= int(text) <= LARGEST):
        raise _bad(who, name)
    return int(text)
