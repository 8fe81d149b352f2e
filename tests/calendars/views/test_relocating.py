"""An event's calendar, chosen anew where it can move and fixed with a reason elsewhere."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from calendars.models import Calendar, Event
from tests.calendars.views.events.conftest import FORM, HTMX
from tests.factories import make_calendar, make_connection
from workspaces.owners import owner_of_user

pytestmark = pytest.mark.django_db
EVENTS = "/api/v1/calendar/events"
NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(datetime(2026, 11, 20, 12, tzinfo=UTC), tick=True):
        yield


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


@pytest.fixture
def account(sandbox, side, user_owner, copy_events):
    """Call it with a provider: an account with a second calendar, Studio."""

    def made(provider="google"):
        found = side(user_owner, provider)
        connection = found.calendar.connection
        sandbox.store.add_calendar(sandbox.account(connection), name="Studio")
        copy_events(connection)
        return found

    return made


@pytest.fixture
def google(account):
    return account()


@pytest.fixture
def studio(google):
    return Calendar.objects.get(name="Studio")


def text(response) -> str:
    return html.unescape(response.content.decode())


def create(browser, into, **changes):
    browser.post("/calendar/events/new", {**FORM, "calendar": str(into.pk), **changes})
    return Event.objects.filter(recurrence=[]).order_by("start_at").first()


def edit(browser, event, headers=None, **changes):
    """Send the form as a browser has it, with these changes."""
    page = browser.get(f"/calendar/events/{event.pk}/edit").content.decode()
    etag = html.unescape(re.search(r'name="etag" value="([^"]*)"', page)[1])
    chosen = re.search(r'<select name="calendar".*?value="([^"]+)" selected', page, re.DOTALL)
    calendar = {"calendar": chosen[1]} if chosen else {}
    series = {"scope": "this", "stops": "never"} if 'name="scope"' in page else {}
    repeats = re.search(r'<select name="repeats".*?value="([^"]+)" selected', page, re.DOTALL)
    series |= {"repeats": repeats[1]} if repeats and series else {}
    if series:
        series |= {"stops": "after", "times": "3"}
    data = {**FORM, **series, "etag": etag, **calendar, **changes}
    return browser.post(f"/calendar/events/{event.pk}/edit", data, headers=headers or {})


def live():
    return list(Event.objects.filter(deleted_at=None, recurrence=[]).order_by("start_at"))


def test_form_offers_the_calendars_of_the_same_account(browser, google, studio, user_owner):
    make_calendar(make_connection(user_owner), "Elsewhere")
    event = create(browser, google.calendar)
    page = text(browser.get(f"/calendar/events/{event.pk}/edit"))
    select = re.search(r'<select name="calendar".*?</select>', page, re.DOTALL)[0]
    assert set(re.findall(r'value="([^"]+)"', select)) == {
        str(google.calendar.pk), str(studio.pk),
    }  # fmt: skip
    assert f'value="{google.calendar.pk}" selected' in select


def test_chosen_calendar_gets_the_event(browser, google, studio):
    event = create(browser, google.calendar)

    response = edit(browser, event, calendar=str(studio.pk))

    assert (response.status_code, response["Location"]) == (302, "/calendar?date=2026-11-23")
    (moved,) = live()
    assert (moved.title, moved.calendar) == ("Kick-off", studio)
    assert "“Kick-off” was moved to Studio" in text(browser.get(response["Location"]))
    assert google.held() == []


def test_move_in_the_dialog_puts_the_focus_on_the_moved_event(browser, google, studio):
    event = create(browser, google.calendar)
    response = edit(browser, event, headers=HTMX, calendar=str(studio.pk), title="Renamed")
    assert response.status_code == 204
    said = json.loads(response["HX-Trigger"])
    assert said["events:changed"] == {"focus": f"ev-{live()[0].pk}"}
    assert said["toast"]["message"] == "“Renamed” was moved to Studio and changed"
    assert (live()[0].title, live()[0].calendar) == ("Renamed", studio)


def test_half_done_save_says_so_and_goes_on_with_the_moved_event(browser, google, studio, sandbox):
    event = create(browser, google.calendar)
    sandbox.fault("google.events.patch", status=503)

    response = edit(browser, event, calendar=str(studio.pk), title="Renamed")

    assert response.status_code == 422
    page = text(response)
    (moved,) = live()
    assert "The event is in Studio now. The other changes were not saved:" in page
    assert f'action="/calendar/events/{moved.pk}/edit"' in page
    assert 'value="Renamed"' in page
    etag = html.unescape(re.search(r'name="etag" value="([^"]*)"', response.text)[1])
    assert etag == moved.etag

    again = {**FORM, "title": "Renamed", "etag": etag, "calendar": str(studio.pk)}
    assert browser.post(f"/calendar/events/{moved.pk}/edit", again).status_code == 302
    assert [(one.title, one.calendar) for one in live()] == [("Renamed", studio)]


def test_event_that_both_changed_does_not_move_before_that_is_settled(browser, google, studio):
    event = create(browser, google.calendar)
    Event.objects.filter(pk=event.pk).update(title="Theirs")
    response = edit(browser, event, calendar=str(studio.pk), etag="an older one")
    assert response.status_code == 422
    assert "Somebody changed this event while you were at it." in text(response)
    assert live()[0].calendar == google.calendar


def test_event_that_they_renamed_moves_with_their_name(browser, google, studio):
    event = create(browser, google.calendar)
    google.store.change_event(google.remote, event.remote_id, {"summary": "Theirs"})
    assert edit(browser, event, calendar=str(studio.pk)).status_code == 302
    assert [(one.title, one.calendar) for one in live()] == [("Theirs", studio)]


def test_series_moves_with_all_events_only(browser, google, studio):
    event = create(browser, google.calendar, repeats="weekly", stops="after", times="3")
    page = text(browser.get(f"/calendar/events/{event.pk}/edit"))
    assert "A series moves as a whole, with All events." in page

    refused = edit(browser, event, calendar=str(studio.pk), scope="this")
    assert refused.status_code == 422
    assert "A series moves as a whole: choose All events." in text(refused)

    assert edit(browser, event, calendar=str(studio.pk), scope="all").status_code == 302
    assert [one.calendar for one in live()] == [studio] * 3


def test_outlook_says_why_the_calendar_is_fixed(browser, account):
    outlook = account("outlook")
    event = create(browser, outlook.calendar)
    page = text(browser.get(f"/calendar/events/{event.pk}/edit"))
    assert '<select name="calendar"' not in page
    assert "Outlook cannot move an event to another calendar." in page


def test_guest_is_told_that_the_organiser_moves_it(browser, google, studio, copy_events):
    later = NINE + timedelta(days=1)
    google.store.add_event(
        google.remote, title="Theirs", start=NINE, end=later, organizer="boss@example.org"
    )
    copy_events(google.calendar.connection)
    page = text(browser.get(f"/calendar/events/{live()[0].pk}/edit"))
    assert '<select name="calendar"' not in page
    assert "Only the organiser can move it to another calendar." in page


def test_only_calendar_of_an_account_needs_no_reason(browser, side, user_owner):
    only = side(user_owner, "outlook")
    event = create(browser, only.calendar)
    assert "cannot move" not in text(browser.get(f"/calendar/events/{event.pk}/edit"))


# --- The API ---


def patch(browser, event, **given):
    body = {"event": str(event.pk), **given}
    return browser.patch(EVENTS, json.dumps(body), content_type="application/json")


def test_api_moves_and_gives_the_new_id(browser, google, studio):
    event = create(browser, google.calendar)
    answer = patch(browser, event, moveTo=str(studio.pk), draft={"title": "Renamed"}).json()
    (moved,) = live()
    assert (answer["eventId"], answer["event"]["calendar"]) == (str(moved.pk), str(studio.pk))
    assert answer["event"]["title"] == "Renamed"
    again = patch(browser, event, moveTo=str(studio.pk))
    assert (again.status_code, again.json()["eventId"]) == (200, str(moved.pk))


def test_api_says_what_was_done_of_a_half_done_change(browser, google, studio, sandbox):
    event = create(browser, google.calendar)
    sandbox.fault("google.events.patch", status=503)
    answer = patch(browser, event, moveTo=str(studio.pk), draft={"title": "Renamed"})
    assert answer.status_code == 503
    assert answer.json()["code"] == "upstream_unavailable"
    assert answer.json()["eventId"] == str(live()[0].pk)
    assert "The event is in Studio now." in answer.json()["message"]


def test_api_refuses_what_cannot_move(browser, account):
    outlook = account("outlook")
    event = create(browser, outlook.calendar)
    other = Calendar.objects.get(name="Studio")
    answer = patch(browser, event, moveTo=str(other.pk))
    assert (answer.status_code, answer.json()["code"]) == (400, "unsupported")


def test_api_names_the_calendar_that_is_refused_as_it_was_sent(browser, google, studio):
    create(browser, google.calendar, repeats="daily", stops="after", times="3")
    answer = patch(browser, live()[1], moveTo=str(studio.pk))
    assert (answer.status_code, answer.json()["field"]) == (400, "moveTo")


def test_api_moves_nothing_that_changed_meanwhile(browser, google, studio):
    event = create(browser, google.calendar)
    answer = patch(browser, event, moveTo=str(studio.pk), etag="an older one")
    assert answer.status_code == 412
    assert live()[0].calendar == google.calendar


def test_nothing_moves_to_a_calendar_of_somebody_else(
    browser, google, studio, other_workspace, charlie, bob_owner
):
    foreign = make_calendar(make_connection(owner_of_user(charlie, other_workspace)), "Foreign")
    bobs = make_calendar(make_connection(bob_owner), "Bob's")
    event = create(browser, google.calendar)
    assert patch(browser, event, moveTo=str(foreign.pk)).status_code == 404
    assert patch(browser, event, moveTo=str(bobs.pk)).status_code == 403
    for calendar in (foreign, bobs):
        assert edit(browser, event, calendar=str(calendar.pk)).status_code == 422
    assert live()[0].calendar == google.calendar
