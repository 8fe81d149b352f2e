"""Events made, changed and deleted on Google's side, without a client."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sandbox.server.google import meet, writing
from sandbox.server.google.access import Place
from sandbox.server.google.events import touch
from sandbox.server.http import Json, Request
from sandbox.server.records import Record, Records, random_text
from sandbox.server.seed import Seed


def place_of(store: Records, calendar: Record) -> Place:
    """The calendar, entered as its owner with every right."""
    account = store.get("account", calendar["account"])
    if account is None:
        raise KeyError(calendar["account"])
    base_url = store.setting("base_url", "https://sandbox.test")
    request = Request("SEED", "", (("conferenceDataVersion", "1"),), {}, b"", base_url, store)
    return Place(request, account, calendar, "owner")


def add_event(store: Records, calendar: Record, seed: Seed) -> Record:
    """The event in the calendar. Raises Refusal as the API would."""
    where = place_of(store, calendar)
    event_id = seed.id or random_text(26)
    uid = seed.uid or f"{event_id}@google.com"
    writing.create(where, _body(seed, calendar), event_id, uid)
    record = store.get("event", f"{calendar['id']}/{event_id}")
    if record is None:
        raise KeyError(event_id)
    if seed.organizer:
        record["body"]["organizer"] = {"email": seed.organizer}
        record["body"]["creator"] = {"email": seed.organizer}
    if seed.conference:
        wanted = {"requestId": event_id, "conferenceSolutionKey": {"type": "hangoutsMeet"}}
        meet.request_conference(store, record, wanted, where.request.base_url)
        meet.succeed(record)
    touch(where, record)
    return record


def _body(seed: Seed, calendar: Record) -> Json:
    zone = seed.timezone or calendar["timezone"]
    body: dict[str, Any] = {"summary": seed.title, "recurrence": list(seed.recurrence)}
    for name, moment in (("start", seed.start), ("end", seed.end)):
        if isinstance(moment, datetime):
            own = seed.end_timezone if name == "end" and seed.end_timezone else zone
            body[name] = {"dateTime": moment.isoformat(), "timeZone": own}
        else:
            body[name] = {"date": moment.isoformat()}
    words = {"description": seed.description, "location": seed.location}
    body |= {name: value for name, value in words.items() if value}
    body["transparency"] = "opaque" if seed.busy else "transparent"
    if seed.colour:
        body["colorId"] = seed.colour
    if seed.kind:
        body |= {"eventType": seed.kind, f"{seed.kind}Properties": {}}
    body["visibility"] = "private" if seed.private else "default"
    body["status"] = "tentative" if seed.tentative else "confirmed"
    guests: list[Json] = [{"email": email} for email in seed.attendees]
    if seed.response or seed.organizer:
        me = calendar["account"].partition(":")[2]
        guests.append({"email": me, "responseStatus": seed.response or "needsAction"})
    if guests:
        body["attendees"] = guests
    return body


def change_event(store: Records, calendar: Record, event_id: str, sent: Json) -> Json:
    """Patch the event, or one occurrence of it, on the provider's side."""
    return writing.change(place_of(store, calendar), event_id, sent, whole=False)


def delete_event(store: Records, calendar: Record, event_id: str) -> None:
    writing.remove(place_of(store, calendar), event_id)
