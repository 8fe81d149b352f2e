"""calendarView/delta: a round of pages that ends in a delta link."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from sandbox.server.cursors import decode, encode
from sandbox.server.http import Json, Request, Response
from sandbox.server.microsoft.access import READ, Caller, calendar_of, caller
from sandbox.server.microsoft.errors import answer as reply
from sandbox.server.microsoft.errors import graph_error
from sandbox.server.microsoft.events import (
    answer,
    etag_of,
    exceptions_of,
    occurrences,
    overlaps,
    shown_time,
    span_of,
)
from sandbox.server.microsoft.queries import window
from sandbox.server.records import Record

DEFAULT_SIZE = 50
FULL, BRIEF, GONE = "full", "brief", "gone"
Row = tuple[str, Record]
FORBIDDEN = ("$select", "$filter", "$orderby", "$expand", "$search")


def delta(request: Request) -> Response:
    who = caller(request, READ)
    calendar = calendar_of(who)
    for name in FORBIDDEN:
        if request.arg(name):
            message = f"The following parameters are not supported with change tracking: '{name}'."
            raise graph_error(request, 400, "ErrorInvalidUrlQuery", message)
    state = _state(who, calendar)
    after, before = (datetime.fromisoformat(state[name]) for name in ("a", "b"))
    rows = _rows(who, calendar, after, before, state["s"])
    size = who.page_size() or int(who.store.setting("microsoft.delta_page_size", DEFAULT_SIZE))
    first = state["n"]
    address = f"{request.base_url}{quote(request.path, safe='/')}"
    result: Json = {
        "@odata.context": f"{request.base_url}/microsoft/graph/v1.0/$metadata#Collection(event)",
        "value": [_shown(who, row) for row in rows[first : first + size]],
    }
    if who.store.setting("microsoft.endless_delta"):
        # A known fault of Graph: the same page and a next link, for ever.
        more = encode(**state)
        result["@odata.nextLink"] = f"{address}?$skiptoken={more}"
    elif first + size < len(rows):
        more = encode(**{**state, "n": first + size})
        result["@odata.nextLink"] = f"{address}?$skiptoken={more}"
    else:
        end = encode(**{**state, "n": 0, "s": state["r"]})
        result["@odata.deltaLink"] = f"{address}?$deltatoken={end}"
    return reply(request, result)


def _state(who: Caller, calendar: Record) -> dict[str, Any]:
    """Where this request stands; 410 when its token is not known any more."""
    revision = int(who.store.setting("revision", 0))
    token = who.request.arg("$skiptoken") or who.request.arg("$deltatoken")
    if not token:
        after, before = window(who)
        span = {"a": after.isoformat(), "b": before.isoformat()}
        generation = calendar["generation"]
        return {**span, "c": calendar["id"], "g": generation, "r": revision, "s": 0, "n": 0}
    state = decode(token) or {}
    if state.get("c") != calendar["id"] or state.get("g") != calendar["generation"]:
        message = "The sync state generation is not found; full sync is required."
        raise graph_error(who.request, 410, "SyncStateNotFound", message)
    if who.request.arg("$deltatoken"):
        state["r"] = revision
    return state


def _rows(
    who: Caller, calendar: Record, after: datetime, before: datetime, since: int
) -> list[Row]:
    """What changed after the revision, in a stable order; at revision 0 all there is."""
    records = who.store.events_of(calendar["id"])
    changed = {r["id"] for r in records if r["changed"] > since}
    series = {r["id"] if r["recurrence"] else r["master"] for r in records if r["id"] in changed}
    rows: list[Row] = []
    for record in sorted(records, key=lambda r: str(r["key"])):
        if record["recurrence"]:
            if record["id"] in series:
                rows += _series(who, record, after, before, since)
        elif record["id"] in changed and not record["master"]:
            rows += _single(record, after, before, since)
    return rows


def _single(record: Record, after: datetime, before: datetime, since: int) -> list[Row]:
    if not record["deleted"] and overlaps(span_of(record), after, before):
        return [(FULL, record)]
    return [(GONE, record)] if since else []


def _series(
    who: Caller, master: Record, after: datetime, before: datetime, since: int
) -> list[Row]:
    """The series and all that is left of it: a deleted occurrence is told by its absence."""
    left = list(occurrences(master, after, before))
    changed = [e for e in exceptions_of(who, master) if overlaps(span_of(e), after, before)]
    if master["deleted"] or not (left or changed):
        return [(GONE, one) for one in [master, *left]] if since else []
    rows = [(FULL, master), *((BRIEF, made) for made in left)]
    return rows + [(FULL, exception) for exception in changed]


def _shown(who: Caller, row: Row) -> Json:
    kind, record = row
    if kind == GONE:
        return {"@removed": {"reason": "deleted"}, "id": record["id"]}
    return _typed(answer(who, record)) if kind == FULL else _brief(who, record)


def _typed(shown: Json) -> Json:
    return {"@odata.type": "#microsoft.graph.event", **shown}


def _brief(who: Caller, record: Record) -> Json:
    """Occurrences come with few members; the rest is their series'."""
    return {
        "@odata.type": "#microsoft.graph.event",
        "@odata.etag": etag_of(record),
        "id": record["id"],
        "seriesMasterId": record["master"],
        "type": "occurrence",
        "start": shown_time(who, record, "start"),
        "end": shown_time(who, record, "end"),
    }
