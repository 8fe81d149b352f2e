"""Yes, maybe and no in an event's details, with scripts and without, and who is offered them."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from calendars.enums import ShareLevel
from calendars.models import Calendar, Event
from calendars.services.sharing import share_calendar
from tests.calendars.views.events.conftest import HTMX, typed

pytestmark = pytest.mark.django_db
NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)


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


@pytest.fixture
def invited(side, copy_events):
    def asked(**fields):
        given = {"title": "Review", "start": NINE, "end": NINE + timedelta(hours=1)}
        given |= {"organizer": "boss@example.org", **fields}
        side.store.add_event(side.remote, **given)
        copy_events(side.calendar.connection)
        return Event.objects.filter(recurrence=[]).order_by("start_at").first()

    return asked


def text(response) -> str:
    return html.unescape(response.content.decode())


def pressed(browser, event):
    """The label of the pressed button, or None; fails without the three of them."""
    page = text(browser.get(f"/calendar/events/{event.pk}"))
    buttons = re.findall(r'name="response" value="(\w+)" aria-pressed="(true|false)"', page)
    assert [value for value, _ in buttons] == ["accepted", "tentative", "declined"]
    return next((value for value, is_pressed in buttons if is_pressed == "true"), None)


def say(browser, event, said, headers=None, **more):
    data = {"response": said, **more}
    return browser.post(f"/calendar/events/{event.pk}/respond", data, headers=headers or {})


def week(browser):
    return text(browser.get("/calendar?date=2026-11-23&view=week"))


def block(page):
    """The classes of the event's block."""
    return re.search(
        r'<[^>]*class="([^"]*\bev\b[^"]*)"[^>]*>(?:(?!</a>).)*Review', page, re.DOTALL
    )[1]


def test_details_ask_and_show_the_answer_given(browser, invited):
    event = invited()
    assert pressed(browser, event) is None
    assert "boss@example.org invites you. Will you come?" in text(
        browser.get(f"/calendar/events/{event.pk}")
    )

    say(browser, event, "tentative")

    assert pressed(browser, event) == "tentative"
    assert "You said maybe" in text(browser.get(f"/calendar/events/{event.pk}"))


def test_answer_without_scripts_leads_back_to_the_week_and_says_so(browser, invited):
    response = say(browser, invited(), "accepted")
    assert (response.status_code, response["Location"]) == (302, "/calendar?date=2026-11-23")
    assert "You said yes to “Review”" in week(browser)


def test_answer_in_the_dialog_closes_it_and_has_the_week_drawn_anew(browser, invited):
    response = say(browser, invited(), "accepted", headers=HTMX)
    assert response.status_code == 204
    said = json.loads(response["HX-Trigger"])
    assert said["events:changed"] == {"focus": f"ev-{Event.objects.get().pk}"}
    assert said["toast"]["message"] == "You said yes to “Review”"


def test_block_says_what_was_answered(browser, invited, side):
    event = invited()
    assert "is-asked" in block(week(browser))
    say(browser, event, "tentative")
    assert "is-maybe" in block(week(browser))
    say(browser, event, "accepted")
    assert "is-" not in block(week(browser)).replace("is-past", "")
    response = say(browser, event, "declined", headers=HTMX)
    toast = json.loads(response["HX-Trigger"])["toast"]["message"]
    if side.calendar.connection.provider == "google":
        assert toast == "You said no to “Review”"
        assert "is-declined" in block(week(browser))
    else:
        assert toast == "You said no to “Review”. Outlook has taken it off the calendar"
        assert f"ev-{event.pk}" not in week(browser)


def test_answer_may_be_for_all_of_a_series(browser, invited):
    event = invited(recurrence=("RRULE:FREQ=DAILY;COUNT=3",))
    page = text(browser.get(f"/calendar/events/{event.pk}"))
    assert re.findall(r'type="radio" name="scope" value="(\w+)"', page) == ["this", "all"]

    say(browser, event, "accepted", scope="all")

    assert set(Event.objects.values_list("response", flat=True)) == {"accepted"}


def test_comment_reaches_the_provider(browser, invited, side):
    event = invited()
    say(browser, event, "tentative", comment="Ten minutes late")
    if side.calendar.connection.provider == "google":
        (guest,) = side.held()[0]["attendees"]
        assert (guest["responseStatus"], guest["comment"]) == ("tentative", "Ten minutes late")
    else:
        sent = [call for call in side.store.log if call["operation"] == "microsoft.events.respond"]
        assert len(sent) == 1


@pytest.mark.parametrize(
    "sent", [{"response": ""}, {"response": "perhaps"}, {"response": "accepted", "scope": "some"}]
)
def test_what_is_no_answer_is_said_and_changes_nothing(browser, invited, sent):
    event = invited()
    address = f"/calendar/events/{event.pk}/respond"
    response = browser.post(address, sent, headers=HTMX)
    assert response.status_code == 204
    assert json.loads(response["HX-Trigger"])["toast"]["level"] == "error"
    plain = browser.post(address, sent)
    assert (plain.status_code, plain["Location"]) == (302, f"/calendar/events/{event.pk}")
    assert Event.objects.get().response == "needs_action"


def test_provider_that_fails_is_said_in_words(browser, invited, sandbox):
    event = invited()
    sandbox.fault("*.events.*", status=503, count=None)
    response = say(browser, event, "accepted", headers=HTMX)
    toast = json.loads(response["HX-Trigger"])["toast"]
    assert toast["level"] == "error"
    assert toast["message"].endswith(
        " did not answer. Your answer may have arrived all the same. Try again: it is one answer."
    )
    assert Event.objects.get().response == "needs_action"


def test_ones_own_event_offers_no_answer(browser, side, copy_events):
    side.store.add_event(side.remote, title="Mine", start=NINE, end=NINE + timedelta(hours=1))
    copy_events(side.calendar.connection)
    event = Event.objects.get()
    assert 'name="response"' not in text(browser.get(f"/calendar/events/{event.pk}"))
    response = say(browser, event, "accepted", headers=HTMX)
    assert "You organise this event" in json.loads(response["HX-Trigger"])["toast"]["message"]


def test_colleague_answers_only_where_it_is_shared_for_changes(
    sign_in, bob, bob_membership, invited, side
):
    def share(level):
        members = {bob_membership.pk: level}
        share_calendar(calendar=side.calendar, everyone=ShareLevel.BUSY, members=members)

    event = invited()
    browser = sign_in(bob, raise_request_exception=False)
    address = f"/calendar/events/{event.pk}"
    assert say(browser, event, "accepted").status_code == 404

    share(ShareLevel.DETAILS)
    assert 'name="response"' not in text(browser.get(address))
    assert say(browser, event, "accepted").status_code == 403

    share(ShareLevel.EDIT)
    assert pressed(browser, event) is None
    assert say(browser, event, "accepted").status_code == 302
    assert Event.objects.get().response == "accepted"


def test_guest_of_the_account_is_you_to_its_owner_and_to_nobody_else(
    browser, sign_in, bob, bob_membership, invited, side
):
    members = {bob_membership.pk: ShareLevel.DETAILS}
    share_calendar(calendar=side.calendar, everyone=ShareLevel.BUSY, members=members)
    address = f"/calendar/events/{invited().pk}"
    own = side.calendar.connection.connected_email
    assert f"<span>You <small>{own}</small>" in text(browser.get(address))
    to_bob = text(sign_in(bob).get(address))
    assert own in to_bob
    assert "<span>You" not in to_bob


def test_who_is_invited_is_no_guest_in_the_form_and_stays_invited(browser, invited, side):
    event = invited()
    own = side.calendar.connection.connected_email
    assert own in [one["email"] for one in event.attendees]
    page = text(browser.get(f"/calendar/events/{event.pk}/edit"))
    field = re.search(r'<(?:input|textarea)[^>]*name="guests"[^>]*>[^<]*', page)
    assert field is not None
    assert own not in field[0]
    form = typed(browser, event, guests="kim@osprey.example")
    answer = browser.post(f"/calendar/events/{event.pk}/edit", form)
    # Outlook lets nobody but the organiser change a meeting.
    is_refused = side.calendar.connection.provider == "outlook"
    assert answer.status_code == (422 if is_refused else 302)
    invited_now = {one["email"] for one in Event.objects.get().attendees}
    assert own in invited_now
    assert ("kim@osprey.example" in invited_now) is not is_refused


def test_read_only_calendar_offers_no_answer(browser, invited, side):
    event = invited()
    Calendar.objects.update(is_writable=False)
    page = text(browser.get(f"/calendar/events/{event.pk}"))
    assert 'name="response"' not in page
    assert "Your answer: No reply yet" in page


# --- The API ---

EVENTS = "/api/v1/calendar/events"


def patch(browser, event, **given):
    body = {"event": str(event.pk), **given}
    return browser.patch(EVENTS, json.dumps(body), content_type="application/json")


def test_api_answers_and_gives_the_event_back(browser, invited):
    event = invited()
    answer = patch(browser, event, response="tentative", comment="Late")
    assert answer.status_code == 200
    assert (answer.json()["ok"], answer.json()["event"]["response"]) == (True, "tentative")


def test_api_says_when_a_declined_event_left_the_calendar(browser, invited, side):
    answer = patch(browser, invited(), response="declined").json()
    assert answer["event"]["response"] == "declined"
    gone = side.calendar.connection.provider == "outlook"
    assert answer.get("notes") == (["Outlook has taken it off the calendar"] if gone else None)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "draft"),
        ({"response": "perhaps"}, "response"),
        ({"response": "needs_action"}, "response"),
        ({"response": "accepted", "draft": {"title": "x"}}, "response"),
        ({"draft": {"title": "x"}, "comment": "y"}, "comment"),
        ({"response": "accepted", "comment": "x" * 501}, "comment"),
    ],
)
def test_api_names_what_is_wrong(browser, invited, given, field):
    answer = patch(browser, invited(), **given)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert Event.objects.get().response == "needs_action"


def test_api_refuses_this_and_the_following_and_ones_own(browser, invited, side, copy_events):
    event = invited(recurrence=("RRULE:FREQ=DAILY;COUNT=2",))
    answer = patch(browser, event, response="accepted", scope="following")
    assert (answer.status_code, answer.json()["field"]) == (400, "scope")
    later = NINE + timedelta(days=9)
    side.store.add_event(side.remote, title="Mine", start=later, end=later + timedelta(hours=1))
    copy_events(side.calendar.connection)
    own = Event.objects.get(title="Mine")
    assert patch(browser, own, response="accepted").status_code == 403


def test_form_of_an_invitation_says_whose_event_it_is(browser, invited):
    """It promised that guests get an invitation, and the provider refused the change."""
    event = invited()
    page = text(browser.get(f"/calendar/events/{event.pk}/edit"))
    assert "boss@example.org organises this. What is common to all only they can change." in page
    assert "Guests get one invitation" not in page
