"""Insert, patch, update, delete, import and move of Google events."""

from __future__ import annotations

from copy import deepcopy

from sandbox.server.google import drafts, kinds
from sandbox.server.google.access import (
    WRITE_EVENTS,
    Place,
    enter,
    event_key,
    place,
    stored_event,
)
from sandbox.server.google.errors import (
    body_of,
    check_match,
    deleted,
    google_error,
    invalid,
    not_found,
    required,
)
from sandbox.server.google.events import (
    answer,
    etag_of,
    exceptions_of,
    find_occurrence,
    is_series,
    occurrence_named,
    touch,
    zone_of,
)
from sandbox.server.http import Json, Request, Response, empty, json_response
from sandbox.server.instants import utc_text
from sandbox.server.invitations import tell_organizer
from sandbox.server.records import Record, random_text

FORMER_SHAPES = 20


def insert(request: Request) -> Response:
    where = place(request, WRITE_EVENTS, role="writer")
    sent = body_of(request)
    _updates(request)
    if sent.get("id") and sent.get("iCalUID"):
        raise invalid("Only one of id and iCalUID may be given.")
    event_id = drafts.check_id(sent["id"]) if sent.get("id") else random_text(26)
    return json_response(create(where, sent, event_id, f"{event_id}@google.com"))


def import_(request: Request) -> Response:
    """A private copy of an event with its own iCalUID; nobody is told."""
    where = place(request, WRITE_EVENTS, role="writer")
    sent = body_of(request)
    if not sent.get("iCalUID"):
        raise required("Missing iCalUID.")
    return json_response(create(where, sent, "_" + random_text(40), str(sent["iCalUID"])))


def create(where: Place, sent: Json, event_id: str, uid: str) -> Json:
    if stored_event(where, event_id):
        raise google_error(409, "duplicate", "The requested identifier already exists.")
    now = utc_text(where.store.now(), decimals=3)
    body = new_body(where, event_id, sent.get("iCalUID") or uid, now)
    body = drafts.clean(where, drafts.merged(body, sent))
    record = new_record(where, body)
    drafts.apply_conference(where, record, sent, where.request.arg("conferenceDataVersion"))
    touch(where, record)
    _mail(where, record, "invite")
    return answer(where, record, record["body"])


def new_body(where: Place, event_id: str, uid: str, now: str) -> Json:
    email = where.account["email"]
    organizer: Json = {"email": email}
    if not (where.calendar["primary"] and where.calendar["account"] == where.account["id"]):
        organizer = {"email": where.calendar["id"], "displayName": where.calendar["name"]}
    return {
        "id": event_id,
        "status": "confirmed",
        "created": now,
        "updated": now,
        "creator": {"email": email},
        "organizer": organizer,
        "iCalUID": uid,
        "sequence": 0,
        "reminders": {"useDefault": True},
        "eventType": "default",
    }


def new_record(where: Place, body: Json) -> Record:
    return {
        "key": event_key(where.calendar, body["id"]),
        "provider": "google",
        "calendar": where.calendar["id"],
        "changed": 0,
        "body": body,
    }


def _target(where: Place, event_id: str) -> Record:
    """The record to write to; an untouched occurrence becomes an exception. 404 or 410."""
    record = stored_event(where, event_id)
    if record is not None:
        return record
    found = find_occurrence(where, event_id)
    if found is None:
        raise not_found()
    master, body = found
    record = new_record(where, deepcopy(body))
    record["changed"] = master["changed"]
    if master.get("meet"):
        record["meet"] = dict(master["meet"])
        pending = {"key": record["key"], "calendar": record["calendar"]}
        where.store.put("pending_meet", record["key"], pending)
    return record


def patch(request: Request) -> Response:
    where = place(request, WRITE_EVENTS, role="writer")
    return json_response(change(where, request.params["event"], body_of(request), whole=False))


def update(request: Request) -> Response:
    where = place(request, WRITE_EVENTS, role="writer")
    return json_response(change(where, request.params["event"], body_of(request), whole=True))


def change(where: Place, event_id: str, sent: Json, *, whole: bool) -> Json:
    """Change the event and return it. Refuses with 400, 403, 404, 409, 410 and 412."""
    request = where.request
    _updates(request)
    record = _target(where, event_id)
    check_match(request, etag_of(record))
    before = record["body"]
    if before["status"] == "cancelled" and sent.get("status") not in {"confirmed", "tentative"}:
        raise deleted()
    body = drafts.replaced(before, sent) if whole else drafts.merged(before, sent)
    body.setdefault("status", "confirmed")
    if "start" not in body and before["status"] == "cancelled":
        body |= _revived(where, before)
    body = drafts.clean(where, deepcopy(body))
    drafts.check_rights(where, record, body)
    kinds.check_kept(before, body)
    if body["status"] == "cancelled":
        _delete(where, record)
        return answer(where, record, record["body"])
    if drafts.time_changed(before, body):
        body["sequence"] = before.get("sequence", 0) + 1
        _forget_exceptions(where, record, before, body)
    record["body"] = body
    drafts.apply_conference(where, record, sent, request.arg("conferenceDataVersion"))
    touch(where, record)
    _tell_answer(where, before, record)
    _mail(where, record, "update")
    return answer(where, record, record["body"])


def _tell_answer(where: Place, before: Json, record: Record) -> None:
    """The guest's own answer, when it is another one now, reaches the organizer's copy."""
    body, me = record["body"], where.account["email"]
    said, former = (
        next((g["responseStatus"] for g in one.get("attendees", []) if g["email"] == me), "")
        for one in (body, before)
    )
    organizer = body["organizer"]["email"]
    if said and said != former and organizer != me:
        tell_organizer(where.store, uid=body["iCalUID"], organizer=organizer, guest=me, said=said)


def _revived(where: Place, before: Json) -> Json:
    """A cancelled occurrence brought back takes its times from the series again."""
    found = find_occurrence(where, before["id"])
    if found is None:
        raise deleted()
    return {k: v for k, v in found[1].items() if k != "status"}


def _forget_exceptions(where: Place, record: Record, before: Json, body: Json) -> None:
    """A series with a new start or rule keeps the exceptions that still belong to it."""
    moved = before["start"] != body["start"]
    if not is_series(before) or not (moved or before["recurrence"] != body.get("recurrence")):
        return
    former = {"until": where.store.next_revision(), "body": deepcopy(before)}
    record["was"] = [*record.get("was", []), former][-FORMER_SHAPES:]
    for exception in exceptions_of(where, before["id"]).values():
        name = exception["body"]["id"]
        still = occurrence_named({"body": body}, name, zone_of(where)) if is_series(body) else None
        if still and moved:
            where.store.drop("event", exception["key"])
        elif not still:
            exception["body"]["status"] = "cancelled"
            touch(where, exception)


def delete(request: Request) -> Response:
    remove(place(request, WRITE_EVENTS, role="writer"), request.params["event"])
    return empty(204)


def remove(where: Place, event_id: str) -> None:
    """Delete the event. Refuses with 404, 410 and 412."""
    _updates(where.request)
    record = _target(where, event_id)
    if record["body"]["status"] == "cancelled":
        raise deleted()
    check_match(where.request, etag_of(record))
    _delete(where, record)


def _delete(where: Place, record: Record) -> None:
    for exception in exceptions_of(where, record["body"]["id"]).values():
        exception["body"]["status"] = "cancelled"
        touch(where, exception)
    record["body"]["status"] = "cancelled"
    record.pop("meet", None)
    touch(where, record)
    _mail(where, record, "cancel")


def move(request: Request) -> Response:
    """To another calendar of the same person, who then organizes it there."""
    where = place(request, WRITE_EVENTS, role="writer")
    _updates(request)
    record = stored_event(where, request.params["event"])
    if record is None or record["body"]["status"] == "cancelled":
        raise not_found()
    if record["body"].get("recurringEventId"):
        raise google_error(403, "cannotMoveInstance", "An occurrence cannot be moved.")
    kinds.check_moves(record["body"])
    if record["body"]["organizer"]["email"] not in {where.account["email"], where.calendar["id"]}:
        message = "Only the organizer of the event may move it."
        raise google_error(403, "forbiddenForNonOrganizer", message, domain="calendar")
    there = enter(where, request.arg("destination"), role="writer")
    if there.calendar["id"] == where.calendar["id"]:
        return json_response(answer(where, record, record["body"]))
    for exception in exceptions_of(where, record["body"]["id"]).values():
        _carry(where, there, exception)
    moved = _carry(where, there, record)
    _mail(there, moved, "update")
    return json_response(answer(there, moved, moved["body"]))


def _carry(where: Place, there: Place, record: Record) -> Record:
    """The record under the other calendar, and a tombstone where it was."""
    body = deepcopy(record["body"])
    body["organizer"] = new_body(there, body["id"], body["iCalUID"], "")["organizer"]
    kept = {k: deepcopy(v) for k, v in record.items() if k in {"meet", "was"}}
    moved = {**new_record(there, body), **kept}
    touch(there, moved)
    record["body"]["status"] = "cancelled"
    record.pop("meet", None)
    touch(where, record)
    return moved


def _updates(request: Request) -> str:
    """Who is to be told; sendNotifications is the deprecated way to say `all`."""
    wanted = request.arg("sendUpdates") or ("all" if request.flag("sendNotifications") else "none")
    if wanted not in {"all", "externalOnly", "none"}:
        raise google_error(
            400, "invalidParameter", f"Invalid value {wanted!r}.", location="sendUpdates"
        )
    return wanted


def _mail(where: Place, record: Record, about: str) -> None:
    """Note the mail that Google would send to the guests."""
    mine = {where.account["email"], where.calendar["id"]}
    guests = [g["email"] for g in record["body"].get("attendees", []) if g["email"] not in mine]
    if not guests or _updates(where.request) == "none":
        return
    key = random_text(12)
    mail = {"id": key, "provider": "google", "event": record["body"]["id"], "about": about}
    where.store.put("mail", key, {**mail, "to": guests, "at": where.store.now().isoformat()})
