"""The demo's mailbox: what Resend's stand-in took, as its reader gets it."""

from __future__ import annotations

import uuid

import pytest

from common import mail
from common.errors import UpstreamUnavailable
from sandbox.demo import mailbox
from tests.common.test_mail_smtp import ICS, letter
from tests.conftest import SANDBOX_URL

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(sandbox, settings):
    settings.EMAIL_BACKEND = "common.mail_backends.ResendBackend"
    settings.SANDBOX_URL = SANDBOX_URL

    def send(to, subject="Hello"):
        message = letter(to=to, subject=subject)
        return mail.send(message, kind="test.mail", key=f"{to}{subject}", workspace_id=None)

    return send


def test_mail_is_shown_whole(sent):
    row = sent("ann@tallship.example", "Grüße, “Zoë”")
    (shown,) = mailbox.all_mails()
    assert shown.key == row.remote_id
    assert (shown.to, shown.subject) == ("ann@tallship.example", "Grüße, “Zoë”")
    assert shown.sender == "us@meridian.example"
    assert (shown.text.strip(), shown.html.strip()) == ("Text", "<p>Text</p>")
    (file,) = shown.attachments
    assert (file.name, file.content) == ("invite.ics", ICS.encode())
    assert 'method="REQUEST"' in file.content_type
    assert mailbox.mail_of(row.remote_id).text == shown.text


def test_trouble_is_said_and_the_newest_comes_first(sent):
    sent("ann@tallship.example")
    sent("ben@bounce.example")
    newest, oldest = mailbox.all_mails()
    assert (newest.to, newest.trouble) == ("ben@bounce.example", "came back")
    assert oldest.trouble == ""


def test_there_is_no_other_mail(sent):
    assert mailbox.mail_of(str(uuid.uuid4())) is None
    assert mailbox.all_mails() == []


def test_sandbox_that_is_down_is_said(sent, sandbox):
    from common import http

    class Dead:
        def send(self, *args, **kwargs):
            raise ConnectionError

        def close(self):
            pass

    http.mount(f"{SANDBOX_URL}/", Dead())
    with pytest.raises(UpstreamUnavailable):
        mailbox.all_mails()
