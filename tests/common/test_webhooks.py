"""The address that hears of mails: what is not signed, old, huge or unreadable changes nothing."""

from __future__ import annotations

import base64
import json
import time

import pytest

from common.models import SeenEvent, SentMail
from sandbox.server.resend.access import SIGNING_SECRET
from tests.resend import TRACKING, event, post, tell

pytestmark = pytest.mark.django_db
OTHER = "whsec_" + base64.b64encode(b"another secret of ours").decode()


@pytest.fixture(autouse=True)
def secret(settings):
    settings.RESEND_SIGNING_SECRET = SIGNING_SECRET


@pytest.fixture
def mail():
    return SentMail.objects.create(
        kind="test.mail",
        recipient="ann@x.example",
        key_digest="k",
        message_id="k@meridian.example",
        remote_id="re-1",
        state="sent",
    )


def state(mail):
    mail.refresh_from_db()
    return mail.state


def test_signed_event_is_taken(mail):
    assert tell("email.delivered", email_id="re-1").status_code == 204
    assert state(mail) == "delivered"


def test_event_signed_with_the_other_of_two_secrets_is_taken(mail, settings):
    settings.RESEND_SIGNING_SECRET = f"{OTHER},{SIGNING_SECRET}"
    assert tell("email.delivered", email_id="re-1").status_code == 204
    assert tell("email.bounced", email_id="re-1", secret=OTHER).status_code == 204
    assert state(mail) == "bounced"


def test_several_signatures_may_be_offered(mail):
    body, headers = event("email.delivered", email_id="re-1")
    headers["svix-signature"] = f"v1,bm90aGluZw== {headers['svix-signature']} v2,abc"
    assert post(body, headers).status_code == 204
    assert state(mail) == "delivered"


def forged(body, headers):
    return body.replace(b"bounced", b"delivered"), headers


def of_another_secret(body, headers):
    return event("email.bounced", email_id="re-1", secret=OTHER)


def changed(name, value):
    def change(body, headers):
        headers = {**headers, name: value}
        return body, {k: v for k, v in headers.items() if v is not None}

    return change


def at(shift):
    def change(body, headers):
        return event("email.bounced", email_id="re-1", at=int(time.time()) + shift)

    return change


@pytest.mark.parametrize(
    "change",
    [
        forged,
        of_another_secret,
        changed("svix-signature", None),
        changed("svix-signature", ""),
        changed("svix-signature", "v1,"),
        changed("svix-signature", "v1,%%%"),
        changed("svix-signature", "é" * 20),
        changed("svix-id", None),
        changed("svix-id", "msg_other"),
        changed("svix-id", "m" * 200),
        changed("svix-timestamp", None),
        changed("svix-timestamp", "soon"),
        changed("svix-timestamp", "-1"),
        changed("svix-timestamp", "1" * 30),
        changed("svix-timestamp", "9" * 12),
        changed("svix-timestamp", "٣"),
        at(-301),
        at(+301),
    ],
)
def test_what_is_not_signed_now_is_refused(mail, change, time_machine):
    time_machine.move_to(time.time(), tick=False)
    body, headers = change(*event("email.bounced", email_id="re-1"))
    answer = post(body, headers)
    assert answer.status_code == 401
    assert state(mail) == "sent"
    assert not SeenEvent.objects.exists()


@pytest.mark.parametrize("unset", ["", " ", ",", "whsec_", "whsec_%%%", "whsec_c2hvcnQ="])
def test_without_a_usable_secret_there_is_no_such_address(mail, settings, unset):
    """An empty key would let everybody sign."""
    settings.RESEND_SIGNING_SECRET = unset
    for secret in (SIGNING_SECRET, "whsec_"):
        assert tell("email.bounced", email_id="re-1", secret=secret).status_code == 404
    assert state(mail) == "sent"


def test_replay_changes_nothing(mail):
    body, headers = event("email.delivered", email_id="re-1")
    assert post(body, headers).status_code == 204
    SentMail.objects.update(state="sent")
    assert post(body, headers).status_code == 204
    assert state(mail) == "sent"
    assert SeenEvent.objects.count() == 1


def test_huge_event_is_not_read(mail):
    body, headers = event("email.bounced", email_id="re-1", words="x" * 300_000)
    assert post(body, headers).status_code == 413
    assert state(mail) == "sent"


def test_event_of_unknown_length_is_not_read(mail):
    body, headers = event("email.bounced", email_id="re-1")
    assert post(body, headers, CONTENT_LENGTH="").status_code == 413


@pytest.mark.parametrize(
    "body",
    [b" ", b"[]", b"null", b"{", b'{"type": 1, "data": {}}', b'{"type": "x", "data": []}', b"\xff"],
)
def test_signed_nonsense_is_no_error_of_ours(mail, body):
    from sandbox.server.resend import events

    headers = events.signed(body, secret=SIGNING_SECRET, at=int(time.time()))
    assert post(body, headers).status_code == 400
    assert state(mail) == "sent"


@pytest.mark.parametrize("odd", ["re-\ud800", "\udfff", "\x00", "re-\x00"])
def test_ids_that_no_database_keeps_name_no_mail(mail, odd):
    """JSON can spell half of a surrogate pair; a mail is still found by our own id."""
    assert tell("email.bounced", email_id=odd).status_code == 204
    assert state(mail) == "sent"
    tags = {"mail": str(mail.pk)}
    assert tell("email.bounced", email_id=odd, tags=tags).status_code == 204
    assert state(mail) == "bounced"


@pytest.mark.parametrize(
    "created",
    [
        None,
        7,
        "soon",
        "2099-01-01T00:00:00Z",
        "2026-11-21 12:00",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
    ],
)
def test_any_moment_of_the_event_will_do(mail, created):
    from django.utils import timezone

    from sandbox.server.resend import events

    told = {"type": "email.bounced", "created_at": created, "data": {"email_id": "re-1"}}
    body = json.dumps(told).encode()
    headers = events.signed(body, secret=SIGNING_SECRET, at=int(time.time()))
    expected = 400 if created == "soon" else 204
    assert post(body, headers).status_code == expected
    mail.refresh_from_db()
    assert mail.state_at <= timezone.now()


def test_only_post(client):
    assert client.get(TRACKING).status_code == 405
