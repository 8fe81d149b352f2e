"""The demo's people outside: what their mail programs write comes in by the stand-in of Resend."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from booking.enums import MailReason
from booking.models import IncomingMail, MeetingAnswer, OutsideInvitation
from booking.services.invite_addresses import make_address
from sandbox.demo import mailbox, outside
from sandbox.demo.outside_forms import InviteForm
from sandbox.server.push import Courier, Reply
from sandbox.server.resend.access import AUTHSERV_ID
from tests.booking.conftest import ANN, NINE, NOW, book, deliver_all
from tests.conftest import SANDBOX_URL

pytestmark = pytest.mark.django_db

TODAY = NOW.date()


@pytest.fixture(autouse=True)
def _mail_comes_in(sandbox, settings):
    settings.EMAIL_BACKEND = "common.mail_backends.ResendBackend"
    settings.SANDBOX_URL = SANDBOX_URL
    settings.INBOUND_DOMAIN, settings.INBOUND_AUTHSERV_ID = "inbound.example", AUTHSERV_ID
    sandbox.store.clock = timezone.now
    hook = f"http://testserver{reverse('booking:resend_inbound')}"
    sandbox.store.set_setting("resend.inbound", hook)

    def bring(delivery):
        headers = {name: value for name, value in delivery.headers.items() if name[:4] == "svix"}
        path = urlsplit(delivery.address).path
        done = Browser().post(path, delivery.body, content_type="application/json", headers=headers)
        return Reply(done.status_code)

    sandbox.store.courier = Courier(sandbox.store, bring)


def asked(address):
    """The invitation in the newest mail to somebody that has one to answer."""
    found = (outside.asked_in(one) for one in mailbox.all_mails() if one.to == address)
    return next(one for one in found if one is not None)


@pytest.mark.parametrize("said", ["ACCEPTED", "TENTATIVE", "DECLINED"])
def test_an_invitation_is_answered_as_a_calendar_does(link, said):
    meeting = book(link)
    deliver_all()
    outside.answer(asked(ANN.email), outside.Said(said), "Back at ten")
    deliver_all()
    answer = MeetingAnswer.objects.get()
    assert (answer.meeting_id, answer.email, answer.answer) == (meeting.pk, ANN.email, said.lower())
    assert answer.comment == "Back at ten"
    assert not IncomingMail.objects.filter(outcome="review").exists()


@pytest.mark.parametrize(
    ("said", "reason"), [("COUNTER", MailReason.COUNTER), ("FORGED", MailReason.WRONG_SENDER)]
)
def test_what_is_not_an_answer_waits_for_people(link, said, reason):
    book(link)
    deliver_all()
    outside.answer(asked(ANN.email), outside.Said(said), "")
    deliver_all()
    assert IncomingMail.objects.get(outcome="review").reason == reason
    assert not MeetingAnswer.objects.exists()


def test_a_mail_to_the_owner_has_nothing_to_answer_by_mail(link, owner):
    book(link)
    deliver_all()
    mails = [one for one in mailbox.all_mails() if one.to == owner.notice_email]
    assert [outside.asked_in(one) for one in mails] == [None]


def invite(owner, **said):
    """Fill in the form as it stands, and send it."""
    address = make_address(owner)
    form = InviteForm(today=TODAY)
    sent = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    assert [value for value, _ in form.fields["to"].choices] == [address]
    form = InviteForm({**sent, "to": address, **said}, today=TODAY)
    assert form.is_valid(), form.errors
    outside.invite(
        form.to_meeting(), form.cleaned_data["words"], is_forged=form.cleaned_data["is_forged"]
    )
    deliver_all()


def test_somebody_invites_moves_and_calls_off(owner, clock):
    invite(owner, title="Ledger", day="2026-11-19", time="09:00", words="Bring the books")
    found = OutsideInvitation.objects.get()
    assert (found.title, found.state, found.is_proven) == ("Ledger", "pending", True)
    assert (found.organizer_name, found.description) == ("Priya Nair", "Bring the books")
    # Nine in Dublin is an hour after nine in Berlin.
    assert (found.start_at - NINE).total_seconds() == 3600
    clock.shift(1)
    (known,) = outside.invited()
    outside.invite(outside.later(known), "")
    deliver_all()
    found.refresh_from_db()
    assert ((found.start_at - NINE).total_seconds(), found.sequence) == (7200, 1)
    clock.shift(1)
    (known,) = outside.invited()
    outside.invite(outside.called_off(known), "")
    deliver_all()
    found.refresh_from_db()
    assert found.state == "cancelled"
    (known,) = outside.invited()
    assert known == replace(known, method="CANCEL", sequence=2)


def test_a_forged_invitation_waits_for_people(owner, clock):
    invite(owner, is_forged="on")
    assert IncomingMail.objects.get().reason == MailReason.UNPROVEN
    assert not OutsideInvitation.objects.exists()


def test_nobody_can_be_invited_before_an_address_is_made(owner):
    assert InviteForm(today=TODAY).fields["to"].choices == []
