"""Mails about meetings that do not arrive: their owner sees it, hears of it once, and can act."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar as ICalendar

from booking.mail_troubles import troubles_of
from booking.owners import tables_for
from booking.services import changes
from booking.services.changes import Doer
from booking.services.stopping import has_stopped
from booking.services.undelivered import send_mail_again
from common.enums import MailState
from common.errors import Conflict, NotFound
from common.models import OutboxMessage, SentMail
from sandbox.server.push import Courier
from tests.booking.conftest import ANN, NOW, book, deliver_all, make_link
from tests.resend import Postman, tell

pytestmark = pytest.mark.django_db
LOST = replace(ANN, email="ann@bounce.example")


@pytest.fixture
def postman():
    return Postman()


@pytest.fixture
def resend(sandbox, settings, postman):
    settings.EMAIL_BACKEND = "common.mail_backends.ResendBackend"
    sandbox.store.clock = timezone.now
    sandbox.store.set_setting("resend.tracking", "http://testserver/anymail/resend/tracking/")
    sandbox.store.courier = Courier(sandbox.store, postman)
    return sandbox


@pytest.fixture
def browser(sign_in, alice):
    return sign_in(alice)


def taken(resend, to=""):
    found = [one["body"] for one in resend.store.all("resend_mail")]
    return [one for one in found if not to or one["to"] == [to]]


def fresh(meeting):
    return tables_for(meeting).meetings().get(pk=meeting.pk)


def standing(meeting):
    return troubles_of(meeting.workspace_id, [meeting.pk])[meeting.pk]


def page_of(browser, meeting):
    return browser.get(reverse("booking:meeting_detail", args=[meeting.pk])).text


def press(browser, meeting, mail, what):
    address = reverse("booking:meeting_mail", args=[meeting.pk])
    return browser.post(address, {"mail": str(mail.pk), "do": what}, follow=True)


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


def test_spam_report_is_told_and_ends_reminders(resend, link, owner, clock):
    meeting = book(link, booker=replace(ANN, email="ann@complain.example"))
    deliver_all()
    (_notice, told) = taken(resend, owner.notice_email)
    assert "was marked as spam" in told["text"]
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


def test_address_that_is_refused_ends_there_and_keeps_nobody_else_waiting(
    resend, link, owner, clock, browser
):
    resend.fault("resend.emails.send", status=422)  # the first is the booker's
    meeting = book(link)
    deliver_all()
    assert taken(resend, ANN.email) == []
    assert fresh(meeting).confirmation_sent_at is None
    assert fresh(meeting).notice_sent_at is not None
    assert "The confirmation to ann@tallship.example was refused." in page_of(browser, meeting)
    assert taken(resend, owner.notice_email)[1]["subject"].startswith("Not delivered")
    assert not OutboxMessage.objects.exclude(state="sent").exists()


def test_refused_reader_is_not_tried_with_every_try_for_another(resend, link, owner, clock):
    resend.fault("resend.emails.send", status=422)
    resend.fault("resend.emails.send", status=503, count=3, skip=0)
    book(link)
    deliver_all()
    tried = len(resend.calls("resend.emails.send"))
    for _ in range(4):
        clock.shift(timedelta(hours=1))
        deliver_all()
    assert len(taken(resend, owner.notice_email)) == 2
    assert taken(resend, ANN.email) == []
    # Three in vain and the notice itself, and the mail about the confirmation.
    assert len(resend.calls("resend.emails.send")) - tried <= 5


def test_sending_again_tells_all_of_it_with_the_file(resend, link, clock, browser):
    resend.fault("resend.emails.send", status=422)
    meeting = book(link)
    deliver_all()
    (mail,) = standing(meeting)
    answer = press(browser, meeting, mail, "again")
    assert "It is sent again." in answer.text
    deliver_all()
    (got,) = taken(resend, ANN.email)
    assert got["attachments"][0]["filename"] == "invite.ics"
    assert standing(meeting) == []
    assert fresh(meeting).confirmation_sent_at is not None
    assert "was refused" not in page_of(browser, meeting)


def test_sending_again_what_came_back_is_another_mail_of_the_same_event(resend, link, clock):
    meeting = book(link, booker=LOST)
    deliver_all()
    (mail,) = standing(meeting)
    send_mail_again(meeting=fresh(meeting), mail_id=mail.pk, now=NOW)
    with pytest.raises(NotFound):  # pressed twice
        send_mail_again(meeting=fresh(meeting), mail_id=mail.pk, now=NOW)
    deliver_all()
    first, again = taken(resend, LOST.email)
    assert first["headers"]["Message-ID"] != again["headers"]["Message-ID"]
    uids = set()
    for one in (first, again):
        calendar = ICalendar.from_ical(base64.b64decode(one["attachments"][0]["content"]))
        (event,) = calendar.walk("VEVENT")
        uids.add((str(event["UID"]), event["SEQUENCE"]))
    assert len(uids) == 1
    (later,) = standing(meeting)  # it came back again, and is shown again
    assert later.pk != mail.pk


def test_sending_a_cancellation_again_says_that_it_is_off(resend, link, clock, alice):
    meeting = book(link)
    deliver_all()
    resend.fault("resend.emails.send", status=422)
    cancel(meeting)
    deliver_all()
    (mail,) = [one for one in standing(meeting) if one.recipient == ANN.email]
    send_mail_again(meeting=fresh(meeting), mail_id=mail.pk, now=NOW)
    deliver_all()
    got = taken(resend, ANN.email)[-1]
    assert got["subject"].startswith("Cancelled")
    assert 'method="CANCEL"' in got["attachments"][0]["content_type"]


def cancel(meeting):
    from audit.actors import task_actor
    from booking.enums import Party

    doer = Doer(Party.OWNER, task_actor("test"), "Alice")
    changes.cancel_meeting(meeting=fresh(meeting), doer=doer, now=NOW)


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


def test_meeting_that_is_over_is_not_mailed_about(resend, link, clock, browser):
    meeting = book(link, booker=LOST)
    deliver_all()
    (mail,) = standing(meeting)
    clock.shift(timedelta(days=3))
    with pytest.raises(Conflict):
        send_mail_again(meeting=fresh(meeting), mail_id=mail.pk, now=timezone.now())
    assert "Send again" not in page_of(browser, meeting)


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


def test_earlier_version_that_was_taken_is_completed_by_its_link(
    resend, client_owner, connect, clock, postman
):
    """The answer to the first try was lost; when the second was made, the join link was there."""
    connect(client_owner, "google")
    postman.held = True
    resend.fault("resend.emails.send", lost=True)
    resend.store.set_setting("meet", {"mode": "pending", "reads": 1000})
    meeting = book(make_link(client_owner, conference="meet"))
    while not taken(resend):
        deliver_all()
        clock.shift(timedelta(seconds=10))
    assert fresh(meeting).confirmation_sent_at is None
    for record in resend.store.all("event"):
        record["meet"]["reads"] = 0
        resend.store.put("event", record["key"], record)
    for _ in range(9):
        clock.shift(timedelta(seconds=20))
        deliver_all()
    mails = taken(resend, ANN.email)
    link = fresh(meeting).conference_url
    assert link
    assert [link in mail["text"] for mail in mails] == [False, True]
    keys = [one["key"] for one in resend.store.all("resend_mail")]
    assert len(set(keys)) == len(keys)


def test_api_says_that_a_mail_was_refused(resend, link, clock, browser):
    meeting = book(link)
    resend.fault("resend.emails.send", status=422)
    named = {tables_for(meeting).id_field: str(meeting.pk)}

    def call(what):
        return browser.post(f"/api/v1/booking/{what}", named, content_type="application/json")

    call("calendar-events")
    answer = call("notifications")
    assert answer.status_code == 409
    assert answer.json()["code"] == "mail_refused"
    assert "Resend refused the mail" in answer.json()["message"]


def test_life_of_a_meeting_with_every_first_answer_lost_is_each_mail_once(
    resend, link, owner, clock, postman
):
    """What is made anew bears other moments: the repeats must still equal the first tries."""
    postman.held = True
    meeting = book(link)
    for step in (None, move, cancel):
        if step is not None:
            step(meeting)
        resend.fault("resend.emails.send", lost=True, count=2)  # one to each reader
        for _turn in range(4):
            deliver_all()
            clock.shift(timedelta(seconds=47))
    answers = [call["status"] for call in resend.calls("resend.emails.send")]
    assert set(answers) == {200}
    kept = resend.store.all("resend_mail")
    assert len({one["key"] for one in kept}) == len(kept) == len(answers) - 6 == 6
    assert len(taken(resend, ANN.email)) == 3
    assert not OutboxMessage.objects.filter(kind="booking.notification").exclude(state="sent")
    assert set(SentMail.objects.values_list("state", flat=True)) == {"sent"}


def move(meeting):
    from audit.actors import task_actor
    from booking.enums import Party

    doer = Doer(Party.OWNER, task_actor("test"), "Alice")
    later = fresh(meeting).start_at + timedelta(hours=1)
    changes.move_meeting(meeting=fresh(meeting), start=later, doer=doer, now=timezone.now())
