"""freeBusy.query: busy spans per calendar, and an error where one cannot be read."""

from __future__ import annotations

from datetime import datetime, timedelta

from sandbox.server import accounts
from sandbox.server.google import times
from sandbox.server.google.access import FREE_BUSY, Caller, Place, caller, enter
from sandbox.server.google.errors import body_of, google_error, required
from sandbox.server.google.events import (
    bounds,
    exceptions_of,
    is_series,
    occurrences,
    overlaps,
    zone_of,
)
from sandbox.server.http import Json, Refusal, Request, Response, json_response
from sandbox.server.instants import iana_zone, utc_text

LONGEST = timedelta(days=93)
MOST_CALENDARS = 50
Busy = list[tuple[datetime, datetime]]


def query(request: Request) -> Response:
    who = caller(request, FREE_BUSY)
    sent = body_of(request)
    after, before = _span(sent)
    items = sent.get("items") or []
    found = {}
    for number, item in enumerate(items):
        calendar_id = item.get("id", "") if isinstance(item, dict) else ""
        if number >= min(int(sent.get("calendarExpansionMax") or 50), MOST_CALENDARS):
            found[calendar_id] = _error("tooManyCalendarsRequested")
        else:
            found[calendar_id] = _calendar(who, calendar_id, after, before, sent)
    answer = {"kind": "calendar#freeBusy", "calendars": found}
    answer |= {"timeMin": utc_text(after, decimals=3), "timeMax": utc_text(before, decimals=3)}
    return json_response(answer)


def _span(sent: Json) -> tuple[datetime, datetime]:
    after = times.query_instant(str(sent.get("timeMin") or ""), "timeMin")
    before = times.query_instant(str(sent.get("timeMax") or ""), "timeMax")
    if after is None or before is None:
        raise required(
            "Missing timeMin parameter." if after is None else "Missing timeMax parameter."
        )
    if before <= after:
        message = "The specified time range is empty."
        raise google_error(400, "timeRangeEmpty", message, domain="calendar")
    if before - after > LONGEST:
        message = "The requested time range is too long."
        raise google_error(400, "timeRangeTooLong", message, domain="calendar")
    return after, before


def _error(reason: str) -> Json:
    return {"errors": [{"domain": "global", "reason": reason}], "busy": []}


def _calendar(who: Caller, calendar_id: str, after: datetime, before: datetime, sent: Json) -> Json:
    try:
        where = enter(who, calendar_id)
    except Refusal:
        return _error("notFound")
    if where.calendar["freebusy_error"]:
        return _error(where.calendar["freebusy_error"])
    zone = iana_zone(str(sent.get("timeZone") or "UTC")) or times.zone_of("UTC")
    spans = busy_spans(where, after, before)
    return {
        "busy": [
            {"start": times.written(begins, zone), "end": times.written(ends, zone)}
            for begins, ends in spans
        ]
    }


def busy_spans(where: Place, after: datetime, before: datetime) -> Busy:
    """Merged and cut to the range; free, cancelled and declined events are not among them."""
    zone = zone_of(where)
    spans: Busy = []
    for record in where.store.events_of(where.calendar["id"]):
        body = record["body"]
        if body["status"] == "cancelled":
            continue
        made = [body]
        if is_series(body):
            replaced = exceptions_of(where, body["id"])
            series = occurrences(record, after, before, zone)
            made = [occurrence for occurrence in series if occurrence["id"] not in replaced]
        spans += [bounds(one, zone) for one in made if _is_busy(one, where)]
    cut = [(max(b, after), min(e, before)) for b, e in spans if overlaps((b, e), after, before)]
    return _merge(sorted(span for span in cut if span[0] < span[1]))


def _is_busy(body: Json, where: Place) -> bool:
    if body.get("transparency") == "transparent":
        return False
    owner = where.store.get("account", where.calendar["account"])
    email = owner["email"] if owner and accounts.is_primary(where.calendar, owner) else ""
    guests = body.get("attendees", [])
    return not any(g["email"] == email and g["responseStatus"] == "declined" for g in guests)


def _merge(spans: Busy) -> Busy:
    merged: Busy = []
    for begins, ends in spans:
        if merged and begins <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(ends, merged[-1][1]))
        else:
            merged.append((begins, ends))
    return merged
