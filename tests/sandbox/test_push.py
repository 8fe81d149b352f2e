"""What the sandbox sends by itself: the first notice, changes, the handshake, and when nothing."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from sandbox.server import create_app
from sandbox.server.push import Reply, tell_lifecycle
from tests.fidelity.notices import validate_delivery
from tests.sandbox.conftest import BASE, NOON, Client

HOOK = "https://meridian.test/hook"


@pytest.fixture
def sent():
    return []


@pytest.fixture
def answers():
    """What the client's address answers; None for the handshake's own token."""
    return {"status": 200, "kind": "text/plain", "text": None}


@pytest.fixture
def app(store, sent, answers):
    def post(delivery):
        validate_delivery(delivery)
        sent.append(delivery)
        token = delivery.address.partition("validationToken=")[2]
        text = answers["text"]
        if text is None:
            from urllib.parse import unquote

            text = unquote(token)
        return Reply(answers["status"], answers["kind"], text)

    store.set_setting("push", True)
    return create_app(store, BASE, post)


@pytest.fixture
def api(app, store):
    """Call it with a provider: somebody's calendar there, and a client with their token."""

    def made(provider):
        account = store.add_account(provider, email="ann@example.com")
        client = Client(app)
        client.token = store.token_for(account)
        return client, store.primary_calendar(account)

    return made


def watch(client, calendar, **more):
    body = {"id": "channel-1", "type": "web_hook", "address": HOOK, "token": "secret", **more}
    path = f"/google/calendar/v3/calendars/{calendar['id']}/events/watch"
    return client.api("POST", path, json=body)


def subscribe(client, calendar, **more):
    body = {
        "changeType": "created,updated,deleted",
        "notificationUrl": HOOK,
        "resource": f"me/calendars/{calendar['id']}/events",
        "expirationDateTime": "2026-11-25T12:00:00Z",
        "clientState": "secret",
        **more,
    }
    return client.api("POST", "/microsoft/graph/v1.0/subscriptions", json=body)


def add(store, calendar):
    return store.add_event(calendar, title="x", start=NOON, end=NOON + timedelta(hours=1))


def test_google_says_first_that_the_channel_is_open_then_that_something_changed(api, store, sent):
    client, calendar = api("google")
    made = watch(client, calendar).json()
    add(store, calendar)
    states = [one.headers["X-Goog-Resource-State"] for one in sent]
    numbers = [one.headers["X-Goog-Message-Number"] for one in sent]
    assert (states, numbers) == (["sync", "exists"], ["1", "2"])
    last = sent[-1]
    assert (last.address, last.body) == (HOOK, b"")
    assert last.headers["X-Goog-Channel-Token"] == "secret"
    assert last.headers["X-Goog-Resource-ID"] == made["resourceId"]


def test_graph_says_what_was_created_updated_and_deleted(api, store, sent):
    client, calendar = api("microsoft")
    made = subscribe(client, calendar).json()
    sent.clear()
    record = add(store, calendar)
    store.change_event(calendar, record["id"], {"subject": "y"})
    store.delete_event(calendar, record["id"])
    items = [json.loads(one.body)["value"] for one in sent]
    assert [[item["changeType"] for item in group] for group in items] == [
        ["created"], ["updated"], ["deleted"],
    ]  # fmt: skip
    item = items[0][0]
    assert set(item) == {
        "subscriptionId", "subscriptionExpirationDateTime", "clientState", "tenantId",
        "changeType", "resource", "resourceData",
    }  # fmt: skip
    assert (item["subscriptionId"], item["clientState"]) == (made["id"], "secret")
    assert item["resourceData"]["id"] == record["id"]


@pytest.mark.parametrize(
    "wrong", [{"status": 500}, {"kind": "text/html"}, {"text": "no"}, {"status": 0}]
)
def test_an_address_that_does_not_answer_the_handshake_is_refused(api, store, answers, wrong):
    client, calendar = api("microsoft")
    answers.update(wrong)
    answer = subscribe(client, calendar)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "ValidationError")
    assert store.all("subscription") == []


def test_both_addresses_are_asked_for_the_handshake(api, sent):
    client, calendar = api("microsoft")
    subscribe(client, calendar, lifecycleNotificationUrl=f"{HOOK}/lifecycle")
    assert [one.address.partition("?")[0] for one in sent] == [HOOK, f"{HOOK}/lifecycle"]


@pytest.mark.parametrize("provider", ["google", "microsoft"])
def test_an_expired_channel_is_told_nothing(api, store, sent, provider):
    client, calendar = api(provider)
    (watch if provider == "google" else subscribe)(client, calendar)
    sent.clear()
    store.advance(timedelta(days=8).total_seconds())
    add(store, calendar)
    assert sent == []


@pytest.mark.parametrize("provider", ["google", "microsoft"])
def test_with_the_switch_off_nothing_is_sent(api, store, sent, provider):
    client, calendar = api(provider)
    store.set_setting("push", False)
    made = (watch if provider == "google" else subscribe)(client, calendar)
    add(store, calendar)
    assert (made.ok, sent) == (True, [])


@pytest.mark.parametrize("provider", ["google", "microsoft"])
def test_another_calendar_is_not_told_of(api, store, sent, provider):
    client, calendar = api(provider)
    account = store.get("account", calendar["account"])
    other = store.add_calendar(account, name="Other")
    (watch if provider == "google" else subscribe)(client, calendar)
    sent.clear()
    add(store, other)
    assert sent == []


@pytest.mark.parametrize("event", ["missed", "reauthorizationRequired", "subscriptionRemoved"])
def test_a_lifecycle_notice_goes_to_its_own_address_and_tells_of_no_change(api, store, sent, event):
    client, calendar = api("microsoft")
    made = subscribe(client, calendar, lifecycleNotificationUrl=f"{HOOK}/lifecycle").json()
    sent.clear()
    with store.transaction():
        tell_lifecycle(store, store.get("subscription", made["id"]), event)
    (one,) = sent
    assert (one.address, validate_delivery(one)) == (f"{HOOK}/lifecycle", "microsoft lifecycle")
    (item,) = json.loads(one.body)["value"]
    assert (item["lifecycleEvent"], item["subscriptionId"]) == (event, made["id"])
