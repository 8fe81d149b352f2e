"""Notices of forgers set off nothing, true ones a reading, and the handshake is answered."""

from __future__ import annotations

import json

import pytest
from django.utils import timezone

from calendars import tasks
from calendars.models import Calendar
from calendars.services import channels
from tests.calendars.services.channels.conftest import graph_notice, item_of

pytestmark = pytest.mark.django_db


# --- Forgers ---


@pytest.fixture
def google_channel(connect, user_owner, actor, sandbox):
    connection = connect(user_owner, "google")
    channels.tend(kind="user", connection_id=connection.pk, actor=actor, now=timezone.now())
    return sandbox.store.all("channel")[0]


def google_notice(browser, channel, **changes):
    headers = {
        "X-Goog-Channel-ID": channel["id"],
        "X-Goog-Channel-Token": channel["token"],
        "X-Goog-Resource-ID": channel["resource_id"],
        "X-Goog-Resource-State": "exists",
        **changes,
    }
    return browser.post("/hooks/google", headers={k: v for k, v in headers.items() if v})


@pytest.mark.parametrize(
    "changes",
    [
        {"X-Goog-Channel-Token": "guessed"},
        {"X-Goog-Channel-Token": ""},
        {"X-Goog-Channel-ID": "unknown"},
        {"X-Goog-Channel-ID": ""},
        {"X-Goog-Resource-ID": "of another calendar"},
        {"X-Goog-Resource-State": ""},
    ],
)
def test_a_forged_google_notice_does_nothing(client, google_channel, asked, changes):
    Calendar.objects.update(noticed_at=None)
    answers = []
    assert asked(lambda: answers.append(google_notice(client, google_channel, **changes))) == []
    assert [answer.status_code for answer in answers] == [404]
    assert Calendar.objects.get().noticed_at is None


def test_a_true_google_notice_only_asks_for_a_reading(client, google_channel, asked, sandbox):
    before = len(sandbox.calls())
    runs = asked(lambda: google_notice(client, google_channel))
    assert [task for task, _ in runs] == [tasks.sync_connection]
    assert len(sandbox.calls()) == before


def test_a_notice_at_the_other_providers_address_does_nothing(client, google_channel, asked):
    item = {"subscriptionId": google_channel["id"], "clientState": google_channel["token"]}
    body = json.dumps({"value": [item]})
    runs = asked(lambda: client.post("/hooks/microsoft", body, content_type="application/json"))
    assert runs == []


@pytest.mark.parametrize(
    "changes",
    [{"clientState": "guessed"}, {"clientState": None}, {"subscriptionId": "unknown"}],
)
def test_a_forged_graph_notice_does_nothing(client, subscription, asked, changes):
    Calendar.objects.update(noticed_at=None)
    answers = []
    forged = item_of(subscription, **changes)
    assert asked(lambda: answers.append(graph_notice(client, forged))) == []
    assert [answer.status_code for answer in answers] == [202]
    assert Calendar.objects.get().noticed_at is None


def test_each_item_of_a_call_is_believed_by_its_own_secret(client, subscription, asked):
    items = [item_of(subscription, clientState="guessed"), item_of(subscription)]
    assert len(asked(lambda: graph_notice(client, *items))) == 1


@pytest.mark.parametrize(
    "body", ["", "[]", "{", '{"value": 7}', '{"value": []}', '{"value": [{}]}']
)
def test_nonsense_is_refused(client, db, body):
    answer = client.post("/hooks/microsoft", body, content_type="application/json")
    assert answer.status_code == 400


# --- The handshake ---


@pytest.mark.parametrize("path", ["/hooks/microsoft", "/hooks/microsoft/lifecycle"])
def test_the_handshake_gives_the_decoded_token_as_plain_text(client, db, path):
    answer = client.post(f"{path}?validationToken=Validation%3A%20a%2Bb%20%3Cscript%3E")
    assert (answer.status_code, answer.text) == (200, "Validation: a+b <script>")
    assert answer["Content-Type"].startswith("text/plain")
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_token_longer_than_any_is_refused(client, db):
    assert (
        client.post("/hooks/microsoft", query_params={"validationToken": "x" * 2049}).status_code
        == 400
    )


@pytest.mark.parametrize("path", ["/hooks/google", "/hooks/microsoft"])
def test_hooks_answer_to_post_only(client, db, path):
    assert client.get(f"{path}?validationToken=x").status_code == 405
