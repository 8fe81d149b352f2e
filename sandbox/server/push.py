"""What providers send to their clients' addresses: notices of changes, handshakes, lifecycle.

Nothing is sent, and no handshake asked for, unless the setting `push` is on.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

import requests

from sandbox.server.instants import utc_text
from sandbox.server.records import Change, Record, Records, random_text

LIMIT = 10.0
TRIES = 3


@dataclass(frozen=True, slots=True)
class Delivery:
    """One POST to a client's address."""

    address: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the client's address answered."""

    status: int
    content_type: str = ""
    text: str = ""


Post = Callable[[Delivery], Reply]


def post_over_http(delivery: Delivery) -> Reply:
    """Send it; status 0 when nobody answers."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                delivery.address,
                data=delivery.body,
                headers=dict(delivery.headers),
                timeout=LIMIT,
                allow_redirects=False,
            )
    except requests.RequestException:
        return Reply(0)
    return Reply(answer.status_code, answer.headers.get("Content-Type", ""), answer.text)


class Courier:
    """Sends what is due when a transaction of the store is over and its lock is free.

    With a `post` of one's own it is called at once; else a few threads carry it over HTTP and
    try again when the address is in trouble.
    """

    def __init__(self, store: Records, post: Post | None = None) -> None:
        self.store = store
        self.post = post or post_over_http
        self._pool = None if post else ThreadPoolExecutor(4, thread_name_prefix="push")
        self._due: deque[Delivery] = deque()

    def add(self, delivery: Delivery) -> None:
        self._due.append(delivery)

    def after(self, changes: list[Change]) -> None:
        """A transaction is over."""
        if changes and is_on(self.store):
            with self.store.transaction():
                for made in _notices(self.store, changes):
                    self.add(made)
        while self._due:
            try:
                delivery = self._due.popleft()
            except IndexError:
                return  # another thread was faster
            if self._pool:
                self._pool.submit(self._carry, delivery)
            else:
                self.post(delivery)

    def _carry(self, delivery: Delivery) -> None:
        for attempt in range(TRIES):
            status = self.post(delivery).status
            if 0 < status < 500:
                return
            time.sleep(1 + attempt)


def is_on(store: Records) -> bool:
    return bool(store.setting("push"))


def is_valid(store: Records, address: str) -> bool:
    """The handshake: the address has to answer with the token it is sent, as plain text."""
    if not is_on(store) or store.courier is None:
        return True
    token = f"Validation: Testing client application reachability for subscription {random_text()}"
    mark = "&" if "?" in address else "?"
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    asked = Delivery(f"{address}{mark}validationToken={quote(token)}", headers)
    answer: Reply = store.courier.post(asked)
    kind = answer.content_type.partition(";")[0].strip().lower()
    return (answer.status, kind, answer.text) == (200, "text/plain", token)


def tell_channel(store: Records, channel: Record, state: str) -> None:
    """Google's notice: headers alone say it."""
    if is_on(store) and store.courier is not None:
        store.courier.add(_google(store, channel, state))


def tell_lifecycle(store: Records, subscription: Record, event: str) -> None:
    """Graph's word about the subscription itself; a removed one is no more."""
    if event == "subscriptionRemoved":
        store.drop("subscription", subscription["id"])
    if is_on(store) and store.courier is not None and subscription["lifecycle_address"]:
        item = _about(store, subscription)
        item |= {"lifecycleEvent": event}
        store.courier.add(_graph(subscription["lifecycle_address"], [item]))


def _notices(store: Records, changes: Iterable[Change]) -> list[Delivery]:
    """One notice per channel, however much changed; per subscription, one call with all."""
    now = store.now()
    by_calendar: dict[str, dict[str, Change]] = {}
    for change in changes:
        told = by_calendar.setdefault(change.calendar, {})
        was = told.get(change.event)
        if was is None or change.kind == "deleted":
            told[change.event] = change
    due = [
        _google(store, channel, "exists")
        for channel in store.all("channel")
        if channel["calendar"] in by_calendar and _is_open(channel, now)
    ]
    for subscription in store.all("subscription"):
        found = by_calendar.get(subscription["calendar"])
        if found and _is_open(subscription, now):
            items = [_changed(store, subscription, one) for one in found.values()]
            due.append(_graph(subscription["address"], items))
    return due


def _is_open(record: Record, now: datetime) -> bool:
    return datetime.fromisoformat(record["expires_at"]) > now


def _google(store: Records, channel: Record, state: str) -> Delivery:
    channel["messages"] = int(channel.get("messages", 0)) + 1
    store.put("channel", channel["id"], channel)
    ends = datetime.fromisoformat(channel["expires_at"])
    headers = {
        "X-Goog-Channel-ID": channel["id"],
        "X-Goog-Channel-Expiration": f"{ends:%a, %d %b %Y %H:%M:%S} GMT",
        "X-Goog-Message-Number": str(channel["messages"]),
        "X-Goog-Resource-ID": channel["resource_id"],
        "X-Goog-Resource-State": state,
        "X-Goog-Resource-URI": channel.get("resource_uri", ""),
    }
    if channel["token"]:
        headers["X-Goog-Channel-Token"] = channel["token"]
    return Delivery(channel["address"], headers)


def _graph(address: str, items: list[dict[str, Any]]) -> Delivery:
    body = json.dumps({"value": items}).encode()
    return Delivery(address, {"Content-Type": "application/json; charset=utf-8"}, body)


def _about(store: Records, subscription: Record) -> dict[str, Any]:
    account = store.get("account", subscription["account"]) or {}
    ends = datetime.fromisoformat(subscription["expires_at"])
    return {
        "subscriptionId": subscription["id"],
        "subscriptionExpirationDateTime": utc_text(ends, decimals=7),
        "clientState": subscription["client_state"] or None,
        "tenantId": account.get("tid", ""),
    }


def _changed(store: Records, subscription: Record, change: Change) -> dict[str, Any]:
    account = store.get("account", subscription["account"]) or {}
    resource = f"Users/{account.get('oid', '')}/Events/{change.event}"
    return {
        **_about(store, subscription),
        "changeType": change.kind,
        "resource": resource,
        "resourceData": {
            "@odata.type": "#Microsoft.Graph.Event",
            "@odata.id": resource,
            "id": change.event,
        },
    }
