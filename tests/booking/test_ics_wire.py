"""What reaches a mail server, and Resend's API, of a meeting's life: the methods are equal."""

from __future__ import annotations

import base64
from datetime import timedelta
from email.message import EmailMessage

import pytest
from django.utils import timezone

from booking.services import changes
from tests.booking.conftest import ANN, book, deliver_all, make_link
from tests.booking.ics_reading import READERS
from tests.booking.test_changes import GUEST, STAFF
from tests.mail_server import mail_server

# A frozen clock would stop the mail server's as well.
pytestmark = pytest.mark.django_db


@pytest.fixture
def smtp(settings):
    """What a mail server took: (to whom, the method that the part names, its content)."""

    def taken():
        for got in server.received:
            parts = list(got.mail.walk())
            for part in parts:
                if part.get_content_type() == "text/calendar":
                    copies = [one for one in parts if one.get_content_type() == "application/ics"]
                    content = part.get_payload(decode=True)
                    assert [one.get_payload(decode=True) for one in copies] == [content]
                    yield got.recipients[0], part.get_param("method"), content

    with mail_server() as server:
        settings.EMAIL_BACKEND = "common.mail_backends.SmtpBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield taken


@pytest.fixture
def resend(sandbox, settings):
    """The same of Resend's stand-in."""
    settings.EMAIL_BACKEND = "common.mail_backends.ResendBackend"

    def taken():
        for got in sandbox.store.all("resend_mail"):
            for file in got["body"].get("attachments", []):
                head = EmailMessage()
                head["Content-Type"] = file["content_type"]
                assert head.get_content_type() == "text/calendar"
                content = base64.b64decode(file["content"])
                yield got["body"]["to"][0], head.get_param("method"), content

    return taken


@pytest.mark.parametrize("transport", ["smtp", "resend"])
def test_a_life_arrives_with_equal_methods_and_rising_sequences(transport, request, client_owner):
    taken = request.getfixturevalue(transport)
    now = timezone.now()
    monday = now + timedelta(days=14 - now.weekday())
    start = monday.replace(hour=10, minute=0, second=0, microsecond=0)
    meeting = book(make_link(client_owner), booker=ANN, start=start)
    deliver_all()
    for hours in (1, 2):
        meeting = changes.move_meeting(
            meeting=meeting,
            start=start + timedelta(hours=hours),
            doer=GUEST,
            now=timezone.now(),
        )
        deliver_all()
    changes.cancel_meeting(meeting=meeting, doer=STAFF, now=timezone.now())
    deliver_all()
    for address in (ANN.email, client_owner.notice_email):
        mine = [(method, content) for to, method, content in taken() if to == address]
        for read in READERS.values():
            files = [read(content) for _method, content in mine]
            assert [one.method for one in files] == [method for method, _content in mine]
            assert [(one.method, one.sequence) for one in files] == [
                ("REQUEST", 0),
                ("REQUEST", 1),
                ("REQUEST", 2),
                ("CANCEL", 3),
            ]
            assert {one.uid for one in files} == {meeting.uid}
