"""Consent from the click to the connection, and every way it can go wrong."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import time_machine
from django.contrib.messages import get_messages
from django.utils import timezone

from audit.enums import AccessReason, ConnectionState
from audit.models import OAuthToken, OAuthTokenAccessLog
from audit.services.tokens import mark_reconnect_needed
from calendars.models import (
    Calendar,
    CalendarConnection,
    Event,
    OAuthFlow,
    UserCalendarConnection,
)
from common import outbox
from common.models import OutboxMessage
from conferencing.models import ZoomConnection
from tests.factories import make_client
from workspaces.enums import Role, Tier
from workspaces.services.plans import change_plan

pytestmark = pytest.mark.django_db


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def start(browser, provider="google", **query):
    query = query or {"user": "me"}
    return browser.get(f"/oauth/{provider}/start?{urlencode(query)}")


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


def consent(sandbox, browser, provider="google", *, email="alice@gmail.example", query=None, **how):
    """Start, press Allow, and come back; the callback's answer."""
    begun = start(browser, provider, **(query or {"user": "me"}))
    assert begun.status_code == 302, said(begun)
    back = sandbox.consent(begun["Location"], email=email, **how)
    return browser.get(back.removeprefix("http://testserver"))


def back_url(sandbox, browser, provider="google", query=None):
    """The address a good consent would come back to, not yet opened."""
    begun = start(browser, provider, **(query or {"user": "me"}))
    back = sandbox.consent(begun["Location"], email="alice@gmail.example")
    return back.removeprefix("http://testserver")


def exchanges(sandbox, provider="google"):
    return len(sandbox.calls(f"{provider}.token"))


# --- The good way ---


@pytest.mark.parametrize("provider", ["google", "outlook"])
def test_internal_mode_connects_in_the_users_table(sandbox, browser, alice, provider):
    answer = consent(sandbox, browser, provider)
    assert (answer.status_code, answer["Location"]) == (302, "/admin/sales/scheduling")
    connection = UserCalendarConnection.objects.get()
    assert (connection.user, connection.provider) == (alice, provider)
    assert connection.connected_email == "alice@gmail.example"
    assert (connection.state, connection.is_active) == (ConnectionState.ACTIVE, True)
    assert connection.is_booking
    assert not CalendarConnection.objects.exists()
    assert Calendar.objects.get().user_connection == connection
    assert said(answer) == ["alice@gmail.example is connected."]


@pytest.mark.parametrize("provider", ["google", "outlook"])
def test_client_mode_connects_in_the_clients_table(sandbox, browser, northgate, provider):
    answer = consent(sandbox, browser, provider, query={"client": northgate.pk})
    assert answer["Location"] == f"/workspace/{northgate.pk}/client-info"
    assert CalendarConnection.objects.get().client == northgate
    assert not UserCalendarConnection.objects.exists()


def test_zoom_connects_for_either_owner(sandbox, browser, alice, northgate):
    consent(sandbox, browser, "zoom")
    consent(sandbox, browser, "zoom", query={"client": northgate.pk})
    rows = ZoomConnection.objects.order_by("created_at")
    assert [(row.user, row.client) for row in rows] == [(alice, None), (None, northgate)]


def test_state_parses_as_the_source_document_has_it(sandbox, browser, alice, northgate):
    begun = start(browser, client=northgate.pk)
    parts = parse_qs(urlsplit(begun["Location"]).query)["state"][0].split(":")
    assert parts[:2] == [str(northgate.pk), "google"]
    begun = start(browser, "outlook", user="me")
    parts = parse_qs(urlsplit(begun["Location"]).query)["state"][0].split(":")
    assert parts[:3] == ["user", str(alice.pk), "outlook"]


def test_authorize_request_carries_pkce_and_no_secret(sandbox, browser):
    query = parse_qs(urlsplit(start(browser)["Location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    assert "google-secret" not in str(query)
    flow = OAuthFlow.objects.get()
    assert flow.nonce_hash not in str(query)
    assert b"google" not in bytes(flow.verifier_sealed)


def test_flow_begun_on_the_calendar_page_ends_there(sandbox, browser):
    answer = consent(sandbox, browser, query={"user": "me", "next": "calendar"})
    assert answer["Location"] == "/calendar"


def test_next_is_a_name_and_never_an_address(sandbox, browser):
    answer = consent(sandbox, browser, query={"user": "me", "next": "https://evil.example/"})
    assert answer["Location"] == "/admin/sales/scheduling"


def test_connecting_leaves_one_log_row_of_its_own(sandbox, browser, alice):
    consent(sandbox, browser)
    rows = OAuthTokenAccessLog.objects.values_list("reason", "actor_id", "outcome")
    assert list(rows) == [(AccessReason.OAUTH_CONNECT, str(alice.pk), "granted")]


def test_events_are_asked_for_after_the_commit(
    sandbox, browser, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks() as asked:
        consent(sandbox, browser)
    assert len(asked) == 1


def test_second_account_does_not_take_the_bookings(sandbox, browser):
    consent(sandbox, browser, email="one@gmail.example")
    consent(sandbox, browser, "outlook", email="two@outlook.example")
    rows = UserCalendarConnection.objects.order_by("created_at")
    assert [(row.connected_email, row.is_booking) for row in rows] == [
        ("one@gmail.example", True),
        ("two@outlook.example", False),
    ]


def test_consenting_again_updates_the_same_connection(sandbox, browser):
    consent(sandbox, browser)
    first = UserCalendarConnection.objects.get()
    Calendar.objects.update(is_shown=False, hue="plum")
    UserCalendarConnection.objects.update(state=ConnectionState.RECONNECT_NEEDED)
    answer = consent(sandbox, browser)
    again = UserCalendarConnection.objects.get()
    assert (again.pk, again.state, again.is_booking) == (first.pk, ConnectionState.ACTIVE, True)
    assert Calendar.objects.values_list("is_shown", "hue").get() == (False, "plum")
    assert OAuthToken.objects.count() == 1
    assert said(answer)[-1] == "alice@gmail.example is connected again."


# --- A state that is not ours to take ---


def test_forged_state_is_refused_before_any_exchange(sandbox, browser, alice):
    forged = f"user:{alice.pk}:google:nonce:1abc:signature"
    answer = browser.get(f"/oauth/google/callback?{urlencode({'state': forged, 'code': 'c'})}")
    assert answer["Location"] == "/calendar"
    assert "was not started here" in said(answer)[0]
    assert exchanges(sandbox) == 0
    assert not UserCalendarConnection.objects.exists()


def test_the_source_documents_bare_state_is_refused(sandbox, browser, alice):
    browser.get(f"/oauth/google/callback?state=user:{alice.pk}:google&code=c")
    assert exchanges(sandbox) == 0


def test_altered_owner_is_refused(sandbox, browser, alice, bob):
    url = back_url(sandbox, browser).replace(str(alice.pk), str(bob.pk))
    browser.get(url)
    assert exchanges(sandbox) == 0


def test_replayed_state_is_refused(sandbox, browser):
    url = back_url(sandbox, browser)
    browser.get(url)
    assert exchanges(sandbox) == 1
    answer = browser.get(url)
    assert exchanges(sandbox) == 1
    assert "was not started here" in said(answer)[-1]
    assert UserCalendarConnection.objects.count() == 1


def test_expired_state_is_refused(sandbox, browser):
    url = back_url(sandbox, browser)
    OAuthFlow.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    browser.get(url)
    assert exchanges(sandbox) == 0


def test_old_signature_is_refused(sandbox, browser):
    url = back_url(sandbox, browser)
    OAuthFlow.objects.update(expires_at=timezone.now() + timedelta(days=1))
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        browser.get(url)
    assert exchanges(sandbox) == 0


def test_state_of_another_browser_is_refused(sandbox, browser, sign_in, alice):
    url = back_url(sandbox, browser)
    other = sign_in(alice)
    other.get(url)
    assert exchanges(sandbox) == 0
    browser.get(url)
    assert exchanges(sandbox) == 1


def test_state_of_another_user_is_refused(sandbox, browser, sign_in, bob):
    url = back_url(sandbox, browser)
    sign_in(bob).get(url)
    assert exchanges(sandbox) == 0
    assert not UserCalendarConnection.objects.exists()


def test_state_of_another_provider_is_refused(sandbox, browser):
    url = back_url(sandbox, browser, "google").replace("/oauth/google/", "/oauth/outlook/")
    browser.get(url)
    assert exchanges(sandbox) == exchanges(sandbox, "microsoft") == 0


def test_wrong_state_of_a_broken_provider_is_refused(sandbox, browser):
    consent(sandbox, browser, trouble=["wrong_state"])
    assert exchanges(sandbox) == 0


@pytest.mark.parametrize("state", ["", ":", "user:", "a:b:c:d:e", "\x00", "\u00e9:google:n:1:s"])
def test_nonsense_state_is_refused(browser, sandbox, state):
    answer = browser.get("/oauth/google/callback", {"state": state, "code": "c"})
    assert answer["Location"] == "/calendar"
    assert exchanges(sandbox) == 0


def test_consent_with_less_leaves_the_account_that_works(sandbox, browser):
    consent(sandbox, browser, "outlook")
    consent(sandbox, browser, "outlook", untick=["Calendars.ReadWrite"])
    assert UserCalendarConnection.objects.get().state == ConnectionState.ACTIVE
    assert not sandbox.calls("microsoft.revoke")


def test_callback_without_anything_is_refused(browser, sandbox):
    assert browser.get("/oauth/google/callback")["Location"] == "/calendar"


def test_rights_are_checked_again_in_the_callback(sandbox, browser, workspace, alice, northgate):
    url = back_url(sandbox, browser, query={"client": northgate.pk})
    workspace.memberships.filter(user=alice).update(role=Role.AUDITOR)
    answer = browser.get(url)
    assert exchanges(sandbox) == 0
    assert said(answer) == ["You may no longer connect accounts here."]


def test_client_deleted_meanwhile_is_refused(sandbox, browser, northgate):
    url = back_url(sandbox, browser, query={"client": northgate.pk})
    northgate.delete()
    browser.get(url)
    assert exchanges(sandbox) == 0


# --- Consents that come to nothing ---


def test_denied_consent_is_said_in_words(sandbox, browser):
    answer = consent(sandbox, browser, deny=True)
    assert answer["Location"] == "/admin/sales/scheduling"
    assert said(answer) == ["Google was not connected: the access was not allowed."]
    assert exchanges(sandbox) == 0


def test_missing_scope_is_named_and_nothing_kept(sandbox, browser):
    answer = consent(sandbox, browser, untick=["https://www.googleapis.com/auth/calendar.events"])
    assert "See and edit events" in said(answer)[0]
    assert not UserCalendarConnection.objects.exists()
    assert not OAuthToken.objects.exists()


def test_consent_without_a_lasting_token_is_not_kept(sandbox, browser):
    answer = consent(sandbox, browser, trouble=["no_refresh"])
    assert "for one hour only" in said(answer)[0]
    assert not UserCalendarConnection.objects.exists()


def test_provider_down_at_the_exchange_is_said(sandbox, browser):
    sandbox.fault("google.token", status=503)
    answer = consent(sandbox, browser)
    assert answer["Location"] == "/admin/sales/scheduling"
    assert said(answer) == [
        "The sign-in service did not answer as expected. Nothing was connected. Try again."
    ]
    assert not UserCalendarConnection.objects.exists()


def test_our_own_wrong_secret_is_an_operators_matter(sandbox, browser, settings):
    sandbox.store.set_setting("google.clients", {"google-client": "another-secret"})
    answer = consent(sandbox, browser)
    assert "not set up correctly" in said(answer)[0]


def test_nonsense_from_the_token_endpoint_is_said(sandbox, browser):
    sandbox.fault("google.token", body="<html>", content_type="text/html")
    answer = consent(sandbox, browser)
    assert "could not be read" in said(answer)[0]


def test_failing_list_of_calendars_keeps_the_connection_and_is_said(sandbox, browser):
    sandbox.fault("google.calendarList.list", status=503)
    answer = consent(sandbox, browser)
    assert UserCalendarConnection.objects.get().state == ConnectionState.ACTIVE
    assert not Calendar.objects.exists()
    assert "its calendars follow" in said(answer)[1]


# --- Plans ---


def test_free_connects_one_account(sandbox, browser, workspace):
    workspace.tier = Tier.FREE
    workspace.save()
    consent(sandbox, browser)
    refused = start(browser, "outlook")
    assert refused["Location"] == "/admin/sales/scheduling"
    assert "More accounts are on Standard" in said(refused)[-1]
    assert not sandbox.calls("microsoft.authorize")


@pytest.mark.parametrize("provider", ["google", "outlook"])
def test_free_sends_nobody_to_a_consent_that_would_be_refused(
    sandbox, browser, workspace, provider
):
    workspace.tier = Tier.FREE
    workspace.save()
    consent(sandbox, browser, email="one@gmail.example")
    sandbox.store.log.clear()
    refused = start(browser, provider)
    assert refused["Location"] == "/admin/sales/scheduling"
    assert "one@gmail.example is connected" in said(refused)[-1]
    assert not sandbox.calls()


@pytest.mark.parametrize("provider", ["google", "outlook"])
def test_free_renews_the_account_it_has(sandbox, browser, workspace, provider):
    workspace.tier = Tier.FREE
    workspace.save()
    consent(sandbox, browser, provider)
    connection = UserCalendarConnection.objects.get()
    again = {"user": "me", "again": connection.pk}
    begun = parse_qs(urlsplit(start(browser, provider, **again)["Location"]).query)
    assert begun["login_hint"] == [connection.connected_email]
    answer = consent(sandbox, browser, provider, query=again)
    assert said(answer)[-1].endswith("connected again.")


def test_another_account_than_the_one_to_renew_leaves_no_grant_behind(sandbox, browser, workspace):
    workspace.tier = Tier.FREE
    workspace.save()
    consent(sandbox, browser, email="one@gmail.example")
    again = {"user": "me", "again": UserCalendarConnection.objects.get().pk}
    answer = consent(sandbox, browser, email="two@gmail.example", query=again)
    assert "one@gmail.example is connected" in said(answer)[-1]
    assert "two@gmail.example was not kept." in said(answer)[-1]
    assert UserCalendarConnection.objects.get().connected_email == "one@gmail.example"
    assert OAuthToken.objects.count() == 1
    assert len(sandbox.calls("google.revoke")) == 1
    row = OAuthTokenAccessLog.objects.get(reason=AccessReason.OAUTH_REVOKE)
    assert (row.connection_email, row.outcome) == ("two@gmail.example", "granted")
    assert row.target == "the consent was not kept"


def test_refused_account_that_is_connected_elsewhere_keeps_its_consent(
    sandbox, browser, workspace, northgate
):
    workspace.tier = Tier.FREE
    workspace.save()
    consent(sandbox, browser, email="one@gmail.example")
    consent(sandbox, browser, query={"client": northgate.pk}, email="desk@gmail.example")
    again = {"user": "me", "again": UserCalendarConnection.objects.get().pk}
    consent(sandbox, browser, email="desk@gmail.example", query=again)
    assert not sandbox.calls("google.revoke")
    assert CalendarConnection.objects.get().state == ConnectionState.ACTIVE


def test_refused_microsoft_account_says_what_is_left_to_do(sandbox, browser, workspace):
    """Microsoft has no address to revoke at."""
    workspace.tier = Tier.FREE
    workspace.save()
    consent(sandbox, browser, "outlook", email="one@outlook.example")
    again = {"user": "me", "again": UserCalendarConnection.objects.get().pk}
    answer = consent(sandbox, browser, "outlook", email="two@outlook.example", query=again)
    assert "Remove Meridian at https://" in said(answer)[-1]
    assert UserCalendarConnection.objects.count() == OAuthToken.objects.count() == 1


def test_paused_account_that_is_consented_to_again_stays_paused_and_says_so(
    sandbox, browser, workspace
):
    consent(sandbox, browser, email="one@gmail.example")
    consent(sandbox, browser, "outlook", email="two@outlook.example")
    change_plan(workspace_id=workspace.pk, tier=Tier.FREE, by=None)
    outbox.sweep()
    paused = UserCalendarConnection.objects.get(provider="outlook")
    mark_reconnect_needed(paused)
    again = {"user": "me", "again": paused.pk}
    answer = consent(sandbox, browser, "outlook", email="two@outlook.example", query=again)
    assert "two@outlook.example is paused" in said(answer)[-1]
    paused.refresh_from_db()
    assert (paused.state, paused.resumes_as) == (ConnectionState.PAUSED, ConnectionState.ACTIVE)
    change_plan(workspace_id=workspace.pk, tier=Tier.STANDARD, by=None)
    outbox.sweep()
    paused.refresh_from_db()
    assert (paused.state, paused.resumes_as) == (ConnectionState.ACTIVE, "")


def test_plan_lowered_while_somebody_consents_to_a_second_account(sandbox, browser, workspace):
    consent(sandbox, browser, email="one@gmail.example")
    begun = start(browser, "outlook")
    back = sandbox.consent(begun["Location"], email="two@outlook.example")
    change_plan(workspace_id=workspace.pk, tier=Tier.FREE, by=None)
    answer = browser.get(back.removeprefix("http://testserver"))
    assert "one@gmail.example is connected" in said(answer)[-1]
    assert "two@outlook.example was not kept." in said(answer)[-1]
    outbox.sweep()
    kept = UserCalendarConnection.objects.get()
    assert (kept.connected_email, kept.state) == ("one@gmail.example", ConnectionState.ACTIVE)
    assert OAuthToken.objects.count() == 1


@pytest.mark.parametrize("answers", ["google.token", "google.calendars.list"])
def test_plan_lowered_and_followed_while_the_provider_answers(
    sandbox, browser, workspace, answers, monkeypatch
):
    """The callback reads the plan when it keeps the account; a worker's later look wins."""
    consent(sandbox, browser, "outlook", email="one@outlook.example")
    back = sandbox.consent(start(browser)["Location"], email="two@gmail.example")
    send = sandbox.adapter.send

    def lowers(request, **how):
        path = "/token" if answers == "google.token" else "/calendarList"
        if path in request.url and "google" in request.url:
            change_plan(workspace_id=workspace.pk, tier=Tier.FREE, by=None)
            outbox.sweep()
        return send(request, **how)

    monkeypatch.setattr(sandbox.adapter, "send", lowers)
    answer = browser.get(back.removeprefix("http://testserver"))
    states = dict(UserCalendarConnection.objects.values_list("connected_email", "state"))
    if answers == "google.token":
        assert "two@gmail.example was not kept." in said(answer)[-1]
        assert states == {"one@outlook.example": "active"}
    else:
        assert states == {"one@outlook.example": "active", "two@gmail.example": "paused"}
        assert "two@gmail.example is paused" in " ".join(said(answer))


def test_zoom_consent_that_the_plan_refuses_meanwhile_is_given_back(sandbox, browser, workspace):
    begun = start(browser, "zoom")
    back = sandbox.consent(begun["Location"], email="alice@zoom.example")
    workspace.tier = Tier.STANDARD
    workspace.save()
    answer = browser.get(back.removeprefix("http://testserver"))
    assert "Zoom is on the Advanced plan." in said(answer)[-1]
    assert not ZoomConnection.objects.exists()
    assert not OAuthToken.objects.exists()
    assert len(sandbox.calls("zoom.revoke")) == 1


def test_account_of_another_owner_cannot_be_named_to_get_past_the_plan(
    sandbox, browser, workspace, northgate
):
    workspace.tier = Tier.FREE
    workspace.save()
    consent(sandbox, browser)
    consent(sandbox, browser, query={"client": northgate.pk}, email="desk@gmail.example")
    refused = start(browser, user="me", again=CalendarConnection.objects.get().pk)
    assert refused["Location"] == "/admin/sales/scheduling"


def test_each_owner_has_their_own_room_on_free(sandbox, browser, workspace, northgate):
    workspace.tier = Tier.FREE
    workspace.save()
    consent(sandbox, browser)
    consent(sandbox, browser, query={"client": northgate.pk}, email="desk@gmail.example")
    assert CalendarConnection.objects.count() == UserCalendarConnection.objects.count() == 1


def test_zoom_needs_its_plan(sandbox, browser, workspace):
    workspace.tier = Tier.STANDARD
    workspace.save()
    assert said(start(browser, "zoom")) == ["Zoom is on the Advanced plan."]


def test_provider_without_client_id_is_said(sandbox, browser, settings):
    settings.GOOGLE_CLIENT_ID = ""
    assert "not set up here" in said(start(browser))[0]


# --- Strangers ---


def test_strangers_client_does_not_exist(sandbox, browser, other_workspace):
    theirs = make_client(other_workspace, "Theirs")
    assert start(browser, client=theirs.pk).status_code == 404


@pytest.mark.parametrize(
    "query", [{}, {"client": "x"}, {"user": "you"}, {"user": "me", "client": "x"}]
)
def test_start_without_a_good_owner_is_404(browser, query, sandbox):
    assert browser.get(f"/oauth/google/start?{urlencode(query)}").status_code == 404


@pytest.mark.parametrize("step", ["start", "callback"])
def test_unknown_provider_is_404(browser, step):
    assert browser.get(f"/oauth/close/{step}?user=me").status_code == 404


@pytest.mark.parametrize("step", ["start?user=me", "callback?state=x"])
def test_visitor_is_sent_to_sign_in(client, step, db):
    answer = client.get(f"/oauth/google/{step}")
    assert answer["Location"].startswith("/accounts/login")


def test_auditor_connects_nothing(sandbox, browser, workspace, alice):
    workspace.memberships.filter(user=alice).update(role=Role.AUDITOR)
    assert start(browser).status_code == 404


# --- Disconnecting ---


@pytest.fixture
def connection(connect, owner, copy_events, sandbox):
    connection = connect(owner, "google", email="alice@gmail.example")
    begins = timezone.now() + timedelta(days=1)
    sandbox.store.add_event(
        sandbox.calendar(connection), title="Board", start=begins, end=begins + timedelta(hours=1)
    )
    copy_events(connection)
    return connection


def test_disconnect_revokes_erases_and_forgets(sandbox, browser, connection, owner):
    assert Event.objects.count() == 1
    answer = browser.post(f"/calendar/connections/{connection.pk}/disconnect")
    assert said(answer) == ["alice@gmail.example is disconnected."]
    assert not OAuthToken.objects.exists()
    assert not Event.objects.exists()
    assert not Calendar.objects.exists()
    assert not type(connection).objects.exists()
    assert len(sandbox.calls("google.revoke")) == 1
    assert OAuthTokenAccessLog.objects.last().reason == AccessReason.OAUTH_REVOKE


def test_disconnect_works_when_the_provider_is_down(sandbox, browser, connection):
    sandbox.fault("google.*", status=503, count=None)
    answer = browser.post(f"/calendar/connections/{connection.pk}/disconnect")
    assert "is disconnected. Google could not be told" in said(answer)[0]
    assert not OAuthToken.objects.exists()
    assert not type(connection).objects.exists()


def test_disconnect_works_when_the_token_is_dead(sandbox, browser, connection):
    type(connection).objects.update(state=ConnectionState.RECONNECT_NEEDED)
    browser.post(f"/calendar/connections/{connection.pk}/disconnect")
    assert not type(connection).objects.exists()


def test_disconnect_tells_where_to_remove_a_consent_by_hand(sandbox, browser, connect, user_owner):
    connection = connect(user_owner, "outlook")
    answer = browser.post(f"/calendar/connections/{connection.pk}/disconnect")
    assert "myapps.microsoft.com" in said(answer)[0]


def test_disconnect_leaves_the_consent_that_others_work_with(
    sandbox, browser, connect, user_owner, client_owner
):
    mine = connect(user_owner, "google", email="shared@gmail.example")
    theirs = connect(client_owner, "google", email="shared@gmail.example")
    browser.post(f"/calendar/connections/{mine.pk}/disconnect")
    assert not sandbox.calls("google.revoke")
    assert type(theirs).objects.filter(pk=theirs.pk).exists()


def test_disconnecting_the_booking_account_lets_the_next_take_over(
    sandbox, browser, connect, user_owner
):
    first = connect(user_owner, "google")
    second = connect(user_owner, "outlook")
    answer = browser.post(f"/calendar/connections/{first.pk}/disconnect")
    second.refresh_from_db()
    assert second.is_booking
    assert said(answer)[1] == f"Bookings now go to {second.connected_email}."


def test_zoom_can_be_disconnected(sandbox, browser, connect, user_owner):
    zoom = connect(user_owner, "zoom")
    browser.post(f"/calendar/connections/{zoom.pk}/disconnect")
    assert not ZoomConnection.objects.exists()
    assert len(sandbox.calls("zoom.revoke")) == 1


def test_disconnect_is_no_get(browser, connection):
    assert browser.get(f"/calendar/connections/{connection.pk}/disconnect").status_code == 405


def test_stranger_cannot_disconnect(sign_in, charlie, other_workspace, connection):
    answer = sign_in(charlie).post(f"/calendar/connections/{connection.pk}/disconnect")
    assert answer.status_code == 404
    assert type(connection).objects.filter(pk=connection.pk).exists()


def test_colleague_cannot_disconnect_my_account(sign_in, bob, connect, user_owner):
    mine = connect(user_owner, "google")
    answer = sign_in(bob).post(f"/calendar/connections/{mine.pk}/disconnect")
    assert answer.status_code == 404


def test_no_token_stands_in_the_outbox_or_messages(sandbox, browser):
    answer = consent(sandbox, browser)
    tokens = [key for key, _ in sandbox.store.items("access")]
    tokens += [key for key, _ in sandbox.store.items("refresh")]
    written = f"{said(answer)} {list(OutboxMessage.objects.values())}"
    assert tokens
    assert not any(token in written for token in tokens)
