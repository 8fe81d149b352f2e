"""The public form: what it refuses and keeps, whom it is handed out to, and how often."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.urls import reverse

from booking.owners import tables_of
from booking.services import limits
from booking.tokens import issue_form_token
from calendars.models import Hold
from tests.booking.conftest import HALF_HOUR, NINE, NOW, book, make_link
from tests.booking.pages import fill_in, form_url, open_form, read
from tests.booking.test_public import ANN, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser():
    """Checks CSRF as a real server does."""
    return Browser(enforce_csrf_checks=True)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "start"),
        ("start=tomorrow", "start"),
        ("start=2026-11-19T08:00:00", "start"),
        ("start=0001-01-01T00:00:00%2B23:59", "start"),
        ("start=2026-11-19T08:07:00Z", "start"),
        ("start=2026-11-21T08:00:00Z", "start"),
        ("start=2026-11-19T08:00:00Z&tz=Mars/Olympus", "tz"),
        ("start=2026-11-19T08:00:00Z&duration=1", "duration"),
    ],
)
def test_a_form_for_no_time_is_refused_by_field(link, browser, query, field):
    url = reverse("booking:book_details", args=[link.slug])
    page = browser.get(f"{url}?{query}")
    assert page.status_code == 400
    assert f"<code>{field}</code>" in page.content.decode()
    token = issue_form_token(link.id, NOW)
    sent = dict(pair.split("=", 1) for pair in query.split("&") if pair)
    answer = browser.post(url, {**sent, **ANN, "form": token})
    assert answer.status_code in {400, 422}
    assert Hold.objects.count() == 0


def test_a_taken_slot_keeps_what_was_typed_and_offers_the_nearest(link, browser):
    form = open_form(browser, link, tz="America/New_York")
    book(link)
    typed = {"name": "Ben Rival", "email": "ben@osprey.example", "message": "My plans"}
    answer = browser.post(form["action"], fill_in(form, **typed))
    assert answer.status_code == 409
    assert (
        "Someone just took 03:00. Your details are kept. These are the nearest open times:"
        in words(answer)
    )
    page = read(answer)
    assert (page.fields["name"], page.fields["email"]) == ("Ben Rival", "ben@osprey.example")
    assert "My plans</textarea>" in answer.content.decode()
    name, value = page.buttons[0]
    assert (name, value) == ("pick", "2026-11-19T08:30:00Z")
    second = browser.post(
        page.forms[-1]["action"], {**page.fields, "message": "My plans", name: value}
    )
    assert second.status_code == 303
    meeting = tables_of(link.owner_kind).meeting.objects.get(booker_name="Ben Rival")
    assert (meeting.start_at, meeting.message) == (NINE + HALF_HOUR, "My plans")


def test_a_form_opened_for_a_taken_time_offers_links(link, browser):
    book(link)
    answer = browser.get(form_url(link))
    assert answer.status_code == 409
    assert "start=2026-11-19T08:30:00Z" in read(answer).slots()[0]


def test_the_same_form_twice_is_one_meeting_and_one_page(link, browser):
    form = open_form(browser, link)
    first, second = (browser.post(form["action"], fill_in(form, **ANN)) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"]
    assert Hold.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "label"),
    [
        ({"name": ""}, "Your name"),
        ({"email": "nobody"}, "E-mail"),
        ({"email": ""}, "E-mail"),
        ({"name": "Ann\r\nBcc: x@y.example"}, "Your name"),
        ({"name": "n\x00l"}, "Your name"),
        ({"name": "x" * 5000}, "Your name"),
        ({"message": "x" * 2001}, "What would you like to talk about?"),
        ({"message": "bell\x07"}, "What would you like to talk about?"),
    ],
)
def test_a_wrong_field_is_named_and_the_rest_kept(link, browser, typed, label):
    form = open_form(browser, link)
    answer = browser.post(form["action"], fill_in(form, **{**ANN, "message": "kept", **typed}))
    assert answer.status_code == 422
    text = answer.content.decode()
    # A question has its mark already.
    assert f">{label} " in text if label.endswith("?") else f">{label}: " in text
    assert 'role="alert"' in text
    if "message" not in typed:
        assert "kept</textarea>" in text
    assert read(answer).fields["form"] == form["fields"]["form"]
    assert Hold.objects.count() == 0


def test_programs_that_fill_in_everything_book_nothing(link, browser):
    form = open_form(browser, link)
    answer = browser.post(form["action"], fill_in(form, **ANN, website="https://spam.example"))
    assert answer.status_code == 422
    assert Hold.objects.count() == 0


@pytest.mark.parametrize("token", ["", "forged", "a.b.c", "x" * 3000])
def test_a_form_of_nobody_books_nothing_but_is_handed_out_anew(link, browser, token):
    form = open_form(browser, link)
    answer = browser.post(form["action"], {**fill_in(form, **ANN), "form": token})
    assert answer.status_code == 422
    fields = read(answer).fields
    assert fields["name"] == "Ann Other"
    assert browser.post(form["action"], fields).status_code == 303


def test_a_form_of_another_link_or_day_books_nothing(owner, link, browser, clock):
    other = make_link(owner, slug="other")
    for token in (
        issue_form_token(other.id, NOW),
        issue_form_token(link.id, NOW - timedelta(hours=13)),
        issue_form_token(link.id, NOW + timedelta(minutes=5)),
    ):
        form = open_form(browser, link)
        answer = browser.post(form["action"], {**fill_in(form, **ANN), "form": token})
        assert answer.status_code == 422
    assert Hold.objects.count() == 0


def test_too_many_attempts_from_one_address_are_stopped(link, browser, monkeypatch):
    few = limits.Limit("attempts-address", 3, timedelta(minutes=10))
    monkeypatch.setattr(limits, "ATTEMPTS_PER_ADDRESS", few)
    form = open_form(browser, link)
    statuses = [
        browser.post(form["action"], fill_in(form, name="", email="x")).status_code
        for _try in range(4)
    ]
    assert statuses == [422, 422, 422, 429]
    answer = browser.post(form["action"], fill_in(form, **ANN))
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) <= 601
    assert read(answer).fields["name"] == "Ann Other"
    assert Hold.objects.count() == 0


def test_bookings_with_one_address_are_limited_but_refusals_are_free(owner, clock, browser):
    link = make_link(owner, step_minutes=5, durations=[5])
    taken = open_form(browser, link)
    book(link, duration=timedelta(minutes=5))
    for _try in range(30):
        assert browser.post(taken["action"], fill_in(taken, **ANN)).status_code == 409
    done = []
    for number in range(1, 25):
        form = open_form(browser, link, NINE + timedelta(minutes=5 * number))
        clock.shift(timedelta(seconds=5))
        done.append(browser.post(form["action"], fill_in(form, **ANN)).status_code)
    assert done == [303] * limits.BOOKINGS_PER_EMAIL.most + [429] * 4
    clock.shift(timedelta(hours=1))
    assert browser.post(form["action"], fill_in(form, **ANN)).status_code == 303
