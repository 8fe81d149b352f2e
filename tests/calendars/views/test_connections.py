"""The connections page: every account, how it is doing, how its calendars are arranged."""

from __future__ import annotations

import html
import re

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from audit.enums import ConnectionState
from calendars.models import UserCalendarConnection
from calendars.owners import booking_calendar_of
from common import outbox
from conferencing.models import ZoomConnection
from tests.factories import make_calendar, make_connection, make_event
from workspaces.enums import Tier
from workspaces.services.plans import change_plan

pytestmark = pytest.mark.django_db

URL = "/calendar/connections"
SAVED = {"hue": "plum", "is_shown": "on"}


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


@pytest.fixture
def own(user_owner):
    return make_calendar(make_connection(user_owner, email="alice@google.example"), "Studio")


def text(response) -> str:
    return html.unescape(response.content.decode())


def test_page_names_own_and_clients_accounts_with_their_state(browser, own, client_owner):
    make_calendar(make_connection(client_owner, provider="outlook", email="desk@north.example"))
    page = text(browser.get(URL))
    assert 'alice@google.example<span class="sub">Google, 1 calendar</span>' in page
    assert 'desk@north.example<span class="sub">Microsoft, 1 calendar</span>' in page
    assert "Northgate, client" in page
    assert page.count("Disconnect</a>") == 2


def test_colleagues_account_is_not_listed(browser, bob_owner):
    make_connection(bob_owner, email="bob@google.example")
    assert "bob@google.example" not in text(browser.get(URL))


def test_stranger_sees_none_of_it(sign_in, charlie, other_workspace, own):
    assert "alice@google.example" not in text(sign_in(charlie).get(URL))


def test_account_that_needs_consent_comes_first_with_the_way_out(browser, user_owner):
    broken = make_connection(
        user_owner,
        provider="outlook",
        email="a@outlook.example",
        state=ConnectionState.RECONNECT_NEEDED,
    )
    page = text(browser.get(URL))
    assert "Microsoft has stopped accepting a@outlook.example." in page
    again = f'href="/oauth/outlook/start?user=me&next=connections&again={broken.pk}"'
    assert page.count(again) == 2


def test_clients_account_is_reconnected_for_the_client(browser, client_owner, northgate):
    make_connection(client_owner, state=ConnectionState.RECONNECT_NEEDED)
    assert f"/oauth/google/start?client={northgate.pk}&next=connections" in text(browser.get(URL))


def test_right_that_was_left_unticked_is_said_in_words(browser, user_owner):
    make_connection(user_owner, scopes=["openid", "email"], email="a@google.example")
    page = text(browser.get(URL))
    assert "was left unticked." in page
    assert "Ask again" in page


def test_zoom_is_offered_from_the_advanced_plan_on(browser, workspace):
    assert "/oauth/zoom/start?user=me&next=connections" in text(browser.get(URL))
    workspace.tier = Tier.STANDARD
    workspace.save()
    page = text(browser.get(URL))
    assert "/oauth/zoom/start" not in page
    assert "Zoom is on the Advanced plan." in page


def test_zoom_account_is_listed(browser, workspace, alice):
    ZoomConnection.objects.create(
        workspace=workspace, user=alice, provider="zoom", account_remote_id="z",
        connected_email="alice@zoom.example",
    )  # fmt: skip
    assert 'alice@zoom.example<span class="sub">Zoom</span>' in text(browser.get(URL))


def test_page_without_accounts_says_the_next_step(browser):
    assert "No account connected yet" in text(browser.get(URL))


def test_hostile_names_are_only_text(browser, own):
    own.name = "<script>alert(1)</script>"
    own.save()
    assert "<script>alert" not in browser.get(URL).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow_with_accounts(browser, user_owner, client_owner, count):
    for _ in range(count):
        for owner in (user_owner, client_owner):
            make_calendar(make_connection(owner))
    browser.get(URL)
    with CaptureQueriesContext(database) as queries:
        browser.get(URL)
    # One of them counts what could not be sent.
    assert len(queries) == 12


# --- Arranging ---


def test_settings_of_a_calendar_are_kept(browser, own):
    response = browser.post(f"/calendar/calendars/{own.pk}/settings", SAVED)
    assert (response.status_code, response["Location"]) == (302, URL)
    own.refresh_from_db()
    assert (own.hue, own.is_shown, own.counts_as_busy) == ("plum", True, False)


def test_settings_are_kept_in_place_with_htmx(browser, own):
    response = browser.post(
        f"/calendar/calendars/{own.pk}/settings", SAVED, headers={"HX-Request": "true"}
    )
    assert response.status_code == 204
    assert "Studio is saved" in response["HX-Trigger"]


def test_wrong_settings_are_refused_naming_the_field(browser, own):
    response = browser.post(f"/calendar/calendars/{own.pk}/settings", {"hue": "red"})
    assert response.status_code == 422
    assert re.search(r'href="#id_hue">Hue: ', text(response))
    own.refresh_from_db()
    assert own.hue == "tide"


def test_bookings_go_to_the_chosen_calendar(browser, own, user_owner):
    own.connection.is_booking = True
    own.connection.save()
    other = make_calendar(make_connection(user_owner, provider="outlook"), "Board")
    browser.post(f"/calendar/calendars/{other.pk}/booking")
    assert booking_calendar_of(user_owner) == other
    assert UserCalendarConnection.objects.filter(is_booking=True).count() == 1


def test_bookings_cannot_go_where_nothing_can_be_written(browser, own, user_owner):
    own.is_writable = False
    own.save()
    response = browser.post(f"/calendar/calendars/{own.pk}/booking", follow=True)
    assert "Studio can be read only." in text(response)
    assert booking_calendar_of(user_owner) is None


@pytest.mark.parametrize("path", ["settings", "booking"])
def test_stranger_arranges_nothing(sign_in, charlie, other_workspace, own, path):
    response = sign_in(charlie).post(f"/calendar/calendars/{own.pk}/{path}", SAVED)
    assert response.status_code == 404


@pytest.mark.parametrize("path", ["settings", "booking"])
def test_colleague_arranges_nothing(sign_in, bob, own, path):
    response = sign_in(bob).post(f"/calendar/calendars/{own.pk}/{path}", SAVED)
    assert response.status_code == 403
    own.refresh_from_db()
    assert own.hue == "tide"


# --- Disconnecting ---


def test_disconnecting_asks_first(browser, own):
    page = text(browser.get(f"/calendar/connections/{own.connection.pk}"))
    assert "Disconnect alice@google.example?" in page
    assert f'action="/calendar/connections/{own.connection.pk}/disconnect"' in page
    assert UserCalendarConnection.objects.count() == 1


def test_stranger_and_colleague_are_not_asked(sign_in, charlie, bob, other_workspace, own):
    for person in (charlie, bob):
        response = sign_in(person).get(f"/calendar/connections/{own.connection.pk}")
        assert response.status_code == 404


def test_account_can_be_disconnected(browser, side, user_owner):
    account = side(user_owner)
    response = browser.post(
        f"/calendar/connections/{account.calendar.connection.pk}/disconnect",
        {"next": "connections"},
        follow=True,
    )
    assert "alice@google.example is disconnected." in text(response)
    assert UserCalendarConnection.objects.count() == 0


# --- Beyond the plan ---


@pytest.fixture
def beyond(user_owner, workspace):
    """Two accounts, then the plan for one."""
    make_calendar(make_connection(user_owner, email="one@google.example", is_booking=True))
    second = make_connection(user_owner, provider="outlook", email="two@outlook.example")
    calendar = make_calendar(second, "Board")
    change_plan(workspace_id=workspace.pk, tier=Tier.FREE, by=None)
    outbox.sweep()
    calendar.refresh_from_db()
    return calendar


def test_paused_account_says_why_and_offers_to_be_the_one(browser, beyond):
    page = text(browser.get(URL))
    assert "this one is paused" in page
    assert "It comes back by itself on Standard." in page
    address = f"/calendar/connections/{beyond.connection.pk}/use"
    assert f'action="{address}"' in page
    assert page.count("Use this one instead") == 1
    answer = browser.post(address, follow=True)
    assert "two@outlook.example is in use now." in text(answer)
    assert "and two@outlook.example is connected. More accounts are on Standard." in text(answer)
    beyond.connection.refresh_from_db()
    assert beyond.connection.state == ConnectionState.ACTIVE
    assert "is in use already" in text(browser.post(address, follow=True))


def test_free_shows_the_gate_before_the_click(browser, beyond):
    page = text(browser.get(URL))
    for provider in ("google", "outlook", "zoom"):
        assert f'href="/oauth/{provider}/start' not in page
    assert page.count('class="btn  is-locked" href="/plans"') == 3
    assert "The Free plan connects one calendar account" in page


def test_bookings_cannot_be_sent_to_a_paused_account(browser, beyond):
    assert browser.post(f"/calendar/calendars/{beyond.pk}/booking").status_code == 403
    beyond.connection.refresh_from_db()
    assert not beyond.connection.is_booking


def test_zoom_account_without_its_plan_says_what_still_works(browser, workspace, alice):
    ZoomConnection.objects.create(
        workspace=workspace, user=alice, provider="zoom", account_remote_id="z",
        connected_email="alice@zoom.example",
    )  # fmt: skip
    change_plan(workspace_id=workspace.pk, tier=Tier.STANDARD, by=None)
    assert "Those that are booked keep their links" in text(browser.get(URL))
    change_plan(workspace_id=workspace.pk, tier=Tier.ADVANCED, by=None)
    assert "Those that are booked keep their links" not in text(browser.get(URL))


def test_event_of_a_paused_account_is_shown_with_the_reason(browser, beyond):
    event = make_event(beyond, "Board meeting")
    page = text(browser.get(f"/calendar/events/{event.pk}"))
    assert "this one is paused" in page
    assert f'href="/calendar/events/{event.pk}/edit"' not in page
    assert browser.get(f"/calendar/events/{event.pk}/edit").status_code == 403
    assert browser.post(f"/calendar/events/{event.pk}/delete").status_code == 403


def test_new_event_is_not_offered_a_paused_calendar(browser, beyond):
    page = text(browser.get("/calendar/events/new"))
    assert "Board" not in page


# --- The workspace's own Zoom ---

ZOOM_KEY = {"client_id": "app", "client_secret": "right"}


@pytest.fixture
def zoom_key(sandbox, alice, bob):
    """What an administrator copies from Zoom; alice and bob are in that account."""
    for user in (alice, bob):
        sandbox.store.add_account("zoom", email=user.email)
    account = sandbox.store.get("account", f"zoom:{alice.email}")
    return {**ZOOM_KEY, "account_id": account["tid"]}


def test_admin_sets_the_workspaces_zoom_up_and_a_member_hosts_with_it(
    sign_in, alice, bob, workspace, zoom_key
):
    admin, member = sign_in(alice), sign_in(bob)
    assert "workspace-zoom" not in member.get("/calendar/connections").text
    admin.post("/calendar/connections/zoom", zoom_key)
    page = member.get("/calendar/connections").text
    assert "Host as bob@example.com in the workspace" in page
    assert "Forget the key" not in page
    page = member.post("/calendar/connections/zoom/use", follow=True).text
    assert "You host Zoom meetings as bob@example.com." in page
    assert "Use the workspace" not in page
    assert "left unticked" not in page


def test_wrong_zoom_key_keeps_the_dialog_and_never_shows_the_secret(
    sign_in, alice, workspace, zoom_key
):
    wrong = {**zoom_key, "account_id": "no", "client_secret": "seldom-guessed"}
    answer = sign_in(alice).post("/calendar/connections/zoom", wrong)
    assert answer.status_code == 422
    assert "Zoom does not accept these three." in answer.text
    assert "seldom-guessed" not in answer.text


def test_missing_part_of_the_zoom_key_says_where_to_copy_it(sign_in, alice, workspace, zoom_key):
    answer = sign_in(alice).post("/calendar/connections/zoom", {**zoom_key, "client_id": ""})
    assert answer.status_code == 422
    assert "Client ID: Copy it from the app's page at Zoom." in text(answer)


def test_zoom_is_disconnected_after_a_question_about_meetings(sign_in, alice, workspace, zoom_key):
    person = sign_in(alice)
    person.post("/calendar/connections/zoom", zoom_key)
    person.post("/calendar/connections/zoom/use")
    asked = text(person.get(f"/calendar/connections/{ZoomConnection.objects.get().pk}"))
    assert "Disconnect Zoom, alice@example.com?" in asked
    assert "Meetings that are made already keep their links" in asked
    assert "events" not in asked.split('id="dialog-h"')[1].split("</form>")[0]


def test_key_is_forgotten_after_a_question(sign_in, alice, bob, workspace, zoom_key):
    admin, member = sign_in(alice), sign_in(bob)
    admin.post("/calendar/connections/zoom", zoom_key)
    member.post("/calendar/connections/zoom/use")
    asked = admin.get("/calendar/connections/zoom/remove").text
    assert "One member hosts with it" in asked
    assert "Meetings that are made already keep their links." in asked
    assert ZoomConnection.objects.exists()
    page = admin.post("/calendar/connections/zoom/remove", follow=True).text
    assert "The workspace&#x27;s Zoom key is forgotten." in page
    assert not ZoomConnection.objects.exists()
    assert "workspace-zoom" not in member.get("/calendar/connections").text


@pytest.mark.parametrize("page", ["zoom", "zoom/remove"])
def test_workspaces_zoom_is_for_administrators(sign_in, bob, workspace, page):
    browser = sign_in(bob)
    assert browser.post(f"/calendar/connections/{page}").status_code == 404


def test_plan_without_zoom_says_so_instead_of_a_form(sign_in, alice, workspace):
    workspace.tier = "standard"
    workspace.save()
    page = sign_in(alice).get("/calendar/connections").text
    assert "Zoom is on the Advanced plan." in page
    assert "Set up" not in page


def test_zoom_that_knows_no_such_member_says_what_to_do(
    sign_in, alice, bob, workspace, zoom_key, sandbox
):
    sign_in(alice).post("/calendar/connections/zoom", zoom_key)
    sandbox.store.drop("account", f"zoom:{bob.email}")
    page = sign_in(bob).post("/calendar/connections/zoom/use", follow=True).text
    assert "Zoom knows nobody with bob@example.com" in page
