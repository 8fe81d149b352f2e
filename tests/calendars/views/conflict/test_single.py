"""Two people change one event: what one typed meets what the other did."""

from __future__ import annotations

import json

import pytest

from calendars.models import CalendarShare, Event
from tests.calendars.views.conflict.conftest import (
    HOUR,
    TEN,
    Fields,
    answer,
    form_of,
    now,
    save,
    text,
)
from tests.calendars.views.events.conftest import HTMX

pytestmark = pytest.mark.django_db


# --- One event ---


def test_both_changed_the_time_and_both_times_are_shown(browser, event, colleague):
    fields = form_of(browser, event)
    colleague.move(colleague.id_of(event), TEN + HOUR, TEN + 2 * HOUR)
    asked = save(browser, event, fields, start="10:30", end="11:30")
    assert asked.status_code == 422
    page = text(asked)
    assert "Changed meanwhile" in page
    assert "10:30\u201311:30" in page
    assert "11:00\u201312:00" in page
    assert now(event).start_at == TEN + HOUR
    assert Fields(asked.content.decode()).sent["keep-when"] == ["mine"]
    assert answer(browser, asked).status_code == 302
    assert now(event).start_at == TEN + HOUR / 2


def test_theirs_is_taken_and_the_rest_of_mine_is_kept(browser, event, colleague):
    fields = form_of(browser, event)
    colleague.rename(event, "Theirs")
    asked = save(browser, event, fields, title="Mine", place="Room 9")
    done = answer(browser, asked, **{"keep-title": "theirs"})
    assert done.status_code == 302
    assert (now(event).title, event.location) == ("Theirs", "Room 9")


def test_what_only_they_changed_stays_and_is_mentioned(browser, event, colleague):
    fields = form_of(browser, event)
    colleague.rename(event, "Theirs")
    done = browser.post(
        f"/calendar/events/{event.pk}/edit", {**fields, "place": "Room 9"}, headers=HTMX
    )
    assert done.status_code == 204
    said = json.loads(done["HX-Trigger"])["toast"]["message"]
    assert "Their change of the title stays" in said
    assert (now(event).title, event.location) == ("Theirs", "Room 9")


def test_the_copy_caught_up_before_the_form_was_sent(browser, event, colleague, side, copy_events):
    """The week behind the dialog syncs every few seconds: the copy no longer shows what was."""
    fields = form_of(browser, event)
    colleague.rename(event, "Theirs")
    copy_events(side.calendar.connection)
    done = save(browser, event, fields, place="Room 9")
    assert done.status_code == 302
    assert (now(event).title, event.location) == ("Theirs", "Room 9")
    fields["title"] = ["Mine"]
    assert "Keep mine" in text(save(browser, event, fields))


def test_both_made_the_same_change(browser, event, colleague):
    fields = form_of(browser, event)
    colleague.rename(event, "Same")
    assert save(browser, event, fields, title="Same").status_code == 302
    assert now(event).title == "Same"


def test_another_change_while_the_question_is_open_asks_again(browser, event, colleague):
    fields = form_of(browser, event)
    colleague.rename(event, "Second")
    asked = save(browser, event, fields, title="Mine")
    colleague.rename(event, "Third")
    again = answer(browser, asked)
    assert again.status_code == 422
    assert "Third" in text(again)
    assert "Second" not in text(again).split("<main")[-1].split('name="base"')[0]
    assert answer(browser, again).status_code == 302
    assert now(event).title == "Mine"


def test_back_to_the_form_keeps_everything_typed(browser, event, colleague):
    fields = form_of(browser, event)
    colleague.rename(event, "Theirs")
    asked = save(
        browser, event, fields, title="Mine", notes="Bring the plans", guests="k@x.example"
    )
    page = answer(browser, asked, again="1")
    assert page.status_code == 200
    sent = Fields(page.content.decode()).sent
    assert (sent["title"], sent["notes"], sent["guests"]) == (
        ["Mine"], ["Bring the plans"], ["k@x.example"],
    )  # fmt: skip
    assert save(browser, event, sent).status_code == 302
    assert (now(event).title, event.description.strip()) == ("Mine", "Bring the plans")


def test_guests_of_both_lists(browser, event, colleague):
    fields = form_of(browser, event)
    address = {"email": "lee@x.example"}
    colleague.change(
        colleague.id_of(event),
        {"attendees": [address]},
        {"attendees": [{"emailAddress": {"address": "lee@x.example"}, "type": "required"}]},
    )
    asked = save(browser, event, fields, guests="kim@x.example")
    assert "lee@x.example" in text(asked)
    answer(browser, asked, **{"keep-guests": "both"})
    guests = {one["email"] for one in now(event).attendees if not one["is_organizer"]}
    assert {"kim@x.example", "lee@x.example"} <= guests


def test_wrong_field_is_said_before_anything_is_asked(browser, event, colleague):
    fields = form_of(browser, event)
    colleague.rename(event, "Theirs")
    page = save(browser, event, fields, title="Mine", start="10:30", end="09:00")
    assert page.status_code == 422
    assert "This is before the start" in text(page)


def test_form_without_its_beginning_asks_about_all_that_differs(
    browser, event, colleague, side, copy_events
):
    """A form from before this was built tells only its etag."""
    fields = form_of(browser, event)
    fields["base"] = ["[not ours"]
    colleague.rename(event, "Theirs")
    copy_events(side.calendar.connection)
    asked = save(browser, event, fields, place="Room 9")
    sent = Fields(asked.content.decode()).sent
    assert (sent["keep-title"], sent["keep-place"]) == (["theirs"], ["theirs"])
    answer(browser, asked, **{"keep-place": "mine"})
    assert (now(event).title, event.location) == ("Theirs", "Room 9")


def test_what_became_private_is_not_shown(sign_in, bob, browser, event, colleague, side):
    CalendarShare.objects.create(calendar=side.calendar, level="edit")
    other = sign_in(bob)
    fields = form_of(other, event)
    colleague.change(
        colleague.id_of(event),
        {"visibility": "private", "summary": "Secret"},
        {"sensitivity": "private", "subject": "Secret"},
    )
    answered = save(other, event, fields, title="Mine")
    assert answered.status_code == 404
    assert "Secret" not in text(answered)
    assert now(event).title == "Secret"


# --- Deleted meanwhile ---


@pytest.mark.parametrize("is_copied", [False, True], ids=["not yet known", "known"])
def test_deleted_event_can_be_created_again(
    browser, event, colleague, side, copy_events, is_copied
):
    fields = form_of(browser, event)
    colleague.delete(event)
    if is_copied:
        copy_events(side.calendar.connection)
    gone = save(browser, event, fields, title="Mine", start="10:30", end="11:30")
    assert gone.status_code == 422
    page = text(gone)
    assert "This event was deleted meanwhile" in page
    assert "10:30\u201311:30" in page
    assert side.held() == []
    made = answer(browser, gone)
    assert made.status_code == 302
    fresh = Event.objects.get(deleted_at=None)
    assert fresh.pk != event.pk
    assert (fresh.title, fresh.start_at, fresh.location) == ("Mine", TEN + HOUR / 2, "Room 1")
    assert len(side.held()) == 1


def test_form_of_a_deleted_event_does_not_open(browser, event, colleague, side, copy_events):
    colleague.delete(event)
    copy_events(side.calendar.connection)
    assert browser.get(f"/calendar/events/{event.pk}/edit").status_code == 404


# --- Of a series ---


def test_colour_and_kind_that_the_form_could_not_send_are_no_change(browser, event, colleague):
    fields = form_of(browser, event)
    fields.pop("hue", None)
    fields.pop("kind", None)
    colleague.rename(event, "Theirs")
    assert save(browser, event, fields, place="Room 9").status_code == 302
    assert (now(event).title, event.location) == ("Theirs", "Room 9")


def test_end_in_another_zone_is_told_with_both_cities(browser, event, colleague):
    fields = form_of(browser, event)
    colleague.move(colleague.id_of(event), TEN + HOUR, TEN + 2 * HOUR)
    asked = save(browser, event, fields, end_zone="Europe/Lisbon", end="12:00")
    assert "10:00 Berlin\u201312:00 Lisbon" in text(asked).replace(" \u2013 ", "\u2013")
    assert "Monday 23 November 2026, 11:00\u201312:00" in text(asked)


def test_notes_that_both_wrote_are_shown_without_their_markup(browser, event, colleague):
    fields = form_of(browser, event)
    colleague.change(
        colleague.id_of(event),
        {"description": "<b>Theirs</b>"},
        {"body": {"contentType": "html", "content": "<b>Theirs</b>"}},
    )
    asked = save(browser, event, fields, notes_html="<p>Mine, <b>bold</b></p>")
    page = text(asked)
    assert "Mine, bold" in page
    assert "Theirs" in page
    assert answer(browser, asked).status_code == 302
    assert "bold</b>" in now(event).description
