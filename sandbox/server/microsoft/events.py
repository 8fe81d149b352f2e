"""Event records of a mailbox: their times, occurrences of a series, and how they are answered."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from html import escape, unescape
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.server import series
from sandbox.server.http import Json
from sandbox.server.instants import any_zone, parse_wall, to_utc, to_wall, utc_text
from sandbox.server.microsoft.access import Caller
from sandbox.server.microsoft.patterns import recurrence_rules
from sandbox.server.records import Record

_TAG = re.compile(r"<[^>]+>")
_GAP = re.compile(r"[ \t]*\n\s*\n\s*")
Span = tuple[datetime, datetime]


def etag_of(record: Record) -> str:
    return f'W/"{change_key(record)}"'


def change_key(record: Record) -> str:
    return base64.b64encode(f"sandbox-change-{record['changed']:012d}".encode()).decode()


def zone_of(record: Record) -> ZoneInfo:
    return any_zone(record["zone"]) or ZoneInfo("UTC")


def wall(text: str) -> datetime:
    found = parse_wall(text)
    if found is None:
        raise ValueError(text)
    return found


def span_of(record: Record) -> Span:
    zone = zone_of(record)
    return to_utc(wall(record["start"]), zone), to_utc(wall(record["end"]), zone)


def length_of(record: Record) -> timedelta:
    begins, ends = span_of(record)
    return ends - begins


def overlaps(span: Span, after: datetime, before: datetime) -> bool:
    begins, ends = span
    return begins < before and (ends > after or begins == ends == after)


def occurrence_id(series_id: str, original: datetime) -> str:
    seed = f"{series_id}|{original:%Y%m%dT%H%M%S}".encode()
    return "AAMkO" + base64.urlsafe_b64encode(seed).decode()


def read_occurrence_id(event_id: str) -> tuple[str, datetime] | None:
    """The series and the original wall start that an occurrence's id names."""
    try:
        text = base64.urlsafe_b64decode(event_id.removeprefix("AAMkO")).decode()
        series_id, _, stamp = text.partition("|")
        return series_id, datetime.strptime(stamp, "%Y%m%dT%H%M%S")  # noqa: DTZ007 -- wall time
    except ValueError:
        return None


def occurrences(record: Record, after: datetime, before: datetime) -> Iterator[Record]:
    """Records of the series' occurrences in the span; exceptions and deleted ones left out."""
    zone, length = zone_of(record), length_of(record)
    rules = recurrence_rules(record["recurrence"], wall(record["start"]))
    for start in series.wall_starts(rules, zone, length=length, after=after, before=before):
        if start.isoformat() in record["removed"] or start.isoformat() in record["excepted"]:
            continue
        made = occurrence(record, start)
        if overlaps(span_of(made), after, before):
            yield made


def occurrence(record: Record, start: datetime) -> Record:
    """The record of one occurrence as the series gives it."""
    zone = zone_of(record)
    ends = start + (wall(record["end"]) - wall(record["start"]))
    if not record["all_day"]:
        ends = to_wall(to_utc(start, zone) + length_of(record), zone)
    event_id = occurrence_id(record["id"], start)
    return {
        **record,
        "key": event_id,
        "id": event_id,
        "type": "occurrence",
        "start": start.isoformat(),
        "end": ends.isoformat(),
        "master": record["id"],
        "original": start.isoformat(),
        "recurrence": None,
        "transaction_id": None,
    }


def find_occurrence(who: Caller, event_id: str) -> tuple[Record, Record] | None:
    """The series and the record of the untouched occurrence the id names, if there is one."""
    parts = read_occurrence_id(event_id)
    master = who.store.get("event", parts[0]) if parts else None
    if parts is None or master is None or master["deleted"] or not master["recurrence"]:
        return None
    moment = to_utc(parts[1], zone_of(master))
    day = timedelta(days=1)
    for made in occurrences(master, moment - day, moment + day):
        if made["id"] == event_id:
            return master, made
    return None


def exceptions_of(who: Caller, master: Record) -> list[Record]:
    records = who.store.exceptions_of(master["calendar"], master["id"])
    return [record for record in records if not record["deleted"]]


def shown_time(who: Caller, record: Record, name: str) -> Json:
    """Start or end in the preferred zone; all-day events are never shifted."""
    moment = wall(record[name])
    if not record["all_day"]:
        moment = to_wall(to_utc(moment, zone_of(record)), who.zone)
    return {"dateTime": f"{moment:%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": who.zone_name}


def answer(who: Caller, record: Record) -> Json:
    """The event resource as Graph answers it."""
    body = record["body"]
    moment = utc_text(datetime.fromisoformat(record["created"]), decimals=7)
    modified = utc_text(datetime.fromisoformat(record["modified"]), decimals=7)
    link = f"{who.request.base_url}/microsoft/event?itemid={record['id']}"
    shown: Json = {
        "@odata.etag": etag_of(record),
        "id": record["id"],
        "createdDateTime": moment,
        "lastModifiedDateTime": modified,
        "changeKey": change_key(record),
        "categories": body["categories"],
        "transactionId": record["transaction_id"],
        "originalStartTimeZone": record["zone_name"],
        "originalEndTimeZone": record.get("end_zone_name") or record["zone_name"],
        "iCalUId": record["uid"] if not record["original"] else _own_uid(record),
        "webLink": link,
        "isAllDay": record["all_day"],
        "isCancelled": False,
        "isDraft": False,
        "isOrganizer": is_organizer(who.account, record),
        "seriesMasterId": record["master"],
        "type": record["type"],
        "onlineMeetingUrl": None,
        "recurrence": record["recurrence"],
        "start": shown_time(who, record, "start"),
        "end": shown_time(who, record, "end"),
        "hasAttachments": False,
        "locations": [body["location"]] if body["location"].get("displayName") else [],
        **{k: v for k, v in body.items() if k not in {"body", "extended", "categories"}},
        **_text(who, body["body"]),
    }
    if record["original"]:
        begins = to_utc(wall(record["original"]), zone_of(record))
        shown["originalStart"] = utc_text(begins)
        shown["occurrenceId"] = f"OID.{record['master']}.{record['original'][:10]}"
    return shown


def _own_uid(record: Record) -> str:
    """Graph gives every occurrence a UID of its own."""
    return f"{record['uid']}{record['original'][:10].replace('-', '')}"


def is_organizer(account: Record, record: Record) -> bool:
    address: str = record["body"]["organizer"]["emailAddress"]["address"]
    return address == str(account["email"])


def _text(who: Caller, stored: Json) -> Json:
    """The body as HTML, or as text where the caller prefers that, and its preview."""
    plain = plain_text(stored)
    if who.text:
        content = {"contentType": "text", "content": plain}
    elif stored["contentType"] == "html":
        content = dict(stored)
    else:
        lines = escape(stored["content"]).replace("\n", "<br>\n")
        html = f"<html>\r\n<head>\r\n</head>\r\n<body>\r\n{lines}\r\n</body>\r\n</html>\r\n"
        content = {"contentType": "html", "content": html if stored["content"] else ""}
    return {"body": content, "bodyPreview": plain[:255]}


def plain_text(stored: Json) -> str:
    if stored["contentType"] == "text":
        return str(stored["content"])
    return _GAP.sub("\n\n", unescape(_TAG.sub("", stored["content"]))).strip()


def touch(who: Caller, record: Record) -> None:
    """Store the record as changed now."""
    record["changed"] = who.store.next_revision()
    record["modified"] = who.store.now().isoformat()
    who.store.put("event", record["key"], record)


def selected(request_select: str, shown: Json) -> Json:
    """Only what `$select` names, and what Graph always sends."""
    if not request_select:
        return shown
    wanted = {name.strip() for name in request_select.split(",")} | {"id"}
    return {k: v for k, v in shown.items() if k in wanted or k.startswith("@")}


def shown_properties(record: Record, expand: str) -> dict[str, Any]:
    """singleValueExtendedProperties, which Graph sends only when expanded by id."""
    names = re.findall(r"id eq '([^']+)'", expand) if "singleValueExtended" in expand else []
    kept = [p for p in record["body"]["extended"] if p["id"] in names]
    return {"singleValueExtendedProperties": kept} if kept else {}
