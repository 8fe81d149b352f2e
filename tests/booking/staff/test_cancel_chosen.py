"""Meetings ticked in the list and called off together."""

from __future__ import annotations

import uuid

import pytest

from tests.booking.conftest import HALF_HOUR, NINE, book, deliver_all, make_link

pytestmark = pytest.mark.django_db
PAGE = "/meetings/cancel-chosen"
TEN = NINE + 2 * HALF_HOUR


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


def states(*meetings):
    return [type(one)._default_manager.get(pk=one.pk).state for one in meetings]


def test_ticked_ones_are_asked_about_and_called_off(browser, link):
    first, second, third = book(link), book(link, start=TEN), book(link, start=TEN + HALF_HOUR)
    listed = browser.get("/meetings").text
    assert listed.count('form="chosen"') == 4  # three boxes and the button
    asked = browser.get(PAGE, {"meeting": [first.pk, second.pk]})
    assert "Cancel 2 meetings" in asked.text
    assert states(first, second) == ["confirmed"] * 2
    fields = {"meeting": [first.pk, second.pk], "tells_guests": "on", "message": "Closed"}
    answer = browser.post(PAGE, fields)
    assert answer.status_code == 302
    deliver_all()
    assert states(first, second, third) == ["cancelled", "cancelled", "confirmed"]


def test_nothing_ticked_says_so(browser, link):
    assert browser.get(PAGE, follow=True).redirect_chain == [("/meetings", 302)]
    assert browser.post(PAGE, {"message": "x"}).url == "/meetings"


def test_meetings_of_others_are_not_meant(browser, bob_owner, clock):
    theirs = book(make_link(bob_owner, slug="bobs"))
    answer = browser.post(PAGE, {"meeting": [theirs.pk, uuid.uuid4()], "tells_guests": "on"})
    assert answer.url == "/meetings"
    deliver_all()
    assert states(theirs) == ["confirmed"]
    assert browser.get(PAGE, {"meeting": "x"}).status_code == 404
