"""Reading, changing and deleting an event in a browser, and who may, against the sandbox."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audit.models import OAuthTokenAccessLog
from calendars.models import CalendarShare, Event
from tests.calendars.views.events.conftest import FORM, HTMX, MONDAY_TEN, create, text, typed
from tests.factories import make_calendar, make_connection, make_event, make_member, make_user
from workspaces.enums import Role

pytestmark = pytest.mark.django_db


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
