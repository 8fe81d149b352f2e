"""The meeting link of a new event when nobody chose one: none until there is a guest."""

from __future__ import annotations

import html
import re

import pytest

from calendars.models import Event
from workspaces.enums import Tier

pytestmark = pytest.mark.django_db

NEW = "/calendar/events/new"
HTMX = {"HX-Request": "true", "HX-Target": "ev-choices"}
FORM = {
    "title": "Kick-off",
    "day": "2026-11-23",
    "start": "10:00",
    "end": "11:00",
    "zone": "Europe/Berlin",
    "conference": "none",
    "link_left": "alone",
    "guests": "",
    "busy": "on",
    "reminders": "default",
}
KIM = "kim@osprey.example"


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


@pytest.fixture
def google(side, user_owner):
    return side(user_owner).calendar


def text(response):
    return html.unescape(response.content.decode())


def chosen(page):
    """The cell that is chosen, and what is said below the cells."""
    (cell,) = re.findall(r'name="conference" value="(\w+)" checked(?! disabled)', page)[:1]
    hint = re.search(r'<p class="hint" role="status">([^<]*)</p>', page)
    return cell, hint[1] if hint else ""


def follow(browser, google, **given):
    """What the form shows after the guests changed, with scripts."""
    return text(browser.post(NEW, {**FORM, "calendar": str(google.pk), **given}, headers=HTMX))


def create(browser, google, **given):
    answer = browser.post(NEW, {**FORM, "calendar": str(google.pk), **given})
    assert answer.status_code == 302, text(answer)
    return Event.objects.get()


def test_new_event_has_no_link_and_the_form_says_when_it_gets_one(browser, google):
    page = text(browser.get(NEW))
    hint = "None as long as there is no guest, then Auto (Google Meet here)."
    assert chosen(page) == ("none", hint)
    assert create(browser, google).conference == ""


def test_first_guest_brings_the_usual_link_and_the_last_takes_it_away(browser, google):
    page = follow(browser, google, guests=KIM)
    hint = "Auto because there is a guest. Choose None for no link."
    assert chosen(page) == ("auto", hint)
    assert '<input type="hidden" name="link_left" value="guests" disabled>' in page
    assert "<noscript>" not in page, "htmx would make elements of what is in it"
    page = follow(browser, google, conference="auto", link_left="guests", guests="")
    assert chosen(page)[0] == "none"


@pytest.mark.parametrize("by_hand", ["none", "meet", "auto"])
def test_choice_made_by_hand_is_never_replaced(browser, google, by_hand):
    given = {"conference": by_hand, "link_left": "", "guests": KIM}
    assert chosen(follow(browser, google, **given)) == (by_hand, "")
    wanted = "" if by_hand == "none" else "meet"
    assert create(browser, google, **given).conference == wanted


def test_one_click_is_enough_for_a_link_without_guests(browser, google):
    assert create(browser, google, conference="auto", link_left="").conference == "meet"


def test_without_scripts_the_server_decides_when_nobody_chose(browser, google):
    page = text(browser.get(NEW))
    assert re.search(r'<noscript>.*name="conference" value="default" checked', page)
    given = {"conference": "default", "link_left": "", "guests": KIM}
    assert create(browser, google, **given).conference == "meet"


def test_without_scripts_and_guests_nobody_gets_a_link(browser, google):
    assert create(browser, google, conference="default", link_left="").conference == ""


def test_another_calendar_keeps_knowing_of_the_guests(browser, google, side, user_owner):
    outlook = side(user_owner, "outlook").calendar
    query = {"calendar": str(outlook.pk), "conference": "auto", "link_left": "guests"}
    page = text(browser.get(NEW, query, headers=HTMX))
    assert chosen(page)[0] == "auto"
    assert "Teams here" in page


def test_free_plan_gets_what_its_calendar_makes(browser, google, workspace):
    workspace.tier = Tier.FREE
    workspace.save()
    assert chosen(follow(browser, google, guests=KIM))[0] == "meet"


def test_calendar_that_makes_no_link_gives_none(browser, google, workspace):
    google.allowed_conferences = []
    google.save()
    assert chosen(follow(browser, google, guests=KIM)) == ("none", "")


def test_preferred_zoom_comes_through_auto(browser, google, connect, user_owner):
    connect(user_owner, "zoom")
    user_owner.profile.preferred_conference = "zoom"
    user_owner.profile.save()
    assert create(browser, google, guests=KIM).conference == "zoom"


def test_out_of_office_gets_no_link(browser, google):
    assert chosen(follow(browser, google, guests=KIM, kind="out_of_office"))[0] == "none"


def test_refused_form_keeps_asking(browser, google):
    given = {**FORM, "calendar": str(google.pk), "guests": "nonsense, kim@osprey.example"}
    answer = browser.post(NEW, given)
    assert answer.status_code == 422
    assert chosen(text(answer))[0] == "auto"


def test_event_that_is_there_keeps_its_link_whoever_is_invited(browser, google):
    event = create(browser, google)
    page = text(browser.get(f"{NEW[:-3]}{event.pk}/edit"))
    assert chosen(page) == ("none", "")
    assert "link_left" not in page
