"""A slow second press on the pages of what came in by mail meets nothing else."""

from __future__ import annotations

import json
import re

import pytest
from django.urls import reverse

from booking.enums import InvitationState, MailOutcome
from booking.models import IncomingMail, OutsideInvitation
from booking.services import invited
from booking.services.invite_addresses import make_address
from tests.booking.invited.conftest import inviting
from tests.booking.invited.conftest import sent as invite
from tests.booking.replies.conftest import HERE, MX

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _mail_comes_in(settings):
    settings.INBOUND_DOMAIN, settings.INBOUND_AUTHSERV_ID = HERE, MX


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


UNPRESSED = {"accepted": "false", "tentative": "false", "declined": "false"}


def rows_of(text):
    """The invitations of a page, or a piece of it: titles, and which answer is pressed."""
    return [
        (
            re.search(r"<h3>(\S+ \d+)", row)[1],
            dict(re.findall(r'name="answer" value="(\w+)" aria-pressed="(\w+)"', row)),
        )
        for row in text.split("<li ")[1:]
        if "<h3>" in row
    ]


def page(browser, name):
    return browser.get(reverse(f"booking:{name}")).text


def test_an_answered_one_stays_where_it_was_until_the_page_is_loaded_anew(
    browser, user_owner, clock
):
    """A slow second press on the same spot answered the next invitation."""
    address = make_address(user_owner)
    for day in (19, 20, 23):
        times = {"DTSTART": f"202611{day}T080000Z", "DTEND": f"202611{day}T083000Z"}
        text = inviting(address, UID=f"u{day}", SUMMARY=f"Tea {day}", **times)
        invite(address, text, message_id=str(day))
    shown = page(browser, "invitations")
    assert "invitations:changed" not in shown
    assert rows_of(shown) == [(f"Tea {day}", UNPRESSED) for day in (19, 20, 23)]
    found = OutsideInvitation.objects.get(uid="u19")
    to = reverse("booking:invitation_answer", args=[found.pk])
    said = {"answer": "accepted", "version": invited.version_of(found)}
    for _press in range(2):
        answer = browser.post(to, said, headers={"HX-Request": "true"})
        assert rows_of(answer.text) == [("Tea 19", {**UNPRESSED, "accepted": "true"})]
        assert set(json.loads(answer.headers["HX-Trigger"])) == {"toast"}
    found.refresh_from_db()
    assert (found.state, found.answer_count) == (InvitationState.ACCEPTED, 1)
    assert not OutsideInvitation.objects.exclude(pk=found.pk).exclude(state="pending").exists()
    again = page(browser, "invitations")
    assert [title for title, _buttons in rows_of(again)] == ["Tea 20", "Tea 23", "Tea 19"]


def test_one_that_changed_meanwhile_is_not_answered_by_a_second_press_either(
    browser, user_owner, clock
):
    address = make_address(user_owner)
    invite(address, inviting(address))
    found = OutsideInvitation.objects.get()
    to = reverse("booking:invitation_answer", args=[found.pk])
    said = {"answer": "accepted", "version": invited.version_of(found)}
    invite(address, inviting(address, SEQUENCE="1"), message_id="2")
    for _press in range(2):
        answer = browser.post(to, said, headers={"HX-Request": "true"})
        assert (answer.status_code, answer.content) == (204, b"")
    found.refresh_from_db()
    assert found.state == InvitationState.PENDING


def test_a_dismissed_mail_stays_where_it_was_until_the_page_is_loaded_anew(
    browser, user_owner, clock
):
    """The list closed up, and the next mail was dismissed unread."""
    address = make_address(user_owner)
    for number in range(3):
        invite(address, inviting(address), from_=f"m{number}@evil.example", message_id=str(number))
    shown = page(browser, "incoming")
    assert "incoming:changed" not in shown
    assert shown.count('hx-target="this" hx-swap="outerHTML"') == 3
    first = IncomingMail.objects.get(sender="m0@evil.example")
    to = reverse("booking:incoming_dismiss", args=[first.pk])
    answer = browser.post(to, headers={"HX-Request": "true"})
    assert "disabled>Dismissed</button>" in answer.text
    assert "hx-post" not in answer.text
    assert set(json.loads(answer.headers["HX-Trigger"])) == {"toast"}
    assert IncomingMail.objects.filter(outcome=MailOutcome.REVIEW).count() == 2
    assert page(browser, "incoming").count('hx-target="this"') == 2
