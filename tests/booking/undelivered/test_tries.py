"""Mails that are refused, and answers that were lost: each mail once, and nobody kept waiting."""

from __future__ import annotations

from datetime import timedelta

import pytest

from booking.owners import tables_for
from common.models import OutboxMessage, SentMail
from tests.booking.conftest import ANN, book, deliver_all, make_link
from tests.booking.undelivered.conftest import cancel, fresh, move, page_of, taken

pytestmark = pytest.mark.django_db


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
