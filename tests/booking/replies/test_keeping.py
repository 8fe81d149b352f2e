"""What is kept of the mails that came in: how much, and how long."""

from __future__ import annotations

from datetime import timedelta

import pytest

from booking.enums import MailOutcome
from booking.models import IncomingMail
from booking.services.incoming import forget_old
from booking.services.mail_log import Fate
from common.errors import RateLimited
from tests.booking.conftest import NOW
from tests.booking.mails import part
from tests.booking.replies.conftest import ANN, HERE, answering, answers, booked, sent
from tests.booking.test_changes import TEN

pytestmark = pytest.mark.django_db


def test_what_was_done_keeps_nobodys_words(meeting):
    sent(meeting, answering(meeting, COMMENT="Gladly"), subject="Private")
    row = IncomingMail.objects.get()
    assert (row.sender, row.subject, row.comment) == ("", "", "")


def test_a_flood_at_one_address_is_asked_to_come_later(client_link):
    meeting, other = booked(client_link), booked(client_link, start=TEN)
    for number in range(120):
        sent(meeting, answering(meeting), message_id=str(number))
    with pytest.raises(RateLimited):
        sent(meeting, answering(meeting), message_id="one more")
    assert IncomingMail.objects.count() == 120
    assert sent(other, answering(other)) is Fate.DONE


def test_a_flood_to_nobody_is_kept_in_part(client_link, settings):
    meeting = booked(client_link)
    for number in range(320):
        sent(meeting, part("x", "text/plain"), to=f"a{number}@{HERE}")
    assert IncomingMail.objects.count() == 300


def test_what_is_settled_is_forgotten_after_a_month_and_the_rest_after_three(client_link):
    meeting = booked(client_link)
    sent(meeting, answering(meeting), message_id="1")
    sent(meeting, answering(meeting, method="COUNTER"), message_id="2")
    assert forget_old(NOW + timedelta(days=29)) == 0
    forget_old(NOW + timedelta(days=31))
    assert [one.outcome for one in IncomingMail.objects.all()] == [MailOutcome.REVIEW]
    forget_old(NOW + timedelta(days=91))
    assert not IncomingMail.objects.exists()
    assert answers(meeting) == {ANN: "accepted"}
