"""Event records of a Google calendar: occurrences of a series, and how an event is answered."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.server import series
from sandbox.server.google import times
from sandbox.server.google.access import Place, event_key
from sandbox.server.http import Json
from sandbox.server.instants import utc_text
from sandbox.server.records import Record

HORIZON = timedelta(days=730)
_GUARANTEED = ("id", "status", "recurringEventId", "originalStartTime")
_SHOWN_WHEN_BUSY_ONLY = frozenset(
    {"id", "status", "start", "end", "recurringEventId", "originalStartTime", "recurrence"}
    | {"created", "updated", "iCalUID", "transparency", "eventType", "sequence"}
)


def etag_of(record: Record) -> str:
    return f'"{3400000000000000 + record["changed"] * 2}"'


def is_series(body: Json) -> bool:
    return bool(body.get("recurrence"))


def zone_of(where: Place) -> ZoneInfo:
    return times.zone_of(where.calendar["timezone"])


def bounds(body: Json, zone: ZoneInfo) -> tuple[datetime, datetime]:
    return times.instant(body["start"], zone), times.instant(body["end"], zone)


def overlaps(
    span: tuple[datetime, datetime], after: datetime | None, before: datetime | None
) -> bool:
    """timeMin is an exclusive bound of the end, timeMax of the start; a point event has no end."""
    begins, ends = span
    return (after is None or ends > after) and (before is None or begins < before)


def rules_of(body: Json) -> tuple[Any, ZoneInfo]:
    zone = times.zone_of(body["start"].get("timeZone", "UTC"))
    first = times.wall(body["start"])
    all_day = "date" in body["start"]
    return series.rule_set(first, body["recurrence"], zone, all_day=all_day), zone


def length_of(body: Json) -> timedelta:
    utc = ZoneInfo("UTC")
    return times.instant(body["end"], utc) - times.instant(body["start"], utc)


def instance_id(series_id: str, start: Json) -> str:
    if "date" in start:
        return f"{series_id}_{start['date'].replace('-', '')}"
    return f"{series_id}_{times.instant(start, ZoneInfo('UTC')):%Y%m%dT%H%M%SZ}"


def occurrences(
    record: Record, after: datetime | None, before: datetime, zone: ZoneInfo
) -> Iterator[Json]:
    """Bodies of the series' occurrences that touch the span, exceptions not applied."""
    body = record["body"]
    rules, own_zone = rules_of(body)
    length = length_of(body)
    walls = series.wall_starts(rules, own_zone, length=length, after=after, before=before)
    shared = {k: v for k, v in body.items() if k not in {"recurrence", "start", "end", "id"}}
    for wall in walls:
        start, end = times.shifted(body["start"], wall, length, body["end"].get("timeZone", ""))
        made = {
            **shared,
            "id": instance_id(body["id"], start),
            "start": start,
            "end": end,
            "recurringEventId": body["id"],
            "originalStartTime": start,
        }
        if overlaps(bounds(made, zone), after, before):
            yield made


def find_occurrence(where: Place, event_id: str) -> tuple[Record, Json] | None:
    """The series' record and the body of the occurrence that the id names, if there is one."""
    series_id, _, _ = event_id.rpartition("_")
    record = where.store.get("event", event_key(where.calendar, series_id))
    if record is None or not is_series(record["body"]) or record["body"]["status"] == "cancelled":
        return None
    body = occurrence_named(record, event_id, zone_of(where))
    return (record, body) if body else None


def occurrence_named(record: Record, event_id: str, zone: ZoneInfo) -> Json | None:
    """The body of the series' occurrence with that id, as its rules give it."""
    stamp = event_id.rpartition("_")[2]
    form = "%Y%m%dT%H%M%SZ" if "T" in stamp else "%Y%m%d"
    try:
        near = datetime.strptime(stamp, form).replace(tzinfo=ZoneInfo("UTC"))
    except ValueError:
        return None
    day = timedelta(days=2)
    made = occurrences(record, near - day, near + day, zone)
    return next((body for body in made if body["id"] == event_id), None)


def exceptions_of(where: Place, series_id: str) -> dict[str, Record]:
    records = where.store.exceptions_of(where.calendar["id"], series_id)
    return {record["body"]["id"]: record for record in records}


def answer(
    where: Place, record: Record, body: Json, zone: ZoneInfo | None = None, *, full: bool = False
) -> Json:
    """The event resource as this caller sees it; `record` is the event's or its series'.

    Of a cancelled event only what Google guarantees is told, unless `full`.
    """
    zone = zone or zone_of(where)
    if body["status"] == "cancelled" and not full:
        body = {name: body[name] for name in _GUARANTEED if name in body}
    shown = {"kind": "calendar#event", "etag": etag_of(record), **body}
    for name in ("start", "end", "originalStartTime"):
        if name in shown:
            shown[name] = times.shown(shown[name], zone)
    hidden = where.role == "freeBusyReader"
    secret = body.get("visibility") in {"private", "confidential"}
    if hidden or (secret and where.role in {"reader", "writerWithoutPrivateAccess"}):
        kept = {k: v for k, v in shown.items() if k in _SHOWN_WHEN_BUSY_ONLY}
        return {"kind": "calendar#event", "etag": shown["etag"], **kept, "visibility": "private"}
    if "organizer" not in shown:
        return shown
    shown["htmlLink"] = html_link(where, body["id"])
    shown["organizer"] = _self(shown["organizer"], where)
    shown["creator"] = _self(shown["creator"], where)
    if "attendees" in shown:
        shown["attendees"] = [_guest(guest, shown, where) for guest in shown["attendees"]]
    return shown


def _self(person: Json, where: Place) -> Json:
    mine = {where.account["email"], where.calendar["id"]}
    return {**person, "self": True} if person["email"] in mine else dict(person)


def _guest(guest: Json, shown: Json, where: Place) -> Json:
    found = _self(guest, where)
    if guest["email"] == shown["organizer"]["email"]:
        found["organizer"] = True
    return found


def html_link(where: Place, event_id: str) -> str:
    seed = f"{event_id} {where.calendar['id']}".encode()
    eid = base64.urlsafe_b64encode(seed).rstrip(b"=").decode()
    return f"{where.request.base_url}/google/event?eid={eid}"


def touch(where: Place, record: Record) -> None:
    """Store the record as changed now."""
    record["changed"] = where.store.next_revision()
    record.setdefault("born", record["changed"])
    record["body"]["updated"] = utc_text(where.store.now(), decimals=3)
    where.store.put("event", record["key"], record)
