"""Consent from the click to the connection, and consents that come to nothing."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from audit.enums import AccessReason, ConnectionState
from audit.models import OAuthToken, OAuthTokenAccessLog
from calendars.models import (
    Calendar,
    CalendarConnection,
    OAuthFlow,
    UserCalendarConnection,
)
from conferencing.models import ZoomConnection
from tests.calendars.views.oauth.conftest import consent, exchanges, said, start

pytestmark = pytest.mark.django_db


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
