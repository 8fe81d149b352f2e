"""Where mails lead to whom a client's meeting is with, who has no place among the staff's pages."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client as Browser

from booking.models import Meeting
from booking.services import changes
from tests.booking.conftest import NOW, book, deliver_all
from tests.booking.test_changes import GUEST, TEN
from tests.booking.test_delivery import to

pytestmark = pytest.mark.django_db


def pages_in(letter):
    return re.findall(r"http://testserver(/\S+)", letter.body)


@pytest.fixture
def asked(client_link):
    """A request to a client, and the mail that tells them."""
    client_link.requires_approval = True
    client_link.save()
    meeting = book(client_link)
    deliver_all()
    (letter,) = to(client_link.client.primary_contact_email)
    return meeting, letter


def test_a_client_is_led_to_their_own_page(asked):
    meeting, letter = asked
    assert isinstance(meeting, Meeting)
    assert pages_in(letter) == [f"/client/meetings/{meeting.pk}"]


def test_so_are_they_by_the_mail_about_a_move(asked, client_link):
    meeting, _letter = asked
    mail.outbox.clear()
    changes.move_meeting(meeting=meeting, start=TEN, doer=GUEST, now=NOW)
    deliver_all()
    (letter,) = to(client_link.client.primary_contact_email)
    assert pages_in(letter) == [f"/client/meetings/{meeting.pk}"]


def test_a_user_is_led_to_the_staff_page(user_link, user_owner):
    user_link.requires_approval = True
    user_link.save()
    meeting = book(user_link)
    deliver_all()
    (letter,) = to(user_owner.notice_email)
    assert pages_in(letter) == [f"/meetings/{meeting.pk}"]


def test_members_are_led_on_to_theirs_and_nobody_else_is_let_in(asked, sign_in, alice):
    meeting, _letter = asked
    page = f"/client/meetings/{meeting.pk}"
    answer = sign_in(alice).get(page)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/meetings/{meeting.pk}")
    assert Browser().get(page).status_code == 404
