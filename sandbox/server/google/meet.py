"""Meet links: asked for, pending for some reads, then there (or not)."""

from __future__ import annotations

import hashlib
from typing import Any

from sandbox.server.http import Json
from sandbox.server.records import Record, Records

SETTING = "meet"
DEFAULT = {"mode": "pending", "reads": 0}
MODES = ("immediate", "pending", "failure")


def plan(store: Records) -> dict[str, Any]:
    """How new requests go: `immediate`, which ends the waiting of former ones at their next read,
    too; `pending` for that many further reads; `failure`.
    """
    return {**DEFAULT, **store.setting(SETTING, {})}


def request_conference(store: Records, record: Record, wanted: Json, base_url: str) -> None:
    """Note the createRequest on the event; a repeated requestId changes nothing."""
    body = record["body"]
    request_id = wanted["requestId"]
    before = body.get("conferenceData", {}).get("createRequest", {})
    if before.get("requestId") == request_id:
        return
    kind = wanted["conferenceSolutionKey"]["type"]
    how = plan(store)
    request = {
        "requestId": request_id,
        "conferenceSolutionKey": {"type": kind},
        "status": {"statusCode": "pending"},
    }
    body["conferenceData"] = {"createRequest": request}
    body.pop("hangoutLink", None)
    record["meet"] = {"mode": how["mode"], "reads": int(how["reads"]), "base_url": base_url}
    if how["mode"] == "immediate":
        succeed(record)
        return
    pending = {"key": record["key"], "calendar": record["calendar"]}
    store.put("pending_meet", record["key"], pending)


def settle_calendar(store: Records, calendar: Record) -> None:
    """Count one read of the calendar: pending links that waited long enough are settled."""
    for pending in store.where("pending_meet", calendar=calendar["id"]):
        record = store.get("event", pending["key"])
        waiting = record.get("meet") if record else None
        if record is None or waiting is None:
            store.drop("pending_meet", pending["key"])
            continue
        if waiting["reads"] > 0 and plan(store)["mode"] != "immediate":
            waiting["reads"] -= 1
        elif waiting["mode"] == "failure":
            record["body"]["conferenceData"]["createRequest"]["status"]["statusCode"] = "failure"
            record.pop("meet")
            record["changed"] = store.next_revision()
        else:
            succeed(record)
            record["changed"] = store.next_revision()
        store.put("event", record["key"], record)


def succeed(record: Record) -> None:
    """The link is there."""
    waiting = record.pop("meet")
    body = record["body"]
    request = body["conferenceData"]["createRequest"]
    request["status"] = {"statusCode": "success"}
    code = meeting_code(f"{record['key']}|{request['requestId']}")
    body["conferenceData"] = conference(code, waiting["base_url"]) | {"createRequest": request}
    body["hangoutLink"] = f"{waiting['base_url']}/meet/{code}"


def meeting_code(seed: str) -> str:
    """Three, four and three letters, as Meet has them."""
    digest = hashlib.sha256(seed.encode()).digest()
    letters = "".join(chr(97 + byte % 26) for byte in digest[:10])
    return f"{letters[:3]}-{letters[3:7]}-{letters[7:]}"


def conference(code: str, base_url: str) -> Json:
    link = f"{base_url}/meet/{code}"
    solution = {"key": {"type": "hangoutsMeet"}, "name": "Google Meet"}
    entry = {"entryPointType": "video", "uri": link, "label": link.partition("://")[2]}
    return {"entryPoints": [entry], "conferenceSolution": solution, "conferenceId": code}
