"""Mails about meetings that do not arrive: their owner sees it, and hears of it once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from booking.services.stopping import has_stopped
from common.enums import MailState
from common.models import SentMail
from tests.booking.conftest import ANN, book, deliver_all, make_link
from tests.booking.undelivered.conftest import LOST, page_of, press, standing, taken
from tests.resend import tell

pytestmark = pytest.mark.django_db


def test_confirmation_that_came_back_is_shown_and_mailed_to_the_owner_once(
    resend, link, owner, clock, browser, postman
):
    postman.held = True
    meeting = book(link, booker=LOST)
    deliver_all()
    waiting = list(postman.waiting)
    postman.bring_all(backwards=True)
    for delivery in waiting:
        postman.bring(delivery)
    deliver_all()
    (mail,) = standing(meeting)
    assert (mail.state, mail.kind) == (MailState.BOUNCED, "booking.confirmation")
    _notice, told = taken(resend, owner.notice_email)
    assert told["subject"].startswith("Not delivered: mail to Ann Other")
    for text in (told["text"], told["html"]):
        assert "The confirmation to ann@bounce.example came back." in text
        assert "no such mailbox" in text
        assert "The meeting stands." in text
    assert told.get("attachments") is None
    page = page_of(browser, meeting)
    assert "The confirmation to ann@bounce.example came back." in page
    assert "no such mailbox" in page
    listed = browser.get(reverse("booking:meetings"), {"period": "needs"}).text
    assert "Not delivered" in listed
    assert "Ann Other" in listed


def test_second_mail_that_comes_back_is_shown_and_not_mailed(resend, link, owner, clock):
    meeting = book(link, booker=LOST)
    deliver_all()
    clock.shift(timedelta(seconds=1))
    before = len(taken(resend, owner.notice_email))
    SentMail.objects.create(
        kind="booking.reminder",
        workspace_id=meeting.workspace_id,
        about_kind="meeting",
        about_id=meeting.pk,
        recipient=LOST.email,
        key_digest="reminder",
        message_id="reminder@meridian.example",
        remote_id="re-reminder",
        state="sent",
        problem_kind="booking.mail_trouble",
    )
    assert tell("email.bounced", email_id="re-reminder").status_code == 204
    deliver_all()
    assert len(taken(resend, owner.notice_email)) == before
    (mail,) = standing(meeting)
    assert mail.kind == "booking.reminder"


def test_notice_to_the_owner_that_comes_back_is_shown_and_never_mailed(
    resend, client_link, northgate, clock, browser
):
    northgate.primary_contact_email = "desk@bounce.example"
    northgate.save()
    meeting = book(client_link)
    deliver_all()
    assert [mail["to"] for mail in taken(resend)] == [[ANN.email], ["desk@bounce.example"]]
    page = page_of(browser, meeting)
    assert "The notice of the booking to desk@bounce.example came back." in page
    assert "Not to everybody" in page


def test_mail_about_a_mail_is_followed_by_none(resend, client_link, northgate, clock):
    northgate.primary_contact_email = "desk@bounce.example"
    northgate.save()
    meeting = book(client_link, booker=LOST)
    deliver_all(rounds=12)
    kinds = sorted(SentMail.objects.values_list("kind", flat=True))
    assert kinds == ["booking.confirmation", "booking.notice", "booking.undelivered"]
    assert {mail.recipient for mail in standing(meeting)} == {LOST.email, "desk@bounce.example"}


def test_spam_report_is_told_and_ends_reminders(resend, link, owner, clock, browser):
    meeting = book(link, booker=replace(ANN, email="ann@complain.example"))
    deliver_all()
    (_notice, told) = taken(resend, owner.notice_email)
    assert told["subject"] == "Marked as spam: mail to Ann Other about Intro call"
    assert told["from"] == "Meridian <bookings@meridian.example>"
    assert "was marked as spam. Later mails may not be seen." in told["text"]
    assert "reminders and follow-ups are sent there no more" in told["text"]
    listed = browser.get(reverse("booking:meetings"), {"period": "needs"}).text
    assert ("Marked as spam" in listed, "Not delivered" in listed) == (True, False)
    assert has_stopped(meeting.workspace_id, "ann@complain.example")
    assert not has_stopped(meeting.workspace_id, ANN.email)


def test_delay_is_shown_at_once_and_mailed_when_it_lasts(resend, link, owner, clock, browser):
    meeting = book(link, booker=replace(ANN, email="ann@delayed.example"))
    deliver_all()
    assert "is late" in page_of(browser, meeting)
    assert len(taken(resend, owner.notice_email)) == 1
    clock.shift(timedelta(minutes=59))
    deliver_all()
    assert len(taken(resend, owner.notice_email)) == 1
    clock.shift(timedelta(minutes=2))
    deliver_all()
    assert taken(resend, owner.notice_email)[1]["subject"].startswith("Late: mail to Ann Other")


def test_delay_that_ends_is_told_by_nobody(resend, link, owner, clock, browser):
    meeting = book(link, booker=replace(ANN, email="ann@delayed.example"))
    deliver_all()
    mail = standing(meeting)[0]
    tell("email.delivered", email_id=mail.remote_id, at=int(timezone.now().timestamp()))
    clock.shift(timedelta(hours=2))
    deliver_all()
    assert len(taken(resend, owner.notice_email)) == 1
    assert "is late" not in page_of(browser, meeting)


def test_trouble_that_is_seen_is_shown_no_more(resend, link, clock, browser):
    meeting = book(link, booker=LOST)
    deliver_all()
    (mail,) = standing(meeting)
    assert "It is shown no more." in press(browser, meeting, mail, "seen").text
    assert "came back" not in page_of(browser, meeting)
    listed = browser.get(reverse("booking:meetings"), {"period": "needs"}).text
    assert "Nothing needs you" in listed
    mail.refresh_from_db()
    assert mail.state == MailState.BOUNCED


@pytest.mark.parametrize("given", ["", "x", "5f5cbd0c-0000-4000-8000-000000000000"])
def test_mail_that_is_none_of_this_meeting_changes_nothing(resend, link, clock, browser, given):
    meeting = book(link, booker=LOST)
    deliver_all()
    address = reverse("booking:meeting_mail", args=[meeting.pk])
    answer = browser.post(address, {"mail": given, "do": "seen"})
    assert answer.status_code in {302, 404}
    assert len(standing(meeting)) == 1


def test_mail_of_another_meeting_cannot_be_named(resend, owner, clock, browser):
    first = make_link(owner)
    one = book(first, booker=LOST)
    other = book(first, booker=ANN, start=one.start_at + timedelta(hours=1))
    deliver_all()
    (mail,) = standing(one)
    press(browser, other, mail, "seen")
    assert len(standing(one)) == 1


def test_colleague_who_does_not_see_the_meeting_cannot_act(resend, user_link, clock, sign_in, bob):
    meeting = book(user_link, booker=LOST)
    deliver_all()
    (mail,) = standing(meeting)
    address = reverse("booking:meeting_mail", args=[meeting.pk])
    assert sign_in(bob).post(address, {"mail": str(mail.pk), "do": "seen"}).status_code == 404
    assert len(standing(meeting)) == 1
