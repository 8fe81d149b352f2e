"""Accounts are disconnected, and strangers connect and disconnect nothing."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from audit.enums import AccessReason, ConnectionState
from audit.models import OAuthToken, OAuthTokenAccessLog
from calendars.models import (
    Calendar,
    Event,
)
from common.models import OutboxMessage
from conferencing.models import ZoomConnection
from tests.calendars.views.oauth.conftest import consent, said, start
from tests.factories import make_client
from workspaces.enums import Role

pytestmark = pytest.mark.django_db


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
