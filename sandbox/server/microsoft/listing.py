"""Reading events: calendarView, the list of a calendar, one event, and instances of a series."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sandbox.server.http import Json, Request, Response
from sandbox.server.microsoft.access import READ_BASIC, Caller, calendar_of, caller
from sandbox.server.microsoft.errors import answer as reply
from sandbox.server.microsoft.errors import bad_request
from sandbox.server.microsoft.events import (
    answer,
    occurrences,
    overlaps,
    selected,
    shown_properties,
    span_of,
)
from sandbox.server.microsoft.queries import filtered, ordered, page, window
from sandbox.server.microsoft.writing import target
from sandbox.server.records import Record


def view_records(who: Caller, calendar: Record, after: datetime, before: datetime) -> list[Record]:
    """Single events, occurrences and exceptions that touch the span; never a series itself."""
    found: list[Record] = []
    for record in who.store.events_of(calendar["id"]):
        if record["deleted"]:
            continue
        if record["recurrence"]:
            found += occurrences(record, after, before)
        elif overlaps(span_of(record), after, before):
            found.append(record)
    return found


def calendar_view(request: Request) -> Response:
    who = caller(request, READ_BASIC)
    calendar = calendar_of(who)
    after, before = window(who)
    records = ordered(who, filtered(who, view_records(who, calendar, after, before)))
    return reply(request, page(who, records, f"users('me')/{_context(request)}", _show(who)))


def list_events(request: Request) -> Response:
    """Single events and series masters."""
    who = caller(request, READ_BASIC)
    mine = who.store.events_of(calendar_of(who)["id"])
    records = [r for r in mine if not r["deleted"] and not r["master"]]
    records = ordered(who, filtered(who, records))
    return reply(request, page(who, records, f"users('me')/{_context(request)}", _show(who)))


def get_event(request: Request) -> Response:
    who = caller(request, READ_BASIC)
    record, _ = target(who, request.params["event"])
    shown = _show(who)(record)
    context = f"{request.base_url}/microsoft/graph/v1.0/$metadata#users('me')/events/$entity"
    return reply(request, {"@odata.context": context, **shown})


def instances(request: Request) -> Response:
    who = caller(request, READ_BASIC)
    master, _ = target(who, request.params["event"])
    if not master["recurrence"]:
        raise bad_request(request, "The event is not a series.")
    after, before = window(who)
    calendar = who.store.get("calendar", master["calendar"]) or {}
    records = [r for r in view_records(who, calendar, after, before) if r["master"] == master["id"]]
    rows = ordered(who, records)
    return reply(request, page(who, rows, f"users('me')/{_context(request)}", _show(who)))


def _context(request: Request) -> str:
    return request.path.partition("/me/")[2].replace("/", "_")[:60]


def _show(who: Caller) -> Callable[[Record], Json]:
    """How one event is answered under the request's $select and $expand."""
    select, expand = who.request.arg("$select"), who.request.arg("$expand")
    names = f"{select},singleValueExtendedProperties" if select else ""

    def show(record: Record) -> Json:
        return selected(names, answer(who, record) | shown_properties(record, expand))

    return show
