"""Create, change, delete, cancel and answer events of a mailbox."""

from __future__ import annotations

import uuid
from copy import deepcopy

from sandbox.server.http import Json, Request, Response
from sandbox.server.instants import utc_text
from sandbox.server.invitations import tell_organizer
from sandbox.server.microsoft import drafts
from sandbox.server.microsoft.access import WRITE, Caller, calendar_of, caller, check_id, writable
from sandbox.server.microsoft.errors import (
    answer as reply,
)
from sandbox.server.microsoft.errors import (
    bad_request,
    body_of,
    check_match,
    done,
    graph_error,
    not_found,
)
from sandbox.server.microsoft.events import (
    answer,
    etag_of,
    exceptions_of,
    find_occurrence,
    is_organizer,
    touch,
    wall,
)
from sandbox.server.microsoft.patterns import recurrence_rules
from sandbox.server.records import Record, random_text

ANSWERS = {"accept": "accepted", "decline": "declined", "tentativelyAccept": "tentativelyAccepted"}


def create_event(request: Request) -> Response:
    who = caller(request, WRITE)
    calendar = calendar_of(who)
    writable(who, calendar)
    record = create(who, calendar, body_of(request))
    return reply(request, answer(who, record), 201)


def create(who: Caller, calendar: Record, sent: Json) -> Record:
    """The new event's record. Refuses with 400 and 409."""
    transaction = sent.get("transactionId")
    if transaction:
        _check_transaction(who, transaction)
    for name in ("start", "end"):
        if not sent.get(name):
            message = f"Required attribute '{name.title()}' is missing."
            raise graph_error(who.request, 400, "ErrorInvalidRequest", message)
    event_id = f"AAMkAG{random_text(108)}AAA="
    now = who.store.now().isoformat()
    record: Record = {
        "key": event_id,
        "id": event_id,
        "provider": "microsoft",
        "account": who.account["id"],
        "calendar": calendar["id"],
        "type": "singleInstance",
        "deleted": False,
        "changed": 0,
        "created": now,
        "modified": now,
        "uid": f"040000008200E00074C5B7101A82E008{uuid.uuid4().hex.upper()}",
        "start": None,
        "end": None,
        "zone": "UTC",
        "zone_name": "UTC",
        "all_day": False,
        "recurrence": None,
        "master": None,
        "original": None,
        "removed": [],
        "excepted": [],
        "transaction_id": transaction or None,
        "body": drafts.blank_body(who),
    }
    drafts.apply(who, record, calendar, sent)
    touch(who, record)
    _mail(who, record, "invite", _guests(record))
    return record


def _check_transaction(who: Caller, transaction: str) -> None:
    """The same transactionId again is refused: 409, or 400 with the event's id when set so."""
    for record in who.store.where("event", account=who.account["id"]):
        if record["transaction_id"] != transaction or record["deleted"]:
            continue
        message = (
            "Your request can't be completed. Please check to see if the event with the "
            "transaction id already exists."
        )
        code = "ErrorDuplicateTransactionId"
        if int(who.store.setting("microsoft.duplicate_status", 409)) == 400:
            extra = {"@event.existingEventId": record["id"]}
            raise graph_error(who.request, 400, code, message, **extra)
        raise graph_error(who.request, 409, code, message)


def target(who: Caller, event_id: str) -> tuple[Record, Record | None]:
    """The record to act on, and its series when it is an untouched occurrence. 400 or 404.

    Where the path names a calendar, the event has to be in it.
    """
    record, master = _target(who, event_id)
    named = "/me/calendar" in who.request.path
    if named and calendar_of(who)["id"] != record["calendar"]:
        raise not_found(who.request)
    return record, master


def _target(who: Caller, event_id: str) -> tuple[Record, Record | None]:
    record = who.store.get("event", check_id(who.request, event_id))
    if record and record["account"] == who.account["id"] and not record["deleted"]:
        return record, None
    # An exception that its series forgot is an untouched occurrence again.
    forgotten = record is None or (record["deleted"] and record["master"])
    found = find_occurrence(who, event_id) if forgotten else None
    if found is None or found[0]["account"] != who.account["id"]:
        raise not_found(who.request)
    return found[1], found[0]


def update_event(request: Request) -> Response:
    who = caller(request, WRITE)
    record = change(who, request.params["event"], body_of(request))
    return reply(request, answer(who, record))


def change(who: Caller, event_id: str, sent: Json) -> Record:
    """Change the event; an occurrence becomes an exception. Refuses with 400 to 412."""
    found, master = target(who, event_id)
    check_match(who.request, etag_of(found))
    record = deepcopy(found)
    calendar = who.store.get("calendar", record["calendar"]) or {}
    writable(who, calendar)
    drafts.check_rights(who, record, sent)
    before = _guests(record)
    drafts.apply(who, record, calendar, sent)
    if record["master"] and ("start" in sent or "end" in sent):
        _check_neighbours(who, record)
    if master is not None:
        record["type"] = "exception"
        master["excepted"].append(record["original"])
        touch(who, master)
    elif found["recurrence"] and _reshaped(found, record):
        _drop_exceptions(who, record)
    touch(who, record)
    only_new = [guest for guest in _guests(record) if guest not in before]
    _mail(who, record, "update", only_new if set(sent) == {"attendees"} else _guests(record))
    return record


def _reshaped(before: Record, after: Record) -> bool:
    names = ("start", "end", "zone", "recurrence", "all_day")
    return any(before[name] != after[name] for name in names)


def _drop_exceptions(who: Caller, record: Record) -> None:
    """A series with another shape forgets its exceptions and its deleted occurrences."""
    for exception in exceptions_of(who, record):
        exception["deleted"] = True
        touch(who, exception)
    record["excepted"], record["removed"] = [], []


def _check_neighbours(who: Caller, record: Record) -> None:
    """An occurrence may not move to or over the day of another one of its series."""
    master = who.store.get("event", record["master"])
    if master is None or not master["recurrence"]:
        return
    rules = recurrence_rules(master["recurrence"], wall(master["start"]))
    original, moved = wall(record["original"]), wall(record["start"])
    before, after = rules.before(original), rules.after(original)
    crosses = (before and moved.date() <= before.date()) or (after and moved.date() >= after.date())
    if crosses:
        message = (
            "Cannot change the start or end of this occurrence: it would cross or overlap "
            "another occurrence of the series."
        )
        raise graph_error(who.request, 400, "ErrorOccurrenceCrossingBoundary", message)


def delete_event(request: Request) -> Response:
    who = caller(request, WRITE)
    remove(who, request.params["event"])
    return done(request)


def remove(who: Caller, event_id: str) -> None:
    """Delete the event or the occurrence. Refuses with 400, 403, 404 and 412."""
    record, master = target(who, event_id)
    check_match(who.request, etag_of(record))
    writable(who, who.store.get("calendar", record["calendar"]) or {})
    _delete(who, record, master)


def _delete(who: Caller, record: Record, master: Record | None) -> None:
    if master is None and record["master"]:
        master = who.store.get("event", record["master"])
    if master is not None:
        # Graph tells of a deleted occurrence only by listing the series again.
        master["removed"].append(record["original"])
        touch(who, master)
    if who.store.get("event", record["key"]):
        for exception in exceptions_of(who, record):
            exception["deleted"] = True
            touch(who, exception)
        record["deleted"] = True
        touch(who, record)
    if is_organizer(who.account, record):
        _mail(who, record, "cancel", _guests(record))


def cancel_event(request: Request) -> Response:
    """As delete, with a word to the attendees; the organizer's right alone."""
    who = caller(request, WRITE)
    record, master = target(who, request.params["event"])
    body_of(request)
    if not is_organizer(who.account, record):
        message = (
            "Your request can't be completed. You need to be an organizer to cancel a meeting."
        )
        raise bad_request(request, message)
    _delete(who, record, master)
    return done(request, 202)


def respond(request: Request) -> Response:
    """accept, decline, tentativelyAccept: the attendee's answer; declined events leave the view."""
    who = caller(request, WRITE)
    record, master = target(who, request.params["event"])
    sent = body_of(request)
    if is_organizer(who.account, record):
        message = (
            "Your request can't be completed. You can't respond to this meeting because you're "
            "the meeting organizer."
        )
        raise bad_request(request, message)
    if sent.get("proposedNewTime") and not record["body"]["allowNewTimeProposals"]:
        raise bad_request(request, "The organizer does not allow new time proposals.")
    if sent.get("sendResponse", True) and not record["body"]["responseRequested"]:
        message = (
            "Your request can't be completed. The meeting organizer hasn't requested a response."
        )
        raise bad_request(request, message)
    said = ANSWERS[request.path.rpartition("/")[2]]
    record = deepcopy(record)
    moment = utc_text(who.store.now())
    record["body"]["responseStatus"] = {"response": said, "time": moment}
    for attendee in record["body"]["attendees"]:
        if attendee["emailAddress"]["address"] == who.account["email"]:
            attendee["status"] = {"response": said, "time": moment}
    if master is not None:
        record["type"] = "exception"
        master["excepted"].append(record["original"])
        touch(who, master)
    touch(who, record)
    organizer = record["body"]["organizer"]["emailAddress"]["address"]
    if sent.get("sendResponse", True):
        _mail(who, record, said, [organizer])
        tell_organizer(
            who.store,
            uid=record["uid"],
            organizer=organizer,
            guest=who.account["email"],
            said=said,
        )
    if said == "declined":
        _delete(who, record, None)
    return done(request, 202)


def _guests(record: Record) -> list[str]:
    return [a["emailAddress"]["address"] for a in record["body"]["attendees"]]


def _mail(who: Caller, record: Record, about: str, to: list[str]) -> None:
    """Note the mail that Exchange would send; there is no way to switch it off."""
    others = [address for address in to if address != who.account["email"]]
    if others:
        key = random_text(12)
        mail = {"id": key, "provider": "microsoft", "event": record["id"], "about": about}
        who.store.put("mail", key, {**mail, "to": others, "at": who.store.now().isoformat()})
