"""Events made, changed and deleted on Microsoft's side, without a client."""

from __future__ import annotations

from datetime import datetime

from sandbox.server.accounts import BadSeed
from sandbox.server.http import Json, Request
from sandbox.server.instants import any_zone, to_wall
from sandbox.server.microsoft import patterns, rules, teams, writing
from sandbox.server.microsoft.access import Caller
from sandbox.server.microsoft.events import answer, touch
from sandbox.server.records import Record, Records
from sandbox.server.seed import Seed


def caller_of(store: Records, calendar: Record) -> Caller:
    """The calendar's owner, with every right."""
    account = store.get("account", calendar["account"])
    if account is None:
        raise KeyError(calendar["account"])
    base_url = store.setting("base_url", "https://sandbox.test")
    return Caller(Request("SEED", "", (), {}, b"", base_url, store), account)


def add_event(store: Records, calendar: Record, seed: Seed) -> Record:
    """The event in the calendar. Raises Refusal as the API would, BadSeed for other rules."""
    who = caller_of(store, calendar)
    record = writing.create(who, calendar, _sent(seed, calendar))
    record["uid"] = seed.uid or record["uid"]
    if seed.organizer:
        person = {"name": seed.organizer, "address": seed.organizer}
        record["body"]["organizer"] = {"emailAddress": person}
        said = _response(seed.response)
        record["body"]["responseStatus"] = {"response": said, "time": "0001-01-01T00:00:00Z"}
    if seed.conference:
        teams.make_meeting(record, who.request.base_url)
    touch(who, record)
    return record


def _response(said: str) -> str:
    words = {"accepted": "accepted", "tentative": "tentativelyAccepted", "declined": "declined"}
    return words.get(said, "notResponded")


def _sent(seed: Seed, calendar: Record) -> Json:
    zone_name = seed.timezone or calendar["timezone"]
    zone = any_zone(zone_name)
    if zone is None:
        raise BadSeed(zone_name)
    sent: Json = {"subject": seed.title, "isAllDay": seed.all_day}
    for name, moment in (("start", seed.start), ("end", seed.end)):
        named = seed.end_timezone if name == "end" and seed.end_timezone else zone_name
        there = any_zone(named) or zone
        local = to_wall(moment, there) if isinstance(moment, datetime) else moment
        text = local.isoformat() if isinstance(local, datetime) else f"{local}T00:00:00"
        sent[name] = {"dateTime": text, "timeZone": named}
    if seed.description:
        sent["body"] = {"contentType": "text", "content": seed.description}
    if seed.location:
        sent["location"] = {"displayName": seed.location}
    sent["showAs"] = "tentative" if seed.tentative else "busy" if seed.busy else "free"
    sent["showAs"] = seed.kind or sent["showAs"]
    sent["sensitivity"] = "private" if seed.private else "normal"
    guests = list(seed.attendees)
    if seed.organizer:
        guests.append(calendar["account"].partition(":")[2])
    sent["attendees"] = [{"emailAddress": {"address": email}} for email in guests]
    if seed.recurrence:
        first = datetime.fromisoformat(sent["start"]["dateTime"])
        try:
            sent["recurrence"] = rules.from_rrule(seed.recurrence, first, zone)
        except (patterns.BadPattern, KeyError, ValueError) as error:
            raise BadSeed(str(error)) from error
    return sent


def change_event(store: Records, calendar: Record, event_id: str, sent: Json) -> Json:
    """Patch the event, or one occurrence of it, on the provider's side."""
    who = caller_of(store, calendar)
    return answer(who, writing.change(who, event_id, sent))


def delete_event(store: Records, calendar: Record, event_id: str) -> None:
    writing.remove(caller_of(store, calendar), event_id)
