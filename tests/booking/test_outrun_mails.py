"""A mail whose try ended without an answer, and that something newer has overtaken meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail

from booking.services import changes
from common import mail as our_mail
from common.enums import MailState, OutboxState
from common.models import SentMail
from tests.booking import flaky_mail
from tests.booking.conftest import NOW, book, deliver_all, deliveries
from tests.booking.test_changes import GUEST, TEN

pytestmark = pytest.mark.django_db


@pytest.fixture
def unheard(link, owner, settings):
    """A meeting of which the booker knows; the mail server hung up on the owner's mail."""
    settings.EMAIL_BACKEND = "tests.booking.flaky_mail.Backend"
    flaky_mail.refuse = [owner.notice_email]
    meeting = book(link)
    deliver_all()
    flaky_mail.refuse = []
    (row,) = SentMail.objects.filter(recipient=owner.notice_email)
    assert row.state == MailState.SENDING
    return meeting


def states(reader):
    rows = SentMail.objects.filter(recipient=reader).order_by("created_at")
    return list(rows.values_list("state", flat=True))


def test_a_mail_that_a_later_one_overtook_is_said_to_be_needed_no_more(unheard, owner, clock):
    changes.move_meeting(meeting=unheard, start=TEN, doer=GUEST, now=NOW)
    clock.shift(timedelta(minutes=5))
    deliver_all()
    assert [one.to for one in mail.outbox if one.to == [owner.notice_email]] == [
        [owner.notice_email]
    ]
    assert states(owner.notice_email) == [MailState.OUTRUN, MailState.SENT]
    assert {one.state for one in deliveries()} == {OutboxState.SENT}


def test_a_mail_that_nobody_needs_any_more_is_said_to_be_so(unheard, owner, clock):
    changes.cancel_meeting(meeting=unheard, doer=GUEST, now=NOW)
    flaky_mail.refuse = []
    clock.shift(timedelta(minutes=5))
    deliver_all()
    assert MailState.SENDING not in states(owner.notice_email)
    assert MailState.OUTRUN in states(owner.notice_email)


def test_the_same_mail_sent_after_all_is_sent(unheard, owner, clock):
    row = SentMail.objects.get(recipient=owner.notice_email)
    our_mail.note_outrun(
        (row.about_kind, row.about_id), kinds=[row.kind], recipients=[row.recipient]
    )
    clock.shift(timedelta(minutes=5))
    deliver_all()
    assert states(owner.notice_email) == [MailState.SENT]


def test_mails_of_others_and_of_other_kinds_are_left(unheard, owner):
    row = SentMail.objects.get(recipient=owner.notice_email)
    about = (row.about_kind, row.about_id)
    our_mail.note_outrun(about, kinds=["booking.reminder"], recipients=[row.recipient])
    our_mail.note_outrun(about, kinds=[row.kind], recipients=["ann@tallship.example"])
    assert states(owner.notice_email) == [MailState.SENDING]
    assert states("ann@tallship.example") == [MailState.SENT]


def test_what_nobody_tries_any_more_is_noted_within_days(unheard, owner):
    our_mail.forget_old(NOW + timedelta(days=3))
    assert states(owner.notice_email) == [MailState.SENDING]
    our_mail.forget_old(NOW + timedelta(days=8))
    assert states(owner.notice_email) == [MailState.OUTRUN]
    assert states("ann@tallship.example") == [MailState.SENT]
