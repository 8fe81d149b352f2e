"""Leads, contacts and notes as Close keeps them."""

from __future__ import annotations

from typing import Any

from sandbox.server.close.access import body_of, caller, invalid, mine, new_id, statuses_of
from sandbox.server.http import Json, Request, Response, json_response
from sandbox.server.records import Record


def me(request: Request) -> Response:
    """The user with every organisation they are in, whichever the key is of."""
    key = caller(request)
    keys = request.store.where("close_key", user=key["user"])
    found = {one["organization"]: None for one in keys}
    here = [request.store.get("close_organization", one) or {} for one in found]
    shown = [{"id": one["id"], "name": one["name"]} for one in here]
    return json_response({"id": key["user"], "email": key["email"], "organizations": shown})


def statuses(request: Request) -> Response:
    here = caller(request)["organization"]
    shown = [
        {"id": one["id"], "label": one["label"], "organization_id": here}
        for one in statuses_of(request.store, here)
    ]
    return json_response({"data": shown, "has_more": False})


def create_lead(request: Request) -> Response:
    here, sent = caller(request)["organization"], body_of(request)
    status = sent.get("status_id") or statuses_of(request.store, here)[0]["id"]
    known = request.store.get("close_status", status)
    if known is None or known["organization"] != here:
        raise invalid(status_id="This status does not exist.")
    lead = _keep(
        request,
        "close_lead",
        "lead",
        name=_text(sent, "name"),
        description=_text(sent, "description"),
        status=status,
    )
    for one in sent.get("contacts") or []:
        _add_contact(request, lead, one)
    return json_response(_lead(request, lead))


def get_lead(request: Request) -> Response:
    return json_response(_lead(request, mine(request, "close_lead", request.params["lead"])))


def create_contact(request: Request) -> Response:
    sent = body_of(request)
    return json_response(shown_contact(_add_contact(request, _lead_in(request, sent), sent)))


def list_notes(request: Request) -> Response:
    here, lead = caller(request)["organization"], request.arg("lead_id")
    found = request.store.where("close_note", organization=here, lead=lead)
    skip, limit = int(request.arg("_skip", "0")), int(request.arg("_limit", "100"))
    shown = [_note(one) for one in found[skip : skip + limit]]
    return json_response({"data": shown, "has_more": len(found) > skip + limit})


def create_note(request: Request) -> Response:
    sent = body_of(request)
    lead, contact = _lead_in(request, sent), sent.get("contact_id")
    if contact and (request.store.get("close_contact", contact) or {}).get("lead") != lead["id"]:
        raise invalid(contact_id="This contact is not of the lead.")
    made = _keep(
        request,
        "close_note",
        "acti",
        lead=lead["id"],
        contact=contact or "",
        note=_text(sent, "note"),
    )
    return json_response(_note(made))


def get_note(request: Request) -> Response:
    return json_response(_note(mine(request, "close_note", request.params["note"])))


def update_note(request: Request) -> Response:
    found = mine(request, "close_note", request.params["note"])
    found["note"] = _text(body_of(request), "note")
    return json_response(_note(request.store.put("close_note", found["id"], found)))


def delete_note(request: Request) -> Response:
    found = mine(request, "close_note", request.params["note"])
    request.store.drop("close_note", found["id"])
    return json_response({})


def shown_contact(record: Record) -> Json:
    return {
        "id": record["id"],
        "lead_id": record["lead"],
        "name": record["name"],
        "emails": record["emails"],
        "date_created": record["at"],
    }


def _lead(request: Request, record: Record) -> Json:
    people = request.store.where("close_contact", lead=record["id"])
    return {
        "id": record["id"],
        "name": record["name"],
        "description": record["description"],
        "status_id": record["status"],
        "contacts": [shown_contact(one) for one in people],
        "date_created": record["at"],
    }


def _note(record: Record) -> Json:
    return {
        "id": record["id"],
        "lead_id": record["lead"],
        "contact_id": record["contact"] or None,
        "note": record["note"],
    }


def _lead_in(request: Request, sent: Json) -> Record:
    found = request.store.get("close_lead", str(sent.get("lead_id")))
    if found is None or found["organization"] != caller(request)["organization"]:
        raise invalid(lead_id="This lead does not exist.")
    return found


def _add_contact(request: Request, lead: Record, sent: Any) -> Record:
    emails = [
        {"type": one.get("type", "office"), "email": one["email"]} for one in sent.get("emails", [])
    ]
    if any("@" not in one["email"] for one in emails):
        raise invalid(emails="Invalid email address.")
    return _keep(
        request, "close_contact", "cont", lead=lead["id"], name=_text(sent, "name"), emails=emails
    )


def _keep(request: Request, kind: str, prefix: str, **fields: Any) -> Record:
    key = new_id(prefix)
    stamps = {
        "organization": caller(request)["organization"],
        "at": request.store.now().isoformat(),
    }
    return request.store.put(kind, key, {"id": key, **stamps, **fields})


def _text(sent: Json, name: str) -> str:
    found = sent.get(name)
    return found if isinstance(found, str) else ""
