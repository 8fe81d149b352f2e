"""Telehealth on the calendar's pages, over the API, and the workspace's switch."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta
from urllib.parse import parse_qs

import pytest
import time_machine
from django.utils import timezone
from livekit.api import TokenVerifier

from calendars.models import CalendarShare, Event
from calendars.owners import connections_of
from calendars.services import places
from common import outbox
from common.limits import use
from conferencing.models import TelehealthJoin, TelehealthRoom
from conferencing.telehealth import rooms
from conferencing.telehealth.links import join_url
from conferencing.views.join import PER_ROOM
from tests.calendars.views.events.conftest import FORM, HTMX, MONDAY_TEN, create
from tests.factories import make_member, make_user
from workspaces.enums import Role, Tier
from workspaces.models import Workspace
from workspaces.owners import owner_of_user
from workspaces.services.plans import change_plan

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    """Shortly before the event of the form."""
    with time_machine.travel(MONDAY_TEN - timedelta(hours=2), tick=True) as traveller:
        yield traveller


@pytest.fixture
def clinic(workspace):
    rooms.switch(workspace=workspace, on=True)
    return workspace


@pytest.fixture
def browser(sign_in, alice, clinic):
    return sign_in(alice)


@pytest.fixture
def google(side, user_owner, clinic):
    return side(user_owner)


@pytest.fixture
def event(browser, google):
    assert create(browser, google.calendar, conference="meet", notes="Bring it").status_code == 302
    return Event.objects.get()


def text(response) -> str:
    return html.unescape(response.content.decode())


def claims_in(answer, settings):
    assert answer.status_code == 303, text(answer)
    token = parse_qs(answer.url.partition("#")[2])["token"][0]
    verifier = TokenVerifier(settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET)
    return verifier.verify(token)


def join(browser, event):
    return browser.post(f"/calendar/events/{event.pk}/join")


# --- The event's card ---


def test_card_has_our_room_first_and_the_providers_link_beside_it(browser, event, clock):
    event.refresh_from_db()
    card = text(browser.get(f"/calendar/events/{event.pk}", headers=HTMX))
    assert card.index("Join telehealth room") < card.index('id="ev-join"')
    assert "Opens at 09:45." in card
    assert join_url(event.room_id) in card
    assert "Bring it" in card
    assert card.count("/join/") == 1
    clock.move_to(MONDAY_TEN - timedelta(minutes=9))
    outbox.sweep()
    assert "The room is ready." in text(browser.get(f"/calendar/events/{event.pk}"))


def test_card_says_that_the_room_could_not_be_prepared(browser, event, sandbox, clock):
    sandbox.fault("livekit.*", status=401, count=None)
    clock.move_to(MONDAY_TEN - timedelta(minutes=9))
    outbox.sweep()
    card = text(browser.get(f"/calendar/events/{event.pk}"))
    assert "The room could not be prepared. LiveKit does not accept" in card
    assert "when the first person joins" in card


def test_week_says_telehealth_and_the_form_says_what_guests_get(browser, event):
    week = text(browser.get("/calendar?date=2026-11-23"))
    assert "Telehealth" in week.partition("Kick-off")[2][:600]
    form = text(browser.get(f"/calendar/events/{event.pk}/edit"))
    assert "gets a room of Acme first" in form
    notes = form.partition('name="notes"')[2].partition("</textarea>")[0]
    assert "Bring it" in notes
    assert "/join/" not in notes


def test_form_that_is_saved_as_it_is_asks_nobody(browser, event, sandbox):
    before = len(sandbox.calls())
    data = {**FORM, "calendar": str(event.calendar_id), "conference": "meet", "notes": "Bring it"}
    data |= {"etag": event.etag}
    assert browser.post(f"/calendar/events/{event.pk}/edit", data).status_code == 302
    assert len(sandbox.calls()) == before


def test_event_without_a_room_has_no_door(browser, google):
    create(browser, google.calendar, conference="none")
    event = Event.objects.get()
    assert "telehealth" not in text(browser.get(f"/calendar/events/{event.pk}", headers=HTMX))
    assert join(browser, event).status_code == 404


# --- Entering ---


def test_owner_enters_as_host_in_one_press(browser, event, clock, settings, alice):
    clock.move_to(MONDAY_TEN)
    claims = claims_in(join(browser, event), settings)
    assert (claims.name, claims.video.room_admin) == ("Alice", True)
    assert claims.identity == f"staff-{alice.pk}"
    entered = TelehealthJoin.objects.get()
    assert (entered.kind, entered.user_id) == ("staff", alice.pk)


def test_looking_at_the_door_opens_nothing(browser, event, clock):
    clock.move_to(MONDAY_TEN)
    answer = browser.get(f"/calendar/events/{event.pk}/join")
    assert answer.status_code == 200
    assert "Your meeting is ready." in text(answer)
    assert answer["Cache-Control"] == "no-store"
    assert not TelehealthJoin.objects.exists()


def test_host_enters_from_the_page_that_a_browser_shows_first(
    event, sign_in, alice, clock, settings
):
    """Fetch, 3.2.5: a page with the policy `no-referrer` sends its forms with `Origin: null`."""
    clock.move_to(MONDAY_TEN)
    browser = sign_in(alice, enforce_csrf_checks=True)
    address = f"/calendar/events/{event.pk}/join"
    page = browser.get(address)
    assert page["Cache-Control"] == "no-store"
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', text(page))[1]
    origin = "null" if page["Referrer-Policy"] == "no-referrer" else "http://testserver"
    answer = browser.post(address, {"csrfmiddlewaretoken": token}, headers={"Origin": origin})
    assert claims_in(answer, settings).video.room_admin


def test_who_puts_the_link_into_an_event_of_their_own_is_no_host(
    event, sign_in, bob, side, clinic, clock, settings
):
    theirs = side(owner_of_user(bob, clinic), user=bob, email="bob@google.example")
    browser = sign_in(bob)
    note = f"Join: {join_url(event.room_id)}"
    assert create(browser, theirs.calendar, conference="none", notes=note).status_code == 302
    own = Event.objects.get(calendar=theirs.calendar)
    assert own.room_id == event.room_id
    clock.move_to(MONDAY_TEN)
    claims = claims_in(join(browser, own), settings)
    assert (claims.name, claims.video.room_admin) == ("Bob", None)


def test_host_stays_host_while_the_plan_has_paused_the_account(
    browser, event, google, clinic, side, user_owner, clock, settings
):
    side(user_owner, "outlook")
    change_plan(workspace_id=clinic.pk, tier=Tier.FREE, by=None)
    outbox.sweep()
    places.use_instead(
        owner=user_owner, connection=connections_of(user_owner).get(provider="outlook")
    )
    clock.move_to(MONDAY_TEN)
    assert claims_in(join(browser, event), settings).video.room_admin


def test_guests_who_press_too_often_do_not_shut_the_host_out(
    browser, event, clock, settings, client
):
    clock.move_to(MONDAY_TEN)
    page = join_url(event.room_id).removeprefix(settings.PUBLIC_URL)
    for _ in range(PER_ROOM.most):
        use(PER_ROOM, str(event.room_id), timezone.now())
    crowd = client.post(page, {"name": "Ann"})
    assert (crowd.status_code, "Wait a few minutes" in text(crowd)) == (429, True)
    assert claims_in(join(browser, event), settings).video.room_admin


def test_too_early_says_when_it_opens(browser, event):
    answer = join(browser, event)
    assert answer.status_code == 409
    assert "The room opens at" in text(answer)


def test_colleague_who_may_look_is_no_host(event, sign_in, bob, clock, settings):
    CalendarShare.objects.create(calendar=event.calendar, level="details")
    clock.move_to(MONDAY_TEN)
    claims = claims_in(join(sign_in(bob), event), settings)
    assert (claims.name, claims.video.room_admin) == ("Bob", None)


def test_colleague_who_sees_the_time_only_finds_no_door(event, sign_in, bob, clock):
    clock.move_to(MONDAY_TEN)
    assert join(sign_in(bob), event).status_code == 404
    assert sign_in(bob).get(f"/calendar/events/{event.pk}/join").status_code == 404
    assert not TelehealthJoin.objects.exists()


def test_stranger_auditor_and_nobody_find_no_door(
    event, sign_in, charlie, other_workspace, clinic, client, clock
):
    clock.move_to(MONDAY_TEN)
    auditor = make_user("Auditor")
    make_member(clinic, auditor, role=Role.AUDITOR)
    assert join(sign_in(charlie), event).status_code == 404
    assert join(sign_in(auditor), event).status_code == 404
    assert join(client, event).status_code == 302
    assert not TelehealthJoin.objects.exists()


def test_forged_request_of_another_site_enters_nothing(event, sign_in, alice, clock):
    clock.move_to(MONDAY_TEN)
    assert join(sign_in(alice, enforce_csrf_checks=True), event).status_code == 403
    assert not TelehealthJoin.objects.exists()


def test_invited_workspace_enters_by_the_guests_way(
    event, sandbox, side, sign_in, charlie, other_workspace, connect, copy_events, clock
):
    theirs = connect(owner_of_user(charlie, other_workspace), "google", user=charlie)
    sandbox.store.add_event(
        sandbox.calendar(theirs),
        title="Kick-off",
        start=MONDAY_TEN,
        end=MONDAY_TEN + timedelta(hours=1),
        organizer="alice@google.example",
        description=f"Join: {join_url(event.room_id)}",
    )
    copy_events(theirs)
    copy = Event.objects.get(workspace=other_workspace)
    browser = sign_in(charlie)
    assert "belongs to whoever invited you" in text(browser.get(f"/calendar/events/{copy.pk}"))
    answer = join(browser, copy)
    assert (answer.status_code, answer.url) == (302, join_url(event.room_id))
    assert not TelehealthJoin.objects.exists()


# --- Over the API ---


def test_api_gives_a_room_and_tells_its_link(browser, google):
    draft = {
        "title": "Session",
        "start": MONDAY_TEN.isoformat(),
        "end": (MONDAY_TEN + timedelta(hours=1)).isoformat(),
        "timeZone": "UTC",
        "conference": "auto",
    }
    body = {"calendar": str(google.calendar.pk), "draft": draft}
    answer = browser.post(
        "/api/v1/calendar/events", json.dumps(body), content_type="application/json"
    )
    assert answer.status_code == 201, answer.text
    told = answer.json()["event"]
    room = TelehealthRoom.objects.get()
    assert told["telehealthUrl"] == join_url(room.pk)
    assert (told["description"], told["location"]) == ("", "")


# --- The switch ---


def test_admin_switches_it_and_members_read_it(sign_in, alice, bob, workspace, sandbox):
    page = "/workspace/telehealth"
    browser = sign_in(alice)
    assert "Switch on" in text(browser.get(page))
    assert browser.post(page, {"on": "yes"}).status_code == 302
    workspace.refresh_from_db()
    assert workspace.telehealth_enabled
    member = sign_in(bob)
    assert "Switch off" not in text(member.get(page))
    assert member.post(page, {"on": "no"}).status_code == 404
    browser.post(page, {"on": "no"})
    workspace.refresh_from_db()
    assert not workspace.telehealth_enabled


def test_switch_without_a_server_says_so(browser, settings):
    settings.LIVEKIT_URL = ""
    assert "no LiveKit server, so new events get no room" in text(
        browser.get("/workspace/telehealth")
    )


def test_page_says_who_entered_lately_here(browser, event, clock, other_workspace):
    clock.move_to(MONDAY_TEN)
    join(browser, event)
    elsewhere = TelehealthRoom.objects.create(workspace=other_workspace, key="event:x")
    TelehealthJoin.objects.create(workspace=other_workspace, room=elsewhere, kind="booker")
    page = text(browser.get("/workspace/telehealth"))
    assert "Alice" in page.partition("Entered lately")[2]
    assert "booker" not in page.partition("Entered lately")[2]


def test_operator_switches_it_too(workspace, sign_in, sandbox):
    operator = make_user("Operator", is_staff=True, is_superuser=True)
    browser = sign_in(operator)
    page = f"/admin/workspaces/workspace/{workspace.pk}/change/"
    answer = browser.get(page)
    assert 'name="telehealth_enabled"' in answer.text
    fields = {"name": "Acme", "slug": workspace.slug, "tier": workspace.tier, "timezone": "UTC"}
    assert browser.post(page, {**fields, "telehealth_enabled": "on"}).status_code == 302
    assert Workspace.objects.get(pk=workspace.pk).telehealth_enabled
