"""Descriptions with their formatting: shown, written with scripts and without, never rewritten."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from calendars.models import Event
from tests.calendars.views.events.conftest import FORM

pytestmark = pytest.mark.django_db
NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
RICH = '<p>Bring <b>both</b> lists:</p><ul><li>autumn</li><li><a href="https://x.example/w">winter</a></li></ul>'
WORDS = "Bring both lists:\n\n• autumn\n• winter https://x.example/w"


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(datetime(2026, 11, 20, 12, tzinfo=UTC), tick=True):
        yield


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


@pytest.fixture(params=["google", "outlook"])
def side(request, side, user_owner):
    return side(user_owner, request.param)


def create(browser, side, **changes):
    data = {**FORM, "calendar": str(side.calendar.pk), **changes}
    response = browser.post("/calendar/events/new", data)
    assert response.status_code == 302, response.text
    return Event.objects.get(deleted_at=None)


def save(browser, event, **changes):
    page = browser.get(f"/calendar/events/{event.pk}/edit").content.decode()
    etag = html.unescape(re.search(r'name="etag" value="([^"]*)"', page)[1])
    data = {**FORM, "conference": event.conference or "none", "etag": etag, "notes": plain(page)}
    return browser.post(f"/calendar/events/{event.pk}/edit", {**data, **changes})


def plain(page):
    """What the textarea holds."""
    found = re.search(r"<textarea name=\"notes\"[^>]*>\n?(.*?)</textarea>", page, re.DOTALL)
    return html.unescape(found[1]).replace("\n", "\r\n")  # as browsers send it


def shown(browser, event):
    page = browser.get(f"/calendar/events/{event.pk}").content.decode()
    found = re.search(r'<div class="prose">(.*?)</div>', page, re.DOTALL)
    return found[1] if found else ""


def held(side):
    """The description on the provider's side."""
    (body,) = side.held()
    return body["description"] if "description" in body else body["body"]["body"]["content"]


def test_formatting_is_written_and_shown(browser, side):
    event = create(browser, side, notes_html=RICH)
    link = 'href="https://x.example/w" target="_blank" rel="noopener noreferrer nofollow"'
    assert shown(browser, event) == RICH.replace('href="https://x.example/w"', link)
    assert "<b>both</b>" in str(side.held()[0])


def test_words_without_formatting_stay_plain_at_the_provider(browser, side):
    event = create(browser, side, notes_html="<div>One</div><div>Two &amp; three</div>")
    assert event.description == "One\nTwo & three"
    assert "<div>" not in event.description


def test_hostile_formatting_is_left_out_of_what_is_written(browser, side):
    hostile = '<p onclick="steal()"><b>a</b><script>steal()</script><img src=x onerror=steal()>'
    create(browser, side, notes_html=hostile)
    assert "steal" not in str(side.held()[0])


def test_form_holds_the_words_and_the_editor_the_formatting(browser, side):
    event = create(browser, side, notes_html=RICH)
    page = browser.get(f"/calendar/events/{event.pk}/edit").content.decode()
    assert plain(page) == WORDS.replace("\n", "\r\n")
    assert "<template data-text><p>Bring <b>both</b> lists:</p>" in page
    assert "This text has formatting that is not shown here." in page


def test_plain_description_needs_no_warning(browser, side):
    event = create(browser, side, notes="Just words")
    assert (
        "formatting that is not shown" not in browser.get(f"/calendar/events/{event.pk}/edit").text
    )


def test_description_that_was_not_touched_is_not_sent(browser, side, copy_events):
    """Saving another field without scripts, line ends as browsers send them."""
    raw = RICH if side.calendar.connection.provider == "google" else "plain\nwords"
    start, end = NINE, NINE + timedelta(hours=1)
    side.store.add_event(side.remote, title="Theirs", start=start, end=end, description=raw)
    copy_events(side.calendar.connection)
    event = Event.objects.get()
    before = held(side) if side.calendar.connection.provider == "google" else None

    assert save(browser, event, title="Renamed").status_code == 302

    assert Event.objects.get().title == "Renamed"
    assert Event.objects.get().description == raw
    if before is not None:
        assert held(side) == before == RICH


def test_formatting_survives_a_save_that_left_the_text_alone(browser, side):
    event = create(browser, side, notes_html=RICH)
    save(browser, event, title="Renamed")
    assert Event.objects.get(pk=event.pk).description == RICH


def test_text_changed_without_scripts_is_plain_as_was_said(browser, side):
    event = create(browser, side, notes_html=RICH)
    save(browser, event, notes="Only words now")
    assert Event.objects.get(pk=event.pk).description == "Only words now"


def test_text_cleared_in_the_editor_is_cleared(browser, side):
    event = create(browser, side, notes_html=RICH)
    save(browser, event, notes_html="<br>")
    assert Event.objects.get(pk=event.pk).description == ""


def test_what_was_written_outlives_a_refusal(browser, side):
    data = {**FORM, "calendar": str(side.calendar.pk), "start": "12:00", "end": "11:00"}
    response = browser.post("/calendar/events/new", {**data, "notes_html": "<b>kept</b><script>x"})
    assert response.status_code == 422
    assert "<template data-text><p><b>kept</b></p></template>" in response.text


def test_text_that_is_too_long_is_said_beside_it(browser, side):
    data = {**FORM, "calendar": str(side.calendar.pk), "notes_html": f"<b>{'x' * 8000}</b>"}
    response = browser.post("/calendar/events/new", data)
    assert response.status_code == 422
    assert "This may have 8000 characters at most." in response.text


@pytest.mark.parametrize("side", ["outlook"], indirect=True)
def test_teams_meeting_survives_a_new_description(browser, side):
    event = create(browser, side, conference="teams", notes_html="<p><b>Agenda</b></p>")
    assert event.description == "<p><b>Agenda</b></p>"
    save(browser, event, notes_html=RICH)
    fresh = Event.objects.get(pk=event.pk)
    assert (fresh.conference, fresh.conference_state) == ("teams", "ready")
    assert fresh.description == RICH
    assert "meetup-join" in str(side.held()[0])


def test_zoom_line_stays_with_formatted_text(browser, side, connect, user_owner):
    connect(user_owner, "zoom")
    event = create(browser, side, conference="zoom", notes_html=RICH)
    assert event.conference == "zoom"
    assert "<b>both</b>" in event.description
    assert event.conference_url in html.unescape(event.description)
    again = save(browser, event, notes_html="<p><i>Other</i></p>", conference="zoom")
    assert again.status_code == 302
    fresh = Event.objects.get(pk=event.pk)
    assert (fresh.conference_url, "<i>Other</i>" in fresh.description) == (
        event.conference_url,
        True,
    )
