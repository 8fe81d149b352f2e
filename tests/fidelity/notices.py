"""What providers send to our hooks by themselves, held to what they publish.

Microsoft's notices have types (`changeNotificationCollection`); what of it is always there stands
in its pages. Google's stand in headers, which only its guide describes.
https://learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks
https://learn.microsoft.com/en-us/graph/change-notifications-lifecycle-events
https://developers.google.com/workspace/calendar/api/guides/push
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fidelity.google import RFC3339, check
from tests.fidelity.google import operation as google_operation
from tests.fidelity.graph import _validator, _without_annotations

GOOGLE = "X-Goog-"
STATES = {"sync", "exists", "not_exists"}
ALWAYS = {
    "X-Goog-Channel-ID", "X-Goog-Message-Number", "X-Goog-Resource-ID", "X-Goog-Resource-State",
    "X-Goog-Resource-URI",
}  # fmt: skip
SOMETIMES = {"X-Goog-Channel-Expiration", "X-Goog-Channel-Token", "X-Goog-Changed"}
CHANNEL = re.compile(r"[A-Za-z0-9\-_+/=]{1,64}\Z")
# The members that an item of its kind always has.
OF_A_CHANGE = {"subscriptionId", "subscriptionExpirationDateTime", "changeType", "resource"}
OF_A_CHANGE |= {"tenantId", "clientState", "resourceData"}
OF_A_LIFECYCLE = {"subscriptionId", "subscriptionExpirationDateTime", "tenantId", "clientState"}


def validate_delivery(delivery: Any) -> str:
    """Whose delivery it is and of what kind. Fails for what no provider would send."""
    query = parse_qs(urlsplit(delivery.address).query)
    if any(name.startswith(GOOGLE) for name in delivery.headers):
        return _google(delivery.headers, delivery.body)
    if "validationToken" in query:
        return _handshake(delivery, query["validationToken"])
    assert delivery.headers.get("Content-Type", "").startswith("application/json")
    return _graph(json.loads(delivery.body))


def _google(headers: Any, body: bytes) -> str:
    assert body == b"", "a notice of Google's has no body"
    names = set(headers)
    assert names >= ALWAYS, f"a notice of Google's lacks {sorted(ALWAYS - names)}"
    extra = names - ALWAYS - SOMETIMES
    assert not extra, f"a notice of Google's has no {sorted(extra)}"
    state, number = headers["X-Goog-Resource-State"], headers["X-Goog-Message-Number"]
    assert state in STATES, f"a resource is not {state}"
    assert number.isdigit(), "a message's number is one"
    assert int(number) >= 1, "messages are counted from 1"
    assert (state == "sync") == (number == "1"), "the first message, and no other, is sync"
    assert CHANNEL.match(headers["X-Goog-Channel-ID"]), "that is no channel's id"
    if "X-Goog-Channel-Expiration" in headers:
        ends = headers["X-Goog-Channel-Expiration"]
        assert ends.endswith(" GMT"), "the end of a channel is a date for people, in GMT"
        assert parsedate_to_datetime(ends) > datetime.now(UTC) - timedelta(days=3660)
    path = urlsplit(headers["X-Goog-Resource-URI"]).path.partition("/calendar/v3/")[2]
    assert google_operation("GET", path) == "events.list", "that is no resource we watch"
    return f"google {state}"


def _handshake(delivery: Any, tokens: list[str]) -> str:
    assert len(tokens) == 1, "one token is to be answered"
    assert tokens[0], "the token is not empty"
    assert delivery.body == b"", "the handshake has no body"
    assert delivery.headers.get("Content-Type", "").startswith("text/plain")
    return "microsoft handshake"


def _graph(body: Any) -> str:
    """Change notices or lifecycle notices, never both in one call: they have their addresses."""
    kinds = {_item(item) for item in _plain(body)}
    assert len(kinds) == 1, "a call holds notices of one kind, and some"
    return f"microsoft {kinds.pop()}"


def _plain(body: Any) -> list[Any]:
    """The items, when the whole is of the published type; `resourceData` is open there."""
    closed = _without_annotations(body)
    for item in closed.get("value", []):
        if isinstance(item.get("resourceData"), dict):
            item["resourceData"] = {k: v for k, v in item["resourceData"].items() if k != "id"}
    check(_validator("ChangeNotificationCollection"), closed, "notices of Graph")
    return body["value"]


def _item(item: dict[str, Any]) -> str:
    is_lifecycle = "lifecycleEvent" in item
    always = OF_A_LIFECYCLE if is_lifecycle else OF_A_CHANGE
    assert set(item) >= always, f"a notice of Graph's lacks {sorted(always - set(item))}"
    ends = item["subscriptionExpirationDateTime"]
    assert RFC3339.match(ends), "the end of a subscription is an instant"
    secret = item["clientState"]
    assert secret is None or len(secret) <= 128, "a clientState has up to 128 characters"
    if is_lifecycle:
        assert "changeType" not in item, "a lifecycle notice tells of no change"
        return "lifecycle"
    data = item["resourceData"]
    for name in ("@odata.type", "@odata.id", "id"):
        assert data.get(name), f"resourceData lacks {name}"
    assert data["@odata.type"] == "#Microsoft.Graph.Event"
    assert data["@odata.id"] == item["resource"], "resource and resourceData are the same one"
    assert data["id"] == item["resource"].rpartition("/")[2]
    return "change"
