"""What whom no mail reaches is still sent: changes, and reminders once they are reached again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from booking.services import reminding
from booking.services.undelivered import send_mail_again
from common.models import SentMail
from tests.booking.conftest import ANN, book, deliver_all, make_link
from tests.booking.undelivered.conftest import LOST, fresh, move, standing, taken

pytestmark = pytest.mark.django_db


@pytest.fixture
def reminding_link(owner, clock):
    return make_link(
        owner, reminders=[60], follow_up_text="How was it?", follow_up_minutes=60, slug="reminding"
    )


def sent_at(clock, resend, at, kind):
    """To whom mails of that kind went by then."""
    clock.move_to(at)
    reminding.look_ahead(now=at)
    deliver_all()
    rows = SentMail.objects.filter(kind=kind).exclude(accepted_at=None)
    return sorted(rows.values_list("recipient", flat=True))


def test_whom_no_mail_reaches_gets_no_reminder_and_others_do(resend, reminding_link, clock):
    guests = [{"name": "Cy", "email": "cy@tallship.example"}]
    meeting = book(reminding_link, booker=LOST, guests=guests)
    deliver_all()
    at = meeting.start_at - timedelta(hours=1)
    assert sent_at(clock, resend, at, "booking.reminder") == ["cy@tallship.example"]
    assert sent_at(clock, resend, meeting.end_at + timedelta(hours=1), "booking.follow_up") == []
    kinds = {mail.kind for mail in SentMail.objects.filter(recipient=LOST.email)}
    assert kinds == {"booking.confirmation"}


def test_changes_are_mailed_to_whom_the_last_mail_did_not_reach(resend, reminding_link, clock):
    meeting = book(reminding_link, booker=LOST)
    deliver_all()
    clock.shift(timedelta(seconds=1))
    move(meeting)
    deliver_all()
    assert [mail["subject"][:5] for mail in taken(resend, LOST.email)][1:] == ["Moved"]


def test_who_is_reached_again_is_reminded_again(resend, reminding_link, clock):
    resend.fault("resend.emails.send", status=422)
    meeting = book(reminding_link)
    deliver_all()
    (mail,) = standing(meeting)
    clock.shift(timedelta(seconds=1))
    send_mail_again(meeting=fresh(meeting), mail_id=mail.pk, now=timezone.now())
    deliver_all()
    at = meeting.start_at - timedelta(hours=1)
    assert sent_at(clock, resend, at, "booking.reminder") == [ANN.email]
