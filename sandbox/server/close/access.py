"""Who calls Close, and how Close says no. https://developer.close.com/api/overview"""

from __future__ import annotations

from typing import Any

from sandbox.server.http import Json, NotJson, Refusal, Request, json_response
from sandbox.server.records import Record, Records, random_text

STATUSES = ("Potential", "Bad fit", "Qualified", "Customer")


def add_key(store: Records, *, key: str, email: str, organization: str) -> Record:
    """A key of that user to the organisation, which is made with its statuses if it is new.

    Somebody with keys to several is one user of all of them.
    """
    found = store.where("close_organization", name=organization)
    here = found[0] if found else _organization(store, organization)
    others = store.where("close_key", email=email)
    user = others[0]["user"] if others else new_id("user")
    record = {"key": key, "email": email, "organization": here["id"], "user": user}
    return store.put("close_key", key, record)


def _organization(store: Records, name: str) -> Record:
    key = new_id("orga")
    for place, label in enumerate(STATUSES):
        status = new_id("stat")
        record = {"id": status, "organization": key, "label": label, "place": place}
        store.put("close_status", status, record)
    return store.put("close_organization", key, {"id": key, "name": name})


def statuses_of(store: Records, organization: str) -> list[Record]:
    """In their order: the first is that of new leads."""
    found = store.where("close_status", organization=organization)
    return sorted(found, key=lambda one: int(one["place"]))


def new_id(kind: str) -> str:
    return f"{kind}_{random_text(24)}"


def refusal(status: int, **body: Any) -> Refusal:
    """The refusal to raise."""
    return Refusal(json_response(body, status))


def invalid(**fields: str) -> Refusal:
    """Validation: Close names the fields."""
    return refusal(400, **{"errors": [], "field-errors": fields})


def caller(request: Request) -> Record:
    """The key that the caller gave as a user's name. Refuses with 401."""
    user, password = request.basic() or ("", "")
    found = request.store.get("close_key", user)
    if found is None or password:
        raise refusal(401, error="The API key you provided is invalid.")
    return found


def body_of(request: Request) -> Json:
    try:
        return request.json()
    except NotJson:
        raise refusal(400, error="The request body is not valid JSON.") from None


def mine(request: Request, kind: str, key: str) -> Record:
    """A record of the caller's organisation. Refuses with 404."""
    found = request.store.get(kind, key)
    if found is None or found["organization"] != caller(request)["organization"]:
        raise refusal(404, error="Empty query: the object does not exist.")
    return found
