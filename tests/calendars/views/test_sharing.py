"""The dialog that shares a calendar, and what a colleague may then do in pages and API."""

from __future__ import annotations

import html
import json

import pytest

from calendars.enums import ShareLevel
from calendars.models import CalendarShare
from calendars.services.sharing import share_calendar
from tests.factories import make_calendar, make_connection, make_event, make_member, make_user

pytestmark = pytest.mark.django_db
API = "/api/v1/calendar/events"


@pytest.fixture
def studio(user_owner):
    return make_calendar(make_connection(user_owner), "Studio")


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


def url(calendar):
    return f"/calendar/calendars/{calendar.pk}/sharing"


def text(response):
    return html.unescape(response.content.decode())


def shares():
    return set(CalendarShare.objects.values_list("member__user__name", "level"))


def test_dialog_offers_everyone_and_colleagues_by_name(browser, studio):
    page = text(browser.get(url(studio)))
    assert "Share Studio" in page
    assert "Everyone in the workspace" in page
    assert ">Bob</option>" in page
    assert ">Alice</option>" not in page


def test_auditors_are_not_offered_because_they_see_no_calendars(browser, studio, workspace):
    make_member(workspace, make_user("Odile"), role="auditor")
    assert "Odile" not in text(browser.get(url(studio)))


def test_share_is_kept_and_said_on_the_connections_page(browser, studio, bob_membership):
    response = browser.post(
        url(studio),
        {"everyone": "details", "colleague": str(bob_membership.pk), "level": "edit"},
    )
    assert (response.status_code, response["Location"]) == (302, "/calendar/connections")
    assert shares() == {(None, "details"), ("Bob", "edit")}
    page = text(browser.get("/calendar/connections"))
    assert "Everyone sees details, Bob may change events." in page


def test_share_is_ended_in_the_same_dialog(browser, studio, bob_membership):
    levels = {bob_membership.pk: ShareLevel.EDIT}
    share_calendar(calendar=studio, everyone=ShareLevel.BUSY, members=levels)
    answer = browser.post(
        url(studio),
        {"everyone": "busy", f"member-{bob_membership.pk}": "busy"},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 204
    assert json.loads(answer["HX-Trigger"])["toast"]["message"] == "Who sees Studio is saved"
    assert shares() == set()


@pytest.mark.parametrize("wrong", [{"everyone": "full"}, {"everyone": "busy", "colleague": "x"}])
def test_wrong_choice_is_refused_and_changes_nothing(browser, studio, wrong):
    assert browser.post(url(studio), wrong).status_code == 422
    assert shares() == set()


def test_member_of_another_workspace_cannot_be_named(browser, studio, charlie_membership):
    wrong = {"everyone": "busy", "colleague": str(charlie_membership.pk), "level": "edit"}
    assert browser.post(url(studio), wrong).status_code == 422
    assert shares() == set()


def test_colleague_stranger_and_clients_calendar_are_refused(
    sign_in, browser, bob, charlie, other_workspace, studio, client_owner
):
    desk = make_calendar(make_connection(client_owner))
    wanted = {"everyone": "edit"}
    assert sign_in(bob).post(url(studio), wanted).status_code == 403
    assert sign_in(charlie).post(url(studio), wanted).status_code == 404
    assert browser.post(url(desk), wanted).status_code == 404
    assert shares() == set()


# --- What an editor may do ---


@pytest.fixture
def shared(connect, copy_events, user_owner, bob_membership):
    """A calendar at the stand-in that alice shares with bob for changes."""
    connection = connect(user_owner)
    copy_events(connection)
    calendar = connection.calendars.get(is_primary=True)
    levels = {bob_membership.pk: ShareLevel.EDIT}
    share_calendar(calendar=calendar, everyone=ShareLevel.BUSY, members=levels)
    return calendar


DRAFT = {
    "title": "Handover",
    "start": "2031-05-05T09:00:00+00:00",
    "end": "2031-05-05T10:00:00+00:00",
    "timeZone": "UTC",
}


def send(browser, method, address, body):
    return getattr(browser, method)(address, json.dumps(body), content_type="application/json")


@pytest.mark.django_db(transaction=True)
def test_editor_creates_changes_and_deletes_over_the_api(sign_in, bob, shared, sandbox):
    browser = sign_in(bob)
    made = send(browser, "post", API, {"calendar": str(shared.pk), "draft": DRAFT})
    assert made.status_code == 201
    event = made.json()["eventId"]
    changed = send(browser, "patch", API, {"event": event, "draft": {"title": "Moved"}})
    assert changed.json()["event"]["title"] == "Moved"
    assert browser.delete(f"{API}?event={event}").json() == {"ok": True}
    assert sandbox.events(shared.connection) == []


@pytest.mark.django_db(transaction=True)
def test_revoked_editor_can_do_none_of_it(sign_in, bob, bob_membership, shared, sandbox):
    browser = sign_in(bob)
    made = send(browser, "post", API, {"calendar": str(shared.pk), "draft": DRAFT}).json()
    levels = {bob_membership.pk: ShareLevel.BUSY}
    share_calendar(calendar=shared, everyone=ShareLevel.BUSY, members=levels)
    event, body = made["eventId"], {"calendar": str(shared.pk), "draft": DRAFT}
    assert send(browser, "post", API, body).status_code == 403
    assert send(browser, "patch", API, {"event": event, "draft": {"title": "x"}}).status_code == 404
    assert browser.delete(f"{API}?event={event}").status_code == 404
    assert [one["body"]["summary"] for one in sandbox.events(shared.connection)] == ["Handover"]


def test_private_event_is_masked_for_an_editor_everywhere(sign_in, bob, studio):
    share_calendar(calendar=studio, everyone=ShareLevel.EDIT, members={})
    event = make_event(studio, "Doctor", visibility="private")
    make_event(studio, "Stand-up")
    browser = sign_in(bob)
    span = "timeMin=2026-11-23T00:00:00Z&timeMax=2026-11-30T00:00:00Z"
    listed = browser.get(f"{API}?calendar={studio.pk}&{span}").json()
    assert {one["title"] for one in listed} == {"Busy", "Stand-up"}
    week = text(browser.get("/calendar?date=2026-11-23"))
    assert "Doctor" not in week
    assert "Stand-up" in week
    assert browser.get(f"/calendar/events/{event.pk}").status_code == 404
    assert browser.post(f"/calendar/events/{event.pk}/delete").status_code == 404
