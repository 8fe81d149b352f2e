"""The pages that call many meetings off together."""

from __future__ import annotations

import pytest
from django.core import mail
from django.urls import reverse

from booking.enums import MeetingState
from booking.models import BulkCancellation
from booking.owners import tables_of
from tests.booking.conftest import HALF_HOUR, NINE, book, deliver_all

pytestmark = pytest.mark.django_db
PAGE = "/meetings/cancel-many"


@pytest.fixture
def browser(clock, sign_in, alice):
    return sign_in(alice)


def states(link):
    return set(tables_of(link.owner_kind).meeting.objects.values_list("state", flat=True))


def test_they_are_shown_first_and_then_cancelled(browser, link):
    book(link), book(link, start=NINE + HALF_HOUR)
    shown = browser.get(PAGE, {"who": "tallship.example"})
    assert "2 meetings to come fit" in shown.text
    assert "Cancel 2 meetings" in shown.text
    assert states(link) == {MeetingState.CONFIRMED}
    deliver_all()
    mail.outbox.clear()
    started = browser.post(PAGE, {"who": "tallship.example", "link": str(link.pk)})
    run = BulkCancellation.objects.get()
    assert (started.status_code, started.url) == (302, f"{PAGE}/{run.pk}")
    assert "0 of 2 cancelled so far" in browser.get(started.url).text
    deliver_all()
    assert states(link) == {MeetingState.CANCELLED}
    assert mail.outbox == []  # the box was not ticked
    done = browser.get(started.url)
    assert "2 meetings are cancelled" in done.text
    assert "All by tallship.example, through Intro call" in done.text


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({}, "who"),
        ({"who": "nonsense"}, "who"),
        ({"who": "192.0.2.1"}, "who"),
        ({"who": "x.example", "since": "soon"}, "since"),
        ({"who": "x.example", "since": "0001-01-01T00:00"}, "since"),
        ({"who": "x.example", "since": "9999-12-31T23:59"}, "since"),
        ({"link": "00000000-0000-0000-0000-000000000000"}, "link"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_cancelled(browser, link, typed, field):
    book(link)
    answer = browser.post(PAGE, typed)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert states(link) == {MeetingState.CONFIRMED}


def test_nothing_that_fits_is_said(browser, link):
    assert "No meeting to come fits" in browser.get(PAGE, {"who": "x.example"}).text
    refused = browser.post(PAGE, {"who": "x.example"})
    assert refused.status_code == 422
    assert "No meeting to come fits. Nothing was cancelled." in refused.text


def test_a_run_is_seen_by_whoever_asked_alone(
    browser, link, sign_in, bob, charlie, other_workspace
):
    book(link)
    url = browser.post(PAGE, {"who": "tallship.example"}).url
    assert sign_in(bob).get(url).status_code == 404
    assert sign_in(charlie).get(url).status_code == 404


def test_the_way_from_a_booker_is_filled_in(browser, link):
    meeting = book(link)
    dialog = browser.get(reverse("booking:meeting_block", args=[meeting.pk]))
    assert f"{PAGE}?who=ann%40tallship.example" in dialog.text
