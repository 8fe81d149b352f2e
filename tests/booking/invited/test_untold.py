"""Answers that do not reach the organiser: whoever answered is told so, until one does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audit.actors import task_actor
from booking.enums import Answer
from booking.models import OutsideInvitation
from booking.services.invite_addresses import make_address
from booking.services.mail_log import Fate
from common import outbox
from common.enums import MailState
from common.mail import tell_trouble
from common.models import OutboxMessage, SentMail
from tests.booking.conftest import deliver_all
from tests.booking.invited.conftest import answer, inviting, only, replies, sent
from tests.mail_server import mail_server

pytestmark = pytest.mark.django_db


def test_an_organiser_who_cannot_be_told_is_said(user_owner, actor, clock):
    """At a mailbox that no mail from here can be addressed to."""
    address = make_address(user_owner)
    org = "org@intranet"
    sent(address, inviting(address, ORGANIZER=f"mailto:{org}"), from_=org)
    answer(user_owner, actor)
    deliver_all()
    assert only().note.startswith("The organiser could not be told of the answer.")
    assert answer(user_owner, actor).note == ""
    deliver_all()
    assert only().note.startswith("The organiser could not be told of the answer.")


def test_an_answer_that_came_back_is_said(user_owner, actor, clock):
    address = make_address(user_owner)
    sent(address, inviting(address))
    for said in (Answer.ACCEPTED, Answer.DECLINED):
        answer(user_owner, actor, said)
        deliver_all()
        clock.shift(timedelta(minutes=1))
    earlier, latest = SentMail.objects.filter(kind="booking.invitation_answer").order_by("begun_at")
    for one, note in (
        (earlier, ""),
        (latest, "could not be told of the answer. The mail came back"),
    ):
        SentMail.objects.filter(pk=one.pk).update(state=MailState.BOUNCED)
        one.refresh_from_db()
        tell_trouble(one)
        deliver_all()
        assert note in only().note
        assert bool(note) == bool(only().note)
    answer(user_owner, actor, Answer.DECLINED)
    deliver_all()
    assert (only().note, len(replies())) == ("", 3)


def test_an_answer_that_cannot_be_mailed_is_told_until_it_was(
    owner, address, google, settings, clock
):
    """Its organiser's mailbox refuses it: whoever answered has to know, and may answer again."""
    assert sent(address, inviting(address)) is Fate.DONE
    deliver_all()
    locmem = settings.EMAIL_BACKEND
    with mail_server() as server:
        settings.EMAIL_BACKEND = "common.mail_backends.SmtpBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        server.says["RCPT"] = ["550 5.1.1 unknown"]
        answer(owner, task_actor("test"))
        deliver_all()
    assert only().note.startswith("The organiser could not be told of the answer. The mail server")
    settings.EMAIL_BACKEND = locmem
    answer(owner, task_actor("test"))
    deliver_all()
    assert only().note == ""
    assert len(replies()) == 1
    # Sent again from "Not sent", too, what was noted ends.
    OutsideInvitation.objects.update(note="It is not in the calendar as answered. Google is away.")
    row = OutboxMessage.objects.filter(about_id=only().pk, payload__step="event").last()
    OutboxMessage.objects.filter(pk=row.pk).update(state="failed")
    outbox.send_again(row)
    deliver_all()
    assert only().note == ""
