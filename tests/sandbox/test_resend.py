"""The stand-in of Resend: keys, refusals, events, and mails that are received."""

from __future__ import annotations

import base64
import json
import uuid

import pytest
from anymail.inbound import AnymailInboundMessage

from common.webhooks import secret_bytes
from sandbox.server import create_app
from sandbox.server.push import Reply
from sandbox.server.resend import access
from tests.sandbox.conftest import BASE, Client

MAIL = {
    "from": "Meridian <us@meridian.example>",
    "to": ["ann@x.example"],
    "subject": "Hello",
    "text": "Text",
    "html": "<p>Text</p>",
    "attachments": [
        {
            "filename": "invite.ics",
            "content": base64.b64encode(b"BEGIN:VCALENDAR\r\n").decode(),
            "content_type": 'text/calendar; method="REQUEST"; charset="utf-8"',
        }
    ],
}


@pytest.fixture
def post():
    sent = []

    def carry(delivery):
        sent.append(delivery)
        return Reply(204)

    carry.sent = sent
    return carry


@pytest.fixture
def resend(store, post):
    app = create_app(store, BASE, post)
    store.set_setting("resend.tracking", "http://meridian.test/tracking")
    store.set_setting("resend.inbound", "http://meridian.test/inbound")
    client = Client(app)
    client.base, client.token = f"{BASE}/resend", access.KEY
    return client


def send(resend, key="k", **changes):
    body = {name: value for name, value in {**MAIL, **changes}.items() if value is not None}
    return resend.api("POST", "/emails", json=body, headers={"Idempotency-Key": key})


def test_same_key_and_body_is_one_mail_and_another_body_is_refused(resend, store):
    first, again = send(resend), send(resend)
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    other = send(resend, subject="Other")
    assert (other.status_code, other.json()["name"]) == (409, "invalid_idempotent_request")
    assert len(store.all("resend_mail")) == 1
    store.advance(24 * 3600 + 1)
    assert send(resend, subject="Other").status_code == 200
    assert len(store.all("resend_mail")) == 2


def test_without_a_key_each_is_a_mail(resend, store):
    send(resend, key="")
    send(resend, key="")
    assert len(store.all("resend_mail")) == 2


@pytest.mark.parametrize(
    ("changes", "status", "name"),
    [
        ({"from": None}, 422, "missing_required_field"),
        ({"to": []}, 422, "missing_required_field"),
        ({"text": None, "html": None}, 422, "missing_required_field"),
        ({"to": ["ann"]}, 422, "validation_error"),
        ({"to": ["a@x.example"] * 51}, 422, "validation_error"),
        ({"reply_to": ["nobody"]}, 422, "validation_error"),
        ({"attachments": [{"content": "AA=="}]}, 422, "invalid_attachment"),
        ({"attachments": [{"filename": "x", "content": "%"}]}, 422, "invalid_attachment"),
    ],
)
def test_what_resend_does_not_take(resend, store, changes, status, name):
    answer = send(resend, **changes)
    assert (answer.status_code, answer.json()["name"]) == (status, name)
    assert store.all("resend_mail") == []


def test_sender_of_a_domain_that_is_not_verified_is_refused(resend, store):
    store.set_setting("resend.domains", ["other.example"])
    answer = send(resend)
    assert (answer.status_code, answer.json()["name"]) == (403, "validation_error")


def test_who_does_not_know_the_key_is_refused(resend):
    resend.token = "re_other"
    assert send(resend).json()["name"] == "invalid_api_key"
    resend.token = ""
    assert send(resend).status_code == 401


def test_faults_are_in_resends_words(resend, store):
    store.add_fault("resend.emails.send", status=429, retry_after=1)
    answer = send(resend)
    assert answer.json()["name"] == "rate_limit_exceeded"
    assert answer.headers["Retry-After"] == "1"


def test_events_are_signed_so_that_the_documented_check_accepts_them(resend, post):
    import hashlib
    import hmac

    mail = send(resend, to=["ann@bounce.example"], tags=[{"name": "mail", "value": "m1"}]).json()
    kinds = [json.loads(one.body)["type"] for one in post.sent]
    assert kinds == ["email.sent", "email.bounced"]
    bounced = post.sent[1]
    data = json.loads(bounced.body)["data"]
    assert (data["email_id"], data["tags"]) == (mail["id"], {"mail": "m1"})
    assert data["bounce"]["type"] == "Permanent"
    text = f"{bounced.headers['svix-id']}.{bounced.headers['svix-timestamp']}.".encode()
    key = secret_bytes(access.SIGNING_SECRET)
    mac = hmac.new(key, text + bounced.body, hashlib.sha256).digest()
    assert bounced.headers["svix-signature"] == f"v1,{base64.b64encode(mac).decode()}"


def test_sent_mail_is_read_back(resend):
    sent = send(resend).json()
    shown = resend.api("GET", f"/emails/{sent['id']}").json()
    assert (shown["subject"], shown["last_event"]) == ("Hello", "delivered")
    assert resend.api("GET", f"/emails/{uuid.uuid4()}").status_code == 404


def test_reader_gets_the_mail_whole(resend, web):
    send(resend)
    resend.base = BASE
    (line,) = resend.api("GET", "/control/resend/mails").json()["mails"]
    got = AnymailInboundMessage.parse_raw_mime_bytes(base64.b64decode(line["raw"]))
    assert (got.subject, got.text.strip(), got.html.strip()) == ("Hello", "Text", "<p>Text</p>")
    (file,) = [part for part in got.walk() if part.get_filename()]
    assert (file.get_content_type(), file.get_param("method")) == ("text/calendar", "REQUEST")
    assert file.get_payload(decode=True) == b"BEGIN:VCALENDAR\r\n"


def test_received_mail_is_told_and_read_in_two_steps(resend, post, store):
    raw = b"From: Ann <ann@x.example>\r\nTo: in@meridian.example\r\nSubject: Yes\r\n\r\nI come.\r\n"
    resend.base = BASE
    sent = {"raw": base64.b64encode(raw).decode(), "to": ["in@meridian.example"]}
    assert resend.api("POST", "/control/resend/inbound", json=sent).status_code == 201
    (told,) = post.sent
    event = json.loads(told.body)
    assert (told.address, event["type"]) == ("http://meridian.test/inbound", "email.received")
    resend.base = f"{BASE}/resend"
    shown = resend.api("GET", f"/emails/receiving/{event['data']['email_id']}").json()
    assert (shown["from"], shown["subject"]) == ("Ann <ann@x.example>", "Yes")
    url = shown["raw"]["download_url"]
    assert resend.get(url, timeout=5).content == raw
    assert resend.get(url.replace("mark=", "mark=0"), timeout=5).status_code == 403
    store.advance(3601)
    assert resend.get(url, timeout=5).status_code == 403
