"""Stopping reminders: the page behind a mail's link, and the headers of mail programs."""

from __future__ import annotations

import re
from dataclasses import replace
from email import policy
from email.parser import BytesParser

import pytest
from django.core import mail
from django.urls import reverse

from booking.enums import Ahead
from booking.models import MailStop
from booking.services.stopping import has_stopped
from tests.booking.conftest import ANN, make_link
from tests.booking.reminding.conftest import (
    CY,
    DAY,
    HOUR,
    NEXT_WEEK,
    booked,
    reminding_link,
    to_whom,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def stop_page(client_owner, clock, post):
    booked(reminding_link(client_owner, 1440, 60), guests=[CY])
    (letter,) = [one for one in post(NEXT_WEEK - DAY) if one.to == [ANN.email]]
    (url,) = re.findall(r"<(.+)>", letter.extra_headers["List-Unsubscribe"])
    assert url in letter.body
    assert ANN.email not in url
    return "/" + url.split("/", 3)[3]


def test_looking_at_the_page_stops_nothing(client, stop_page, post):
    page = client.get(stop_page)
    assert page.status_code == 200
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert ANN.email not in page.text
    assert MailStop.objects.count() == 0
    assert len(post(NEXT_WEEK - HOUR)) == 2


def test_stopped_by_the_page_and_sent_again_by_it(client, stop_page, post, client_owner):
    answer = client.post(stop_page, {"do": "stop"})
    assert (answer.status_code, answer.url) == (303, stop_page)
    assert "You get no more reminders" in client.get(stop_page).text
    assert to_whom(post(NEXT_WEEK - HOUR)) == [CY["email"]]
    client.post(stop_page, {"do": "resume"})
    assert not has_stopped(client_owner.workspace.pk, ANN.email)


def test_a_mail_programs_one_click_stops_them(client, stop_page, post, client_owner):
    answer = client.post(stop_page, {"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert has_stopped(client_owner.workspace.pk, ANN.email.upper())
    assert not has_stopped(client_owner.workspace.pk, CY["email"])
    assert to_whom(post(NEXT_WEEK - HOUR)) == [CY["email"]]


def test_what_was_stopped_holds_after_the_key_was_changed(
    client, stop_page, client_owner, settings
):
    client.post(stop_page, {"do": "stop"})
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another one that is long enough for anybody"
    assert has_stopped(client_owner.workspace.pk, ANN.email)
    assert "You get no more reminders" in client.get(stop_page).text


def test_confirmations_are_sent_all_the_same(client, stop_page, client_owner, clock):
    client.post(stop_page, {"do": "stop"})
    mail.outbox.clear()
    booked(make_link(client_owner, slug="again"), start=NEXT_WEEK + DAY)
    assert ANN.email in to_whom(mail.outbox)


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: "0" + t[1:], lambda t: "x"])
def test_a_forged_address_opens_nothing(client, stop_page, change):
    token = stop_page.rpartition("/")[2]
    forged = reverse("booking:mail_stop", args=[change(token)])
    assert client.post(forged, {"do": "stop"}).status_code == 404
    assert MailStop.objects.count() == 0


def test_the_page_speaks_the_readers_language(client, client_owner, clock, post):
    booked(reminding_link(client_owner, 60), booker=replace(ANN, language="de"))
    (letter,) = post(NEXT_WEEK - HOUR)
    assert letter.subject.startswith("Erinnerung: ")
    (url,) = re.findall(r"<(.+)>", letter.extra_headers["List-Unsubscribe"])
    assert url.endswith("?lang=de")
    page = client.get("/" + url.split("/", 3)[3])
    assert "Keine Erinnerungen mehr?" in page.text


def test_headers_survive_as_one_line_each(client_owner, clock, post):
    booked(reminding_link(client_owner, 60))
    (letter,) = post(NEXT_WEEK - HOUR)
    read = BytesParser(policy=policy.default).parsebytes(letter.message().as_bytes())
    assert read["Auto-Submitted"] == "auto-generated"
    assert read["List-Unsubscribe"].strip().startswith("<http")
    assert Ahead.REMINDER.value not in read["Message-ID"]


def test_resend_is_given_the_headers_that_stop_them(client_owner, clock, post, sandbox, settings):
    settings.EMAIL_BACKEND = "common.mail_backends.ResendBackend"
    booked(reminding_link(client_owner, 60))
    post(NEXT_WEEK - HOUR)
    *_others, last = sandbox.store.all("resend_mail")
    headers = last["body"]["headers"]
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Unsubscribe"].strip("<>") in last["body"]["text"]
