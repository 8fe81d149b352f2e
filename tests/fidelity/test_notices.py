"""What the validators of notices refuse, so that they are worth something."""

from __future__ import annotations

import json

import pytest

from sandbox.server.push import Delivery
from tests.fidelity.notices import validate_delivery

HEADERS = {
    "X-Goog-Channel-ID": "channel-1",
    "X-Goog-Channel-Expiration": "Fri, 27 Nov 2026 12:00:00 GMT",
    "X-Goog-Message-Number": "7",
    "X-Goog-Resource-ID": "r",
    "X-Goog-Resource-State": "exists",
    "X-Goog-Resource-URI": "https://x.test/google/calendar/v3/calendars/a@b.example/events?alt=json",
}
ABOUT = {
    "subscriptionId": "s",
    "subscriptionExpirationDateTime": "2026-11-27T12:00:00.0000000Z",
    "clientState": "secret",
    "tenantId": "t",
}
CHANGE = {
    **ABOUT,
    "changeType": "updated",
    "resource": "Users/u/Events/e",
    "resourceData": {
        "@odata.type": "#Microsoft.Graph.Event",
        "@odata.id": "Users/u/Events/e",
        "@odata.etag": 'W/"x"',
        "id": "e",
    },
}
LIFECYCLE = {**ABOUT, "lifecycleEvent": "missed"}


def google(body=b"", **changes):
    headers = {**HEADERS, **{f"X-Goog-{k.replace('_', '-')}": v for k, v in changes.items()}}
    return Delivery(
        "https://m.test/hook", {k: v for k, v in headers.items() if v is not None}, body
    )


def graph(*items, **more):
    body = json.dumps({"value": list(items), **more}).encode()
    return Delivery("https://m.test/hook", {"Content-Type": "application/json"}, body)


@pytest.mark.parametrize(
    ("delivery", "kind"),
    [
        (google(), "google exists"),
        (google(Resource_State="sync", Message_Number="1"), "google sync"),
        (google(Channel_Expiration=None, Channel_Token="t"), "google exists"),
        (graph(CHANGE, CHANGE), "microsoft change"),
        (graph({**CHANGE, "clientState": None}), "microsoft change"),
        (graph(LIFECYCLE), "microsoft lifecycle"),
    ],
)
def test_what_providers_send_passes(delivery, kind):
    assert validate_delivery(delivery) == kind


@pytest.mark.parametrize(
    "delivery",
    [
        google(b"{}"),
        google(Resource_ID=None),
        google(Resource_State="changed"),
        google(Resource_State="sync"),
        google(Message_Number="1"),
        google(Message_Number="first"),
        google(Channel_Expiration="1795780800000"),
        google(Channel_ID="with spaces"),
        google(Signature="x"),
        google(Resource_URI="https://x.test/google/calendar/v3/users/me/calendarList"),
        graph(),
        graph(CHANGE, LIFECYCLE),
        graph(CHANGE, channel="x"),
        graph({**CHANGE, "changeType": "moved"}),
        graph({**CHANGE, "eventId": "e"}),
        graph({k: v for k, v in CHANGE.items() if k != "tenantId"}),
        graph({**CHANGE, "resourceData": {"id": "e"}}),
        graph({**CHANGE, "resource": "Users/u/Events/other"}),
        graph({**CHANGE, "subscriptionExpirationDateTime": "tomorrow"}),
        graph({**CHANGE, "clientState": "x" * 129}),
        graph({**LIFECYCLE, "lifecycleEvent": "expired"}),
        graph({**LIFECYCLE, "changeType": "updated"}),
        Delivery("https://m.test/hook?validationToken=", {"Content-Type": "text/plain"}),
        Delivery("https://m.test/hook?validationToken=x", {"Content-Type": "text/html"}),
    ],
)
def test_what_no_provider_sends_fails(delivery):
    with pytest.raises(AssertionError):
        validate_delivery(delivery)
