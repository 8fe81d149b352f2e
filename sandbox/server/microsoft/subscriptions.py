"""Subscriptions: checked, their addresses asked for the handshake, and kept."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sandbox.server import accounts, push
from sandbox.server.http import Json, Request, Response
from sandbox.server.instants import parse_instant, utc_text
from sandbox.server.microsoft.access import READ, Caller, caller
from sandbox.server.microsoft.errors import answer as reply
from sandbox.server.microsoft.errors import body_of, done, graph_error, not_found
from sandbox.server.records import Record

LONGEST = timedelta(minutes=10080)
SHORTEST = timedelta(minutes=45)
KINDS = {"created", "updated", "deleted"}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def _invalid(who: Caller, message: str) -> Exception:
    return graph_error(who.request, 400, "InvalidRequest", message)


def _until(who: Caller, value: Any) -> datetime:
    """The expiry, at least 45 minutes ahead. Refuses with 400."""
    moment = parse_instant(str(value or "").replace("0000000Z", "000000Z"))
    now = who.store.now()
    if moment is None or moment <= now:
        raise _invalid(who, "Subscription expiration has to be an instant in the future.")
    if moment - now > LONGEST:
        raise _invalid(who, "Subscription expiration can only be 10080 minutes in the future.")
    return max(moment, now + SHORTEST)


def _address(who: Caller, value: Any) -> str:
    parts = urlsplit(str(value or ""))
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return str(value)
    raise _invalid(who, "Invalid notification URL: it has to be https.")


def _resource_calendar(who: Caller, resource: str) -> Record:
    parts = resource.strip("/").split("/")
    if parts in (["me", "events"], ["me", "calendar", "events"]):
        return accounts.primary_of(who.store, who.account)
    if len(parts) == 4 and parts[:2] == ["me", "calendars"] and parts[3] == "events":
        calendar = who.store.get("calendar", parts[2])
        if calendar and calendar["account"] == who.account["id"]:
            return calendar
        raise not_found(who.request)
    raise _invalid(who, "Resource not found for the segment.")


def create(request: Request) -> Response:
    who = caller(request, READ)
    sent = body_of(request)
    kinds = {kind.strip() for kind in str(sent.get("changeType") or "").split(",")}
    if not kinds <= KINDS:
        raise _invalid(who, "changeType has to be of created, updated and deleted.")
    secret = str(sent.get("clientState") or "")
    if len(secret) > 128:
        raise _invalid(who, "clientState may have up to 128 characters.")
    lifecycle = sent.get("lifecycleNotificationUrl")
    record: Record = {
        "id": str(uuid.uuid4()),
        "provider": "microsoft",
        "account": who.account["id"],
        "calendar": _resource_calendar(who, str(sent.get("resource") or ""))["id"],
        "resource": sent.get("resource"),
        "change_type": sent["changeType"],
        "address": _address(who, sent.get("notificationUrl")),
        "lifecycle_address": _address(who, lifecycle) if lifecycle else None,
        "client_state": secret,
        "expires_at": _until(who, sent.get("expirationDateTime")).isoformat(),
    }
    for address in filter(None, (record["address"], record["lifecycle_address"])):
        if not push.is_valid(who.store, address):
            raise graph_error(
                request,
                400,
                "ValidationError",
                "Subscription validation request failed. Notification endpoint must respond with "
                "200 OK to validation request.",
            )
    who.store.put("subscription", record["id"], record)
    return reply(request, _shown(who, record), 201)


def _mine(who: Caller) -> Record:
    record = who.store.get("subscription", who.request.params["subscription"])
    if record is None or record["account"] != who.account["id"]:
        raise graph_error(who.request, 404, "ResourceNotFound", "The object was not found.")
    return record


def renew(request: Request) -> Response:
    who = caller(request, READ)
    record = _mine(who)
    record["expires_at"] = _until(who, body_of(request).get("expirationDateTime")).isoformat()
    who.store.put("subscription", record["id"], record)
    return reply(request, _shown(who, record))


def get(request: Request) -> Response:
    who = caller(request, READ)
    return reply(request, _shown(who, _mine(who)))


def list_all(request: Request) -> Response:
    """The app's subscriptions on behalf of this account."""
    who = caller(request, READ)
    mine = who.store.where("subscription", account=who.account["id"])
    context = f"{request.base_url}/microsoft/graph/v1.0/$metadata#subscriptions"
    rows = [_members(who, record) for record in mine]
    return reply(request, {"@odata.context": context, "value": rows})


def delete(request: Request) -> Response:
    who = caller(request, READ)
    who.store.drop("subscription", _mine(who)["id"])
    return done(request)


def _shown(who: Caller, record: Record) -> Json:
    graph = f"{who.request.base_url}/microsoft/graph/v1.0"
    context = f"{graph}/$metadata#subscriptions/$entity"
    return {"@odata.context": context, **_members(who, record)}


def _members(who: Caller, record: Record) -> Json:
    return {
        "id": record["id"],
        "resource": record["resource"],
        "applicationId": "00000000-0000-0000-0000-000000000000",
        "changeType": record["change_type"],
        "clientState": record["client_state"] or None,
        "notificationUrl": record["address"],
        "lifecycleNotificationUrl": record["lifecycle_address"],
        "expirationDateTime": utc_text(datetime.fromisoformat(record["expires_at"]), decimals=7),
        "creatorId": who.account["oid"],
    }
