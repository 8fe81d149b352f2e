"""Sending again what did not arrive: all of it, of the same event, and while it is of use."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from django.utils import timezone
from icalendar import Calendar as ICalendar

from booking.services.undelivered import send_mail_again
from common.errors import Conflict, NotFound
from common.models import OutboxMessage
from tests.booking.conftest import ANN, NOW, book, deliver_all
from tests.booking.undelivered.conftest import LOST, cancel, fresh, page_of, press, standing, taken

pytestmark = pytest.mark.django_db


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


def test_meeting_that_is_over_is_not_mailed_about(resend, link, clock, browser):
    meeting = book(link, booker=LOST)
    deliver_all()
    (mail,) = standing(meeting)
    clock.shift(timedelta(days=3))
    with pytest.raises(Conflict):
        send_mail_again(meeting=fresh(meeting), mail_id=mail.pk, now=timezone.now())
    assert "Send again" not in page_of(browser, meeting)


def test_what_is_sent_again_and_fails_is_shown_to_the_members_who_see_the_meeting(
    resend, user_link, clock, sign_in, alice, bob
):
    """Whose meeting it is pressed "Send again": what became of that is theirs to know."""
    resend.fault("resend.emails.send", status=422)
    meeting = book(user_link)
    deliver_all()
    (mail,) = standing(meeting)
    send_mail_again(meeting=fresh(meeting), mail_id=mail.pk, now=NOW)
    rows = OutboxMessage.objects.filter(about_id=meeting.pk)
    assert rows.filter(payload__step="again").exists()
    assert rows.filter(kind="booking.mail_trouble").exists()
