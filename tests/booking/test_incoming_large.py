"""Mails that are too large to be read: refused at once, and shown to whom they were for."""

from __future__ import annotations

import pytest
import responses

from booking import inbound
from booking.enums import MailOutcome, MailReason
from booking.models import IncomingMail, MeetingAnswer
from common.enums import OutboxState
from tests.booking.replies.conftest import ANN, HERE, booked
from tests.booking.test_incoming_ways import API, SECRET, describe, fetch
from tests.feeds import feed_server

pytestmark = pytest.mark.django_db

TOO_LONG = b"x" * (11 * 1024 * 1024)


@pytest.fixture(autouse=True)
def _mail_comes_in(settings):
    settings.INBOUND_DOMAIN = HERE
    settings.RESEND_INBOUND_SECRET, settings.RESEND_API_KEY = SECRET, "re_key"
    settings.RESEND_API_URL = API


@pytest.fixture
def meeting(client_link):
    return booked(client_link)


@pytest.fixture
def resend():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mocked:
        yield mocked


@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_one_that_is_too_large_is_refused_at_once_and_shown(client, meeting, resend, is_elsewhere):
    """It was asked for again for days, and only operators saw it."""
    to = inbound.reply_address(meeting.pk)
    said = {"from": "Ann Other <ann@tallship.example>", "subject": "=?utf-8?q?Pl=C3=A4ne?="}
    resend.get(f"{API}/raw/e-1", body=TOO_LONG)
    with feed_server() as server:
        url = server.serve(TOO_LONG) if is_elsewhere else f"{API}/raw/e-1"
        describe(resend, url, [to], **said, message_id="<m9@tallship.example>")
        row = fetch(client)
    assert (row.state, row.last_error) == (OutboxState.SENT, "")
    (shown,) = IncomingMail.objects.all()
    assert (shown.outcome, shown.reason) == (MailOutcome.REVIEW, MailReason.TOO_LARGE)
    assert (shown.sender, shown.subject, shown.comment) == (ANN, "Pläne", "")
    assert (shown.meeting_id, shown.owner_id) == (meeting.pk, meeting.link.client_id)
    assert (shown.message_id, shown.method) == ("<m9@tallship.example>", "")
    assert not MeetingAnswer.objects.exists()


def test_one_of_which_too_much_is_said_is_for_operators(client, meeting, resend):
    resend.get(f"{API}/emails/receiving/e-1", body=b'"' + b"x" * (17 * 1024 * 1024) + b'"')
    assert fetch(client).state == OutboxState.SENT
    (shown,) = IncomingMail.objects.all()
    assert (shown.workspace_id, shown.reason) == (None, MailReason.TOO_LARGE)


def test_what_is_said_of_one_that_is_too_large_need_not_make_sense(client, meeting, resend):
    to = inbound.reply_address(meeting.pk)
    said = {"from": ["a"], "subject": None, "message_id": {"x": 1}, "cc": "y"}
    describe(resend, f"{API}/raw/e-1", [to, 7], **said)
    resend.get(f"{API}/raw/e-1", body=TOO_LONG)
    assert fetch(client).state == OutboxState.SENT
    (shown,) = IncomingMail.objects.all()
    assert (shown.sender, shown.subject, shown.message_id) == ("", "", "")
