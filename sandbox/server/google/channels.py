"""events.watch and channels.stop: channels are checked and kept."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from sandbox.server import push
from sandbox.server.google.access import READ_EVENTS, caller, place
from sandbox.server.google.errors import body_of, google_error, not_found, required
from sandbox.server.http import Json, Request, Response, empty, json_response
from sandbox.server.records import Record

DEFAULT_LIFE = timedelta(days=7)
LONGEST_LIFE = timedelta(days=30)
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def watch(request: Request) -> Response:
    where = place(request, READ_EVENTS)
    sent = body_of(request)
    channel_id = str(sent.get("id") or "")
    if not 1 <= len(channel_id) <= 64:
        raise required("Channel id not specified")
    if sent.get("type") not in {"web_hook", "webhook"}:
        raise google_error(400, "channelUnknown", "Unknown channel type.")
    if where.store.get("channel", channel_id):
        message = f"Channel id {channel_id} not unique"
        raise google_error(400, "channelIdNotUnique", message)
    _check_address(str(sent.get("address") or ""))
    resource = hashlib.sha256(where.calendar["id"].encode()).hexdigest()[:27]
    expires_at = where.store.now() + _life(sent, where.store.now())
    path = quote(request.path.removesuffix("/watch"), safe="/@")
    uri = f"{request.base_url}{path}?alt=json"
    channel: Record = {
        "id": channel_id,
        "provider": "google",
        "account": where.account["id"],
        "calendar": where.calendar["id"],
        "resource_id": resource,
        "resource_uri": uri,
        "address": sent["address"],
        "token": sent.get("token", ""),
        "expires_at": expires_at.isoformat(),
    }
    where.store.put("channel", channel_id, channel)
    push.tell_channel(where.store, channel, "sync")
    answer: Json = {
        "kind": "api#channel",
        "id": channel_id,
        "resourceId": resource,
        "resourceUri": uri,
        "expiration": str(int(expires_at.timestamp() * 1000)),
    }
    return json_response({**answer, "token": sent["token"]} if sent.get("token") else answer)


def _check_address(address: str) -> None:
    """A callback has to be https; on this computer alone plain http will do."""
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return
    raise google_error(400, "push.webhookUrlNotHttps", f"WebHook callback must be HTTPS: {address}")


def _life(sent: Json, now: datetime) -> timedelta:
    wanted: Any = (sent.get("params") or {}).get("ttl")
    try:
        if wanted is not None:
            life = timedelta(seconds=int(wanted))
        elif sent.get("expiration"):
            life = datetime.fromtimestamp(int(sent["expiration"]) / 1000, tz=UTC) - now
        else:
            return DEFAULT_LIFE
    except ValueError:
        raise google_error(400, "badRequest", "Invalid expiration.") from None
    if life <= timedelta(0):
        raise google_error(400, "badRequest", "The expiration is in the past.")
    return min(life, LONGEST_LIFE)


def stop(request: Request) -> Response:
    who = caller(request, READ_EVENTS)
    sent = body_of(request)
    channel = who.store.get("channel", str(sent.get("id")))
    mine = channel is not None and channel["account"] == who.account["id"]
    if channel is None or not mine or channel["resource_id"] != sent.get("resourceId"):
        raise not_found()
    who.store.drop("channel", channel["id"])
    return empty(204)
