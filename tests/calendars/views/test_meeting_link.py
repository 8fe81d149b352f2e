"""The meeting link in an event's details: on its way, there, or missing and asked for again."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime

import pytest

from calendars.enums import ConferenceState
from calendars.models import CalendarShare, Event
from conferencing.enums import LinkFailure
from tests.factories import make_calendar, make_connection, make_event, make_member, make_user
from workspaces.owners import owner_of_user

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WEEK = "/calendar?date=2026-11-23"


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


@pytest.fixture
def own(user_owner, side):
    """Alice's Google account."""
    return side(user_owner)


@pytest.fixture
def missing(own, browser):
    """An event whose Meet link Google could not make."""
    own.store.set_setting("meet", {"mode": "failure", "reads": 0})
    start = {"day": "2026-11-23", "start": "10:00", "end": "11:00", "zone": "Europe/Berlin"}
    more = {"title": "Review", "busy": "on", "reminders": "default", "conference": "meet"}
    browser.post("/calendar/events/new", {**start, **more, "calendar": str(own.calendar.pk)})
    own.store.set_setting("meet", {"mode": "failure", "reads": 0})
    event = Event.objects.get()
    Event.objects.update(
        conference_state=ConferenceState.FAILED,
        conference_note="Google could not make the Meet link.",
        conference_failure=LinkFailure.NOT_MADE,
    )
    return event


def text(response) -> str:
    return html.unescape(response.content.decode())


def sheet(browser, event, **headers):
    return text(browser.get(f"/calendar/events/{event.pk}", headers=headers))


def words(page):
    """What a reader hears of the card."""
    card = page.split('id="ev-join"')[1].split('<div class="lead"')[0]
    return " ".join(re.sub(r"<[^>]+>", " ", card.split(">", 1)[1]).split())


def made(calendar, **fields):
    return make_event(calendar, start_at=MONDAY, **fields)


def test_missing_link_says_why_what_helps_and_since_when(browser, missing):
    said = words(sheet(browser, missing))
    assert said.startswith(
        "There is no Google Meet link. Google could not make the Meet link. "
        "Retry, or choose another meeting link. Since "
    )
    assert "asked for once Retry Choose another link" in said


def test_retry_without_scripts_leads_back_to_the_details(browser, own, missing):
    own.store.set_setting("meet", {"mode": "immediate", "reads": 0})
    answer = browser.post(f"/calendar/events/{missing.pk}/link", follow=True)
    assert answer.redirect_chain == [(f"/calendar/events/{missing.pk}", 302)]
    assert words(text(answer)) == "Join Google Meet Copy link"
    link = Event.objects.get().conference_url
    assert f'data-copy="{link}"' in text(answer)
    assert f'href="{link}" target="_blank" rel="noopener noreferrer"' in text(answer)


def test_retry_shows_the_card_as_it_is_then_and_the_week_looks_again(browser, own, missing):
    own.store.set_setting("meet", {"mode": "pending", "reads": 3})
    answer = browser.post(f"/calendar/events/{missing.pk}/link", headers=HTMX)
    assert answer["HX-Trigger"] == "events:changed"
    page = text(answer)
    assert "The link is on its way from Google." in words(page)
    card = re.search(r'<div id="ev-join"[^>]*>', page)[0]
    assert f'hx-get="/calendar/events/{missing.pk}"' in card
    assert 'hx-select="#ev-join"' in card


def test_retry_that_is_not_answered_stands_in_the_card(browser, own, missing):
    own.store.add_fault("google.events.patch", status=503, count=None)
    page = text(browser.post(f"/calendar/events/{missing.pk}/link", headers=HTMX))
    said = words(page)
    assert "Google Calendar did not answer. Retry, or choose another meeting link." in said
    assert "asked for twice Retry" in said


def test_retry_of_an_event_that_is_gone_says_so(browser, own, missing):
    own.store.delete_event(own.remote, missing.remote_id)
    answer = browser.post(f"/calendar/events/{missing.pk}/link", headers=HTMX)
    assert answer.status_code == 204
    assert "toast" in answer["HX-Trigger"]


def test_link_that_can_never_be_made_offers_another_one_only(browser, own):
    event = made(
        own.calendar,
        conference="teams",
        conference_state="failed",
        conference_note="This personal Outlook account made no Teams link.",
        conference_failure=LinkFailure.REFUSED,
    )
    page = sheet(browser, event)
    assert words(page) == (
        "There is no Teams link. This personal Outlook account made no Teams link. "
        "Choose another meeting link. Choose another link"
    )
    assert f"/calendar/events/{event.pk}/link" not in page


def test_who_may_only_look_is_told_and_offered_nothing(browser, own, workspace, bob):
    theirs = make_calendar(make_connection(owner_of_user(bob, workspace)))
    CalendarShare.objects.create(calendar=theirs, level="details")
    event = made(theirs, conference="meet", conference_state="failed", conference_note="No.")
    assert words(sheet(browser, event)) == "There is no Google Meet link. No."
    assert browser.post(f"/calendar/events/{event.pk}/link").status_code == 403


def test_link_of_somebody_else_to_make_is_not_asked_for(browser, own):
    event = made(own.calendar, conference="meet", conference_state="failed", is_organizer=False)
    assert f"/calendar/events/{event.pk}/link" not in sheet(browser, event)


@pytest.mark.parametrize(
    ("state", "sign", "spoken"),
    [
        ("failed", "#alert", "meeting link missing"),
        ("pending", "#dashed", "meeting link on its way"),
    ],
)
def test_week_marks_a_missing_or_coming_link_and_says_so_to_readers(
    browser, own, state, sign, spoken
):
    made(own.calendar, title="Marked", conference="meet", conference_state=state)
    page = text(browser.get(WEEK))
    (block,) = re.findall(r'<li[^>]*class="ev [^>]*>.*?</li>', page, re.DOTALL)
    assert spoken in block
    flags = block.split('class="f"')[1]
    assert sign.removeprefix("#") in flags


def test_stranger_asks_for_no_link(sign_in, own, workspace):
    event = made(own.calendar, conference="meet", conference_state="failed")
    other = make_user("Dora")
    make_member(workspace, other)
    assert sign_in(other).post(f"/calendar/events/{event.pk}/link").status_code == 404


# --- What can be chosen ---


def cells(page):
    """What each cell of the form says, and whether it can be chosen."""
    found = re.findall(
        r'name="conference" value="(\w+)"([^>]*)>.*?<small id="why-\w+">(.*?)</small>', page
    )
    return {value: ("disabled" not in attributes, hint) for value, attributes, hint in found}


def test_teams_that_outlook_keeps_is_said_before_anything_is_chosen(browser, side, user_owner):
    calendar = side(user_owner, "outlook").calendar
    event = made(calendar, conference="teams", conference_state="ready", conference_url="https://t")
    page = text(browser.get(f"/calendar/events/{event.pk}/edit"))
    shown = cells(page)
    assert shown["teams"][0]
    assert {shown[name] for name in ("none", "auto", "meet", "zoom")} == {(False, "The link stays")}
    assert (
        "Outlook cannot take the Microsoft Teams meeting off an event. "
        "Make a new event without it, then delete this one." in page
    )


def test_teams_that_was_never_made_can_be_another_link(browser, side, user_owner):
    calendar = side(user_owner, "outlook").calendar
    event = made(calendar, conference="teams", conference_state="failed")
    page = text(browser.get(f"/calendar/events/{event.pk}/edit"))
    assert cells(page)["none"] == (True, "No link")
    assert "cannot take the" not in page


def test_link_that_the_plan_has_no_more_stays_on_its_event(browser, own, workspace):
    event = made(
        own.calendar, conference="zoom", conference_state="ready", conference_url="https://z"
    )
    workspace.tier = "free"
    workspace.save()
    page = text(browser.get(f"/calendar/events/{event.pk}/edit"))
    assert cells(page)["zoom"] == (True, "As it is now")
    assert re.search(r'value="zoom" checked', page)


def test_event_saved_without_its_link_says_so_at_once(browser, own):
    own.store.change_calendar(own.remote, meet=False)
    start = {"day": "2026-11-23", "start": "10:00", "end": "11:00", "zone": "Europe/Berlin"}
    more = {"title": "Review", "conference": "meet", "calendar": str(own.calendar.pk)}
    answer = browser.post("/calendar/events/new", {**start, **more}, follow=True)
    said = "“Review” was created. There is no Google Meet link. "
    assert f"{said}This Google calendar does not allow Meet links." in text(answer)


@pytest.mark.parametrize(
    "noted",
    [
        "Agenda\n\nJoin with Zoom: {0}",
        '<p>Agenda</p><p>Join with Zoom: <a href="{0}">{0}</a></p>',
    ],
)
def test_zoom_link_is_the_button_and_not_the_place_and_the_text_too(browser, own, noted):
    url = "https://zoom.us/j/81234567890"
    event = make_event(
        own.calendar,
        conference="zoom",
        conference_state="ready",
        conference_url=url,
        location=url,
        description=noted.format(url),
    )
    page = sheet(browser, event)
    assert re.findall(f'(href|data-copy)="{url}"', page) == ["href", "data-copy"]
    assert "Agenda" in page
    assert "Join with Zoom" not in page
    Event.objects.update(location="Room 4", description=f"Theirs: {url}")
    page = sheet(browser, event)
    assert "Room 4" in page
    assert "Theirs:" in page
