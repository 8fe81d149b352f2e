"""Push from end to end: an account, its channels, and what was asked of the workers."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest
from django.test import Client as Browser
from django.utils import timezone

from calendars.services import channels
from common import http
from sandbox.server.push import Reply
from tests.conftest import SANDBOX_URL
from tests.fidelity.notices import validate_delivery
from tests.fidelity.validate import RecordingWSGIAdapter

ADDRESS = "https://meridian.test"


@pytest.fixture
def sandbox(sandbox, settings):
    """Push is on; what the providers send comes in at our own addresses."""
    settings.PUSH_ENABLED, settings.PUBLIC_URL = True, ADDRESS
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "meridian.test"]
    http.mount(f"{SANDBOX_URL}/", RecordingWSGIAdapter(sandbox.adapter.app))
    visitor = Browser(enforce_csrf_checks=True)

    def post(delivery):
        validate_delivery(delivery)
        parts = urlsplit(delivery.address)
        answer = visitor.post(
            f"{parts.path}?{parts.query}",
            delivery.body,
            content_type=delivery.headers.get("Content-Type", "application/octet-stream"),
            headers={k: v for k, v in delivery.headers.items() if k != "Content-Type"},
            secure=True,
            HTTP_HOST="meridian.test",
        )
        answers.append(answer.status_code)
        return Reply(answer.status_code, answer.get("Content-Type", ""), answer.text)

    answers = sandbox.answers = []
    sandbox.store.courier.post = post
    sandbox.store.courier._pool = None
    sandbox.store.set_setting("push", True)
    return sandbox


@pytest.fixture(params=["google", "outlook"])
def connection(request, connect, user_owner, copy_events):
    made = connect(user_owner, request.param)
    copy_events(made)
    return made


@pytest.fixture
def calendar(connection):
    return connection.calendars.get()


@pytest.fixture
def asked(django_capture_on_commit_callbacks):
    """Call it with a function: tasks and their arguments that the workers were asked for."""

    def during(act):
        with django_capture_on_commit_callbacks() as callbacks:
            act()
        return [(callback.args[0], callback.args[1]) for callback in callbacks]

    return during


@pytest.fixture
def tend(connection, actor):
    def tended(now=None):
        channels.tend(
            kind=connection.owner_kind,
            connection_id=connection.pk,
            actor=actor,
            now=now or timezone.now(),
        )

    return tended


def open_at_provider(sandbox):
    return [*sandbox.store.all("channel"), *sandbox.store.all("subscription")]


@pytest.fixture
def subscription(connect, user_owner, actor, sandbox):
    connection = connect(user_owner, "outlook")
    channels.tend(kind="user", connection_id=connection.pk, actor=actor, now=timezone.now())
    return sandbox.store.all("subscription")[0]


def graph_notice(browser, *items, path="/hooks/microsoft"):
    return browser.post(path, json.dumps({"value": items}), content_type="application/json")


def item_of(subscription, **changes):
    own = {"subscriptionId": subscription["id"], "clientState": subscription["client_state"]}
    return {**own, "changeType": "updated", **changes}
