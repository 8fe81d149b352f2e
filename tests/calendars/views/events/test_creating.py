"""Creating an event in a browser, against the sandbox."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from calendars.models import Event
from tests.calendars.views.events.conftest import FORM, HTMX, MONDAY_TEN, create, text
from tests.factories import make_event

pytestmark = pytest.mark.django_db


# --- Creating ---


@pytest.fixture(autouse=True)
def _clock(time_machine):
    """The week that its dates are written for."""
    time_machine.move_to("2026-11-20T12:00:00Z", tick=True)


def test_form_opens_at_the_time_that_was_pressed(browser, google):
    page = text(browser.get("/calendar/events/new?start=2026-11-23T14:30"))
    for value in ('name="day" value="2026-11-23"', 'name="start" value="14:30"',
                  'name="end" value="15:30"'):  # fmt: skip
        assert value in page
    assert '<option value="Europe/Berlin" selected>Berlin (CET)</option>' in page


@pytest.mark.parametrize(
    "start", ["", "soon", "2026-99-99T10:00", "0001-01-01T00:00", "9999-12-31"]
)
def test_form_opens_whatever_the_address_asks_for(browser, google, start):
    assert browser.get("/calendar/events/new", {"start": start}).status_code == 200


def test_date_alone_opens_an_all_day_event(browser, google):
    page = text(browser.get("/calendar/events/new?start=2026-11-23"))
    assert re.search(r'name="all_day"[^>]* checked', page)


def test_event_with_meet_is_made_at_google_and_shown(browser, google):
    response = create(browser, google.calendar, conference="meet", guests="kim@osprey.example")
    assert (response.status_code, response["Location"]) == (302, "/calendar?date=2026-11-23")
    (held,) = google.held()
    assert held["summary"] == "Kick-off"
    assert held["start"]["dateTime"] == "2026-11-23T10:00:00+01:00"
    assert (
        held["conferenceData"]["createRequest"]["conferenceSolutionKey"]["type"] == "hangoutsMeet"
    )
    assert [guest["email"] for guest in held["attendees"]] == ["kim@osprey.example"]
    event = Event.objects.get()
    assert (event.title, event.start_at, event.conference) == ("Kick-off", MONDAY_TEN, "meet")
    assert "Kick-off" in text(browser.get(response["Location"]))


def test_event_with_teams_is_made_at_outlook(browser, outlook):
    create(browser, outlook.calendar, conference="teams")
    (held,) = outlook.held()
    assert (held["subject"], held["start"]) == ("Kick-off", "2026-11-23T10:00:00")
    event = Event.objects.get()
    assert (event.conference, event.conference_state) == ("teams", "ready")


def test_auto_takes_what_the_calendar_has(browser, outlook):
    create(browser, outlook.calendar, conference="auto")
    assert Event.objects.get().conference == "teams"


def test_htmx_closes_the_dialog_and_tells_the_page(browser, google):
    response = create(browser, google.calendar, headers=HTMX)
    assert response.status_code == 204
    event = Event.objects.get()
    assert f"ev-{event.pk}" in response["HX-Trigger"]
    assert "was created" in response["HX-Trigger"]


def test_pressing_twice_makes_one_event(browser, google):
    create(browser, google.calendar)
    create(browser, google.calendar)
    assert len(google.held()) == 1
    assert Event.objects.count() == 1


def test_lost_answer_and_a_second_press_make_one_event(browser, google, sandbox):
    sandbox.fault("google.events.insert", lost=True)
    refused = create(browser, google.calendar, headers=HTMX)
    assert refused.status_code == 422
    key = re.search(r'name="idempotency_key" value="([0-9a-f]+)"', refused.content.decode())[1]
    assert create(browser, google.calendar, idempotency_key=key).status_code == 302
    assert len(google.held()) == 1


def test_all_day_event_over_two_days_ends_on_the_day_after(browser, google):
    create(browser, google.calendar, all_day="on", last_day="2026-11-24", start="", end="")
    (held,) = google.held()
    assert (held["start"]["date"], held["end"]["date"]) == ("2026-11-23", "2026-11-25")


def test_event_over_midnight_names_its_last_day(browser, google):
    create(browser, google.calendar, start="22:00", end="01:00", last_day="2026-11-24")
    event = Event.objects.get()
    assert event.end_at - event.start_at == timedelta(hours=3)


def test_time_is_read_in_the_chosen_zone(browser, google):
    create(browser, google.calendar, zone="America/New_York")
    assert Event.objects.get().start_at == datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def test_repeated_hour_is_the_first_of_the_two(browser, google):
    create(browser, google.calendar, day="2026-10-25", start="02:30", end="03:30")
    event = Event.objects.get()
    assert event.start_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert event.end_at - event.start_at == timedelta(hours=2)


def test_last_used_calendar_is_offered_first(browser, google, outlook):
    create(browser, outlook.calendar)
    page = text(browser.get("/calendar/events/new"))
    assert f'<option value="{outlook.calendar.pk}" selected>' in page


def test_booking_calendar_is_offered_before_the_first_use(browser, google, outlook):
    page = text(browser.get("/calendar/events/new"))
    assert f'<option value="{google.calendar.pk}" selected>' in page


def test_links_follow_the_chosen_calendar(browser, google, outlook):
    query = {**FORM, "calendar": str(outlook.calendar.pk), "conference": "auto"}
    page = text(
        browser.get("/calendar/events/new", query, headers={**HTMX, "HX-Target": "ev-choices"})
    )
    assert "Teams here" in page
    assert "Needs a Google calendar" in page
    assert 'name="title"' not in page


def test_links_follow_without_scripts_and_keep_what_was_typed(browser, google, outlook):
    response = create(browser, outlook.calendar, update="choices", guests="kim@osprey.example")
    assert response.status_code == 200
    page = text(response)
    assert "Needs a Google calendar" in page
    assert 'value="Kick-off"' in page
    assert "kim@osprey.example" in page
    assert google.held() == outlook.held() == []


def test_overlap_is_said_before_it_is_made(browser, google):
    make_event(google.calendar, "Board", start=MONDAY_TEN)
    page = text(browser.get("/calendar/events/new?start=2026-11-23T10:30"))
    assert "Overlaps Board, 10:00\u201311:00" in page
    assert "Overlaps" not in text(browser.get("/calendar/events/new?start=2026-11-23T11:00"))


def test_without_a_calendar_to_write_to_the_dialog_offers_to_connect(browser):
    page = text(browser.get("/calendar/events/new", headers=HTMX))
    assert "/oauth/google/start?user=me&next=calendar" in page


# --- Refused ---


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"day": "tomorrow"}, "id_day", "Give a day such as 2026-11-19."),
        ({"day": "9999-12-31"}, "id_day", "Choose a year between 1970 and 2100."),
        ({"start": "25:00"}, "id_start", "Give a time such as 09:30."),
        ({"start": ""}, "id_start", "Give a time, or tick All day."),
        ({"end": "09:00"}, "id_end", "This is before the start, 10:00."),
        ({"end": "10:00"}, "id_end", "This is the start itself, 10:00."),
        ({"last_day": "2020-11-22"}, "id_last_day", "This is before the first day, 23 November."),
        ({"last_day": "x"}, "id_last_day", "Give a day such as 2026-11-20, or leave it empty."),
        ({"zone": "Mars/Olympus"}, "id_zone", "Choose a time zone from the list"),
        ({"calendar": "x"}, "id_calendar", "Choose a calendar that you may write to."),
        ({"conference": "skype"}, "id_conference", "Choose a meeting link, or None."),
        ({"conference": ""}, "id_conference", "Choose a meeting link, or None."),
        ({"guests": "kim@, lee"}, "id_guests", "“kim@” is not an e-mail address."),
        ({"guests": "kim@, lee"}, "id_guests", "“lee” is not an e-mail address."),
        ({"reminders": "x"}, "id_reminders", "x is not one of the available choices."),
        (
            {"day": "2026-03-29", "start": "02:30", "end": "04:00"},
            "id_start",
            "The clocks in Berlin skip 02:30 on 29 March. Choose another time.",
        ),
    ],
)
def test_what_cannot_be_used_is_named_and_kept(browser, google, changes, field, words):
    response = create(browser, google.calendar, headers=HTMX, **changes)
    assert response.status_code == 422
    page = text(response)
    assert re.search(rf'href="#{field}">[^<]*{re.escape(words)}', page)
    assert f'id="{field}"' in page
    assert 'value="Kick-off"' in page
    assert google.held() == []


def test_everything_wrong_is_said_at_once(browser, google):
    response = create(browser, google.calendar, headers=HTMX, end="09:00", guests="kim@")
    assert "2 things to put right" in text(response)


def test_guests_may_be_parted_by_anything(browser, google):
    create(browser, google.calendar, guests="a@x.example; b@x.example\nc@x.example,A@x.example")
    (held,) = google.held()
    assert [g["email"] for g in held["attendees"]] == ["a@x.example", "b@x.example", "c@x.example"]


def test_link_the_calendar_cannot_make_is_refused_beside_the_links(browser, google):
    response = create(browser, google.calendar, headers=HTMX, conference="teams")
    assert response.status_code == 422
    assert "Teams needs an Outlook calendar." in text(response)
    assert google.held() == []


def test_link_beyond_the_plan_names_the_plan(browser, google, workspace):
    workspace.tier = "free"
    workspace.save()
    response = create(browser, google.calendar, headers=HTMX, conference="zoom")
    assert response.status_code == 422
    assert "Zoom is on the Advanced plan. Meet works today." in text(response)


def test_provider_that_does_not_answer_loses_nothing_typed(browser, google, sandbox):
    sandbox.fault("google.events.insert", status=503, count=None)
    response = create(browser, google.calendar, headers=HTMX, notes="Bring the plans")
    assert response.status_code == 422
    assert "Bring the plans" in text(response)
    assert 'class="error-summary"' in text(response)
