"""Who sees which calendar in the week, the boxes beside it, and what of it is logged."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import OAuthTokenAccessLog
from calendars.models import Calendar, CalendarShare
from tests.calendars.views.week.conftest import NINE, PAGE, text, titles
from tests.factories import (
    make_calendar,
    make_connection,
    make_event,
    make_member,
    make_user,
)
from workspaces.enums import Role

pytestmark = pytest.mark.django_db


# --- Who sees what ---


def test_nobody_signed_in_is_sent_to_sign_in(client):
    assert client.get("/calendar").status_code == 302


def test_auditor_has_no_calendar_page(sign_in, workspace):
    auditor = make_user("Aud")
    make_member(workspace, auditor, role=Role.AUDITOR)
    assert sign_in(auditor).get("/calendar").status_code == 404


def test_stranger_sees_nothing_of_another_workspace(sign_in, charlie, other_workspace, own):
    make_event(own, "Secret", start=NINE)
    page = text(sign_in(charlie).get(PAGE))
    assert "Secret" not in page
    assert "alice@google.example" not in page


def test_colleague_sees_that_time_is_taken_and_opens_nothing(sign_in, bob, own):
    event = make_event(own, "Dentist", start=NINE, location="High Street")
    browser = sign_in(bob)
    tick(browser, [own], [own])
    response = browser.get(PAGE)
    assert titles(response) == ["Busy"]
    assert "Dentist" not in text(response)
    assert "High Street" not in text(response)
    assert str(event.pk) not in text(response)


def test_colleague_sees_a_shared_calendar_in_full(sign_in, bob, own):
    CalendarShare.objects.create(calendar=own, level="details")
    make_event(own, "Dentist", start=NINE)
    make_event(own, "Private", start=NINE + timedelta(hours=2), visibility="private")
    assert titles(sign_in(bob).get(PAGE)) == ["Dentist", "Busy"]


def test_calendar_a_colleague_hides_is_not_shown(sign_in, bob, own):
    own.is_shown = False
    own.save()
    make_event(own, "Dentist", start=NINE)
    response = sign_in(bob).get(PAGE)
    assert titles(response) == []
    assert "Studio" not in text(response)


# --- Boxes beside the week ---


def tick(browser, offered, shown, **more):
    data = {"offered": [c.pk for c in offered], "shown": [c.pk for c in shown]}
    return browser.post("/calendar/shown", {**data, "next": PAGE}, **more)


def test_unticked_calendar_leaves_the_week_and_stays_out(browser, own):
    other = make_calendar(own.connection, "Rooms", is_primary=False)
    make_event(own, "Stand-up", start=NINE)
    make_event(other, "Room 2", start=NINE)
    response = tick(browser, [own, other], [own])
    assert (response.status_code, response["Location"]) == (302, PAGE)
    assert titles(browser.get(PAGE)) == ["Stand-up"]
    other.refresh_from_db()
    assert other.is_shown is False


def test_boxes_of_the_page_can_be_sent_back_as_they_are(browser, own, bobs):
    page = text(browser.get(PAGE))
    offered = re.findall(r'name="offered" value="([^"]+)"', page)
    shown = re.findall(r'name="shown" id="[^"]+" value="([^"]+)" checked', page)
    assert set(offered) == {str(own.pk), str(bobs.pk)}
    assert shown == [str(own.pk)]


def test_ticking_with_htmx_tells_the_page(browser, own):
    response = tick(browser, [own], [], headers={"HX-Request": "true"})
    assert response.status_code == 204
    assert "events:changed" in response["HX-Trigger"]


def test_colleagues_busy_times_are_laid_over_by_choice_and_stay(sign_in, alice, bob, own, bobs):
    """Colleagues' busy times filled everybody's week, and leaving them out was forgotten."""
    make_event(bobs, "Dentist", start=NINE)
    browser = sign_in(alice)
    assert titles(browser.get(PAGE)) == []
    tick(browser, [own, bobs], [own, bobs])
    assert titles(browser.get(PAGE)) == ["Busy"]
    assert titles(sign_in(alice).get(PAGE)) == ["Busy"], "another session of hers"
    tick(browser, [own, bobs], [own])
    assert titles(browser.get(PAGE)) == []
    bobs.refresh_from_db()
    assert bobs.is_shown is True
    assert titles(sign_in(bob).get(PAGE)) == ["Dentist"]


def test_shared_calendar_can_be_left_out_for_oneself(sign_in, bob, own):
    CalendarShare.objects.create(calendar=own, level="details")
    make_event(own, "Dentist", start=NINE)
    browser = sign_in(bob)
    tick(browser, [own], [])
    assert titles(browser.get(PAGE)) == []
    own.refresh_from_db()
    assert own.is_shown is True


def test_stranger_cannot_hide_a_calendar(sign_in, charlie, other_workspace, own):
    assert tick(sign_in(charlie), [own], []).status_code == 404
    own.refresh_from_db()
    assert own.is_shown is True


def test_boxes_with_ids_that_are_none_are_refused(browser):
    assert browser.post("/calendar/shown", {"offered": "x"}).status_code == 404


def test_ticking_goes_back_to_no_foreign_address(browser, own):
    response = browser.post("/calendar/shown", {"offered": own.pk, "next": "//evil.example/"})
    assert response["Location"] == "/calendar"


# --- The log ---


def test_reading_is_logged_once_per_connection_and_week(browser, own, client_owner):
    make_calendar(make_connection(client_owner))
    make_calendar(own.connection, "Rooms", is_primary=False)
    browser.get(PAGE)
    browser.get("/calendar?view=day&date=2026-11-19")
    rows = OAuthTokenAccessLog.objects.all()
    assert [(r.reason, r.outcome, r.target) for r in rows] == [
        ("calendar.events.list", "mirror", "week 2026-11-16")
    ] * 2
    assert {r.actor_name for r in rows} == {"alice@example.com"}
    browser.get("/calendar?date=2026-11-25")
    assert OAuthTokenAccessLog.objects.count() == 4


def test_a_page_that_is_opened_has_old_copies_read_again(
    browser, user_owner, sandbox, django_capture_on_commit_callbacks
):
    """Without scripts nobody else asked for it, for ten minutes."""
    calendar = make_calendar(make_connection(user_owner))
    Calendar.objects.update(sync_tried_at=timezone.now() - timedelta(seconds=5))
    with django_capture_on_commit_callbacks() as asked:
        browser.get(PAGE)
        browser.get(PAGE)
        browser.get(PAGE, headers={"HX-Request": "true"})
    assert [call.args[1][2] for call in asked] == [[str(calendar.pk)]]
    assert sandbox.calls() == []
