"""Creating, reading, changing and deleting an event in a browser, against the sandbox."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta

import pytest

from audit.models import OAuthTokenAccessLog
from calendars.models import CalendarShare, Event
from tests.factories import make_calendar, make_connection, make_event, make_member, make_user
from workspaces.enums import Role

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
MONDAY_TEN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # 10:00 in Berlin, alice's zone
FORM = {
    "title": "Kick-off",
    "day": "2026-11-23",
    "start": "10:00",
    "end": "11:00",
    "zone": "Europe/Berlin",
    "conference": "none",
    "guests": "",
    "busy": "on",
    "reminders": "default",
    "visibility": "default",
    "idempotency_key": "0123456789abcdef0123456789abcdef",
}


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


@pytest.fixture
def google(side, user_owner):
    return side(user_owner)


@pytest.fixture
def outlook(side, user_owner):
    return side(user_owner, "outlook")


def text(response) -> str:
    return html.unescape(response.content.decode())


def create(browser, into, *, headers=None, **changes):
    data = {**FORM, "calendar": str(into.pk), **changes}
    return browser.post("/calendar/events/new", data, headers=headers or {})


def typed(browser, event, **changes):
    """What a browser would send back from the event's form, with these changes."""
    page = browser.get(f"/calendar/events/{event.pk}/edit").content.decode()
    etag = re.search(r'name="etag" value="([^"]*)"', page)
    return {
        **FORM,
        "title": event.title,
        "etag": html.unescape(etag[1]) if etag else "",
        "conference": event.conference or "none",
        "guests": ", ".join(a["email"] for a in event.attendees if not a["is_organizer"]),
        "notes": event.description,
        **changes,
    }


# --- Creating ---


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
        ({"last_day": "2026-11-22"}, "id_last_day", "This is before the first day, 23 November."),
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


# --- Reading ---


def test_details_say_when_where_who(browser, google):
    create(browser, google.calendar, guests="kim@osprey.example", place="Room 4", notes="Agenda")
    event = Event.objects.get()
    page = text(browser.get(f"/calendar/events/{event.pk}"))
    assert "Monday 23 November 2026, 10:00\u201311:00" in page
    assert "CET" in page
    for said in ("Kick-off", "Room 4", "Agenda", "kim@osprey.example", "No reply yet",
                 "on alice@google.example, Google Calendar"):  # fmt: skip
        assert said in page


def test_details_for_htmx_are_the_sheet_alone(browser, google):
    event = make_event(google.calendar, "Board")
    page = text(browser.get(f"/calendar/events/{event.pk}", headers=HTMX))
    assert "<html" not in page
    assert "data-beside" in page


def test_hostile_description_becomes_text(browser, google):
    event = make_event(
        google.calendar,
        "<b>x</b>",
        description='<p>Hi<script>alert(1)</script> <a href="javascript:alert(2)">go</a> '
        '<img src=x onerror=alert(3)> https://osprey.example/a"onmouseover="x</p>',
        location="javascript:alert(4)",
        conference="meet",
        conference_state="ready",
        conference_url="javascript:alert(5)",
        attendees=[{"email": "<i>@x", "name": "<u>n</u>", "response": "accepted"}],
    )
    page = browser.get(f"/calendar/events/{event.pk}").content.decode()
    for danger in ("<script>alert", 'href="javascript', "<img", "<b>x", "<i>@", "<u>n", "onerror="):
        assert danger not in page
    assert 'href="https://osprey.example/a"' in page


def test_link_on_its_way_asks_again_by_itself(browser, google):
    event = make_event(google.calendar, conference="meet", conference_state="pending")
    page = text(browser.get(f"/calendar/events/{event.pk}"))
    assert "The link is on its way from Google." in page
    assert 'hx-trigger="every 3s"' in page


def test_link_that_failed_says_why(browser, google):
    event = make_event(google.calendar, conference="meet", conference_state="failed",
                       conference_note="Google refused.")  # fmt: skip
    page = text(browser.get(f"/calendar/events/{event.pk}"))
    assert "There is no Google Meet link." in page
    assert "Google refused." in page


def test_start_in_the_events_own_zone_is_told(browser, google):
    event = make_event(google.calendar, start=MONDAY_TEN, timezone="America/New_York")
    assert "04:00 in New York" in text(browser.get(f"/calendar/events/{event.pk}"))


# --- Changing ---


def test_only_what_changed_is_sent(browser, google, sandbox):
    create(browser, google.calendar, guests="kim@osprey.example", notes="Agenda")
    event = Event.objects.get()
    response = browser.post(f"/calendar/events/{event.pk}/edit", typed(browser, event, title="New"))
    assert response.status_code == 302
    (held,) = google.held()
    assert (held["summary"], held["description"]) == ("New", "Agenda")
    assert len(sandbox.calls("google.events.patch")) == 1
    assert Event.objects.get().title == "New"


@pytest.mark.parametrize("provider", ["google", "outlook"])
def test_time_can_be_moved(browser, side, user_owner, provider):
    account = side(user_owner, provider)
    create(browser, account.calendar)
    event = Event.objects.get()
    data = typed(browser, event, start="15:00", end="16:00")
    assert browser.post(f"/calendar/events/{event.pk}/edit", data).status_code == 302
    event.refresh_from_db()
    assert event.start_at == MONDAY_TEN + timedelta(hours=5)


def test_nothing_changed_asks_nobody(browser, google, sandbox):
    create(browser, google.calendar)
    event = Event.objects.get()
    before = len(sandbox.calls())
    assert (
        browser.post(f"/calendar/events/{event.pk}/edit", typed(browser, event)).status_code == 302
    )
    assert len(sandbox.calls()) == before


def test_change_made_elsewhere_meanwhile_is_not_overwritten(browser, google):
    create(browser, google.calendar)
    event = Event.objects.get()
    data = typed(browser, event, title="Mine")
    google.store.change_event(google.remote, event.remote_id, {"summary": "Theirs"})
    response = browser.post(f"/calendar/events/{event.pk}/edit", data, headers=HTMX)
    assert response.status_code == 422
    assert "Somebody changed this event while you were at it." in text(response)
    assert google.held()[0]["summary"] == "Theirs"


def test_event_deleted_elsewhere_is_said_in_words(browser, google):
    create(browser, google.calendar)
    event = Event.objects.get()
    data = typed(browser, event, title="Mine")
    google.store.delete_event(google.remote, event.remote_id)
    response = browser.post(f"/calendar/events/{event.pk}/edit", data, headers=HTMX)
    assert response.status_code == 422
    assert "Somebody deleted this event while you were at it." in text(response)


def test_second_reading_of_a_repeated_hour_stays_when_the_end_moves(browser, google):
    start = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # 02:30 in Berlin, the second time
    remote = google.store.add_event(
        google.remote, title="Night", start=start, end=start + timedelta(hours=1)
    )
    event = make_event(
        google.calendar, "Night", start=start, remote_id=remote["body"]["id"], visibility="default"
    )
    data = typed(browser, event, day="2026-10-25", start="02:30", end="05:00", etag="")
    assert browser.post(f"/calendar/events/{event.pk}/edit", data).status_code == 302
    event.refresh_from_db()
    assert (event.start_at, event.end_at) == (start, datetime(2026, 10, 25, 4, 0, tzinfo=UTC))


# --- Deleting ---


def test_deleting_asks_first_and_changes_nothing(browser, google):
    create(browser, google.calendar)
    event = Event.objects.get()
    page = text(browser.get(f"/calendar/events/{event.pk}/delete"))
    assert "Delete “Kick-off”?" in page
    assert "Keep it" in page
    assert len(google.held()) == 1


@pytest.mark.parametrize("provider", ["google", "outlook"])
def test_deleting_takes_it_from_the_provider(browser, side, user_owner, provider):
    account = side(user_owner, provider)
    create(browser, account.calendar)
    event = Event.objects.get()
    response = browser.post(f"/calendar/events/{event.pk}/delete", headers=HTMX)
    assert response.status_code == 204
    assert account.held() == []
    assert browser.get(f"/calendar/events/{event.pk}").status_code == 404


def test_provider_that_refuses_to_delete_is_said_in_words(browser, google, sandbox):
    create(browser, google.calendar)
    event = Event.objects.get()
    sandbox.fault("google.events.delete", status=503, count=None)
    response = browser.post(f"/calendar/events/{event.pk}/delete", headers=HTMX)
    assert response.status_code == 422
    words = "It may be gone all the same. Try again: what is gone counts as deleted."
    assert f"Google Calendar did not answer. {words}" in text(response)
    assert len(google.held()) == 1


# --- Who may ---

PATHS = ("", "/edit", "/delete")


@pytest.mark.parametrize("path", PATHS)
def test_stranger_finds_no_event(sign_in, charlie, other_workspace, google, path):
    event = make_event(google.calendar, "Secret")
    browser = sign_in(charlie)
    assert browser.get(f"/calendar/events/{event.pk}{path}").status_code == 404
    if path:
        assert browser.post(f"/calendar/events/{event.pk}{path}", FORM).status_code == 404


@pytest.mark.parametrize("path", PATHS)
def test_colleague_finds_no_event_of_which_only_the_time_is_theirs(sign_in, bob, google, path):
    event = make_event(google.calendar, "Secret")
    assert sign_in(bob).get(f"/calendar/events/{event.pk}{path}").status_code == 404


def test_colleague_with_a_share_reads_and_does_not_change(sign_in, bob, google):
    CalendarShare.objects.create(calendar=google.calendar, level="details")
    event = make_event(google.calendar, "Board")
    browser = sign_in(bob)
    page = text(browser.get(f"/calendar/events/{event.pk}"))
    assert "You can see this event and not change it." in page
    assert browser.get(f"/calendar/events/{event.pk}/edit").status_code == 403
    assert browser.post(f"/calendar/events/{event.pk}/delete").status_code == 403


def test_member_cannot_write_to_a_colleagues_calendar(sign_in, bob, bob_owner, google):
    make_calendar(make_connection(bob_owner), "Bob's")
    response = create(sign_in(bob), google.calendar, headers=HTMX)
    assert response.status_code == 422
    assert "Choose a calendar that you may write to." in text(response)
    assert google.held() == []


@pytest.mark.parametrize("path", ["/calendar/events/new", "/calendar/connections"])
def test_auditor_has_no_such_page(sign_in, workspace, path):
    auditor = make_user("Aud")
    make_member(workspace, auditor, role=Role.AUDITOR)
    assert sign_in(auditor).get(path).status_code == 404


def test_members_write_to_a_clients_calendar(sign_in, bob, side, client_owner):
    client = side(client_owner)
    assert create(sign_in(bob), client.calendar).status_code == 302
    assert client.held()[0]["summary"] == "Kick-off"


def test_each_operation_leaves_one_row_in_the_log(browser, google):
    before = list(OAuthTokenAccessLog.objects.values_list("pk", flat=True))
    create(browser, google.calendar)
    event = Event.objects.get()
    browser.post(f"/calendar/events/{event.pk}/edit", typed(browser, event, title="New"))
    browser.post(f"/calendar/events/{event.pk}/delete")
    rows = OAuthTokenAccessLog.objects.exclude(pk__in=before).order_by("seq")
    assert [row.reason for row in rows] == [
        "calendar.events.create",
        "calendar.events.update",
        "calendar.events.delete",
    ]
