"""What strangers learn from the public pages and the public JSON, and what they do not."""

from __future__ import annotations

import json
import logging

import pytest
from django.test import Client as Browser
from django.urls import reverse

from booking.owners import tables_of
from booking.services.links import set_active
from tests.booking.conftest import HALF_HOUR, NINE, book, make_link
from tests.booking.pages import form_url

pytestmark = pytest.mark.django_db
ANN = {"name": "Ann Other", "email": "ann@tallship.example"}


@pytest.fixture
def browser():
    return Browser(enforce_csrf_checks=True)


def post(link, **said):
    body = {"link": link.slug, "start": NINE.isoformat(), **ANN, **said}
    return Browser().post(
        reverse("booking_api:meetings"), json.dumps(body), content_type="application/json"
    )


def open_times(link):
    return Browser().get(reverse("booking_api:availability"), {"link": link.slug})


def test_pages_and_json_name_no_address_no_id_and_no_other_meeting(owner, browser, clock):
    link = make_link(owner, title="Intro call")
    other = book(make_link(owner, slug="other", title="Secret talk"), start=NINE + HALF_HOUR)
    answers = [
        browser.get(reverse("booking:book", args=[link.slug])),
        browser.get(form_url(link)),
        browser.get(form_url(link, NINE + HALF_HOUR)),
        open_times(link),
        post(link, start=(NINE + HALF_HOUR).isoformat()),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 409, 200, 409]
    person = tables_of(owner.kind).person.objects.get()
    for answer in answers:
        for word in (
            "alice@example.com", "desk@northgate.example", "Secret talk", "Ann Other",
            "tallship", str(other.pk), str(link.pk), str(owner.id), str(owner.workspace.pk),
            str(person.pk), str(other.hold_id),
        ):  # fmt: skip
            assert word not in answer.text, (word, answer.text[:200])


def test_an_answer_to_a_booking_names_that_meeting_alone(link):
    said = post(link).json()
    kind = "meeting_id" if link.client_id else "sales_meeting_id"
    of_the_meeting = {kind, "state", "title", "start", "end", "tz", "location", "join_url"}
    assert set(said) == {"ok", *of_the_meeting, "host", "guests", "url", "manage_token"}


def test_a_paused_a_used_and_a_missing_link_answer_alike(owner, browser, clock):
    paused = make_link(owner, slug="qqq-one")
    set_active(link=paused, is_active=False)
    used = make_link(owner, slug="qqq-two", is_one_time=True)
    book(used)
    missing = type(used)(slug="qqq-three")
    pages, times, bookings = [], [], []
    for link in (paused, used, missing):
        page = browser.get(reverse("booking:book", args=[link.slug]))
        pages.append((page.status_code, page.text.replace(link.slug, "x")))
        times.append((open_times(link).status_code, open_times(link).content))
        bookings.append((post(link).status_code, post(link).content))
    for answers in (pages, times, bookings):
        assert answers[0][0] == 404
        assert len(set(answers)) == 1


def test_a_known_mailbox_answers_like_an_unknown_one(link):
    book(link, start=NINE + 4 * HALF_HOUR)
    known = post(link).json()
    unknown = post(link, email="new@tallship.example", start=(NINE + HALF_HOUR).isoformat()).json()
    assert set(known) == set(unknown)
    assert known["state"] == unknown["state"]


def test_a_meetings_token_is_told_to_no_other_site_and_no_log(link, browser, caplog, settings):
    url = post(link).json()["url"].removeprefix(settings.PUBLIC_URL)
    with caplog.at_level(logging.DEBUG):
        page = browser.get(url)
    assert page.status_code == 200
    assert page.headers["Referrer-Policy"] in {"no-referrer", "same-origin"}
    assert "no-store" in page.headers["Cache-Control"]
    token = next(part for part in url.split("/") if len(part) > 30)
    assert token not in caplog.text
