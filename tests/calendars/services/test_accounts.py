"""Accounts that come, go and are used at the same moment, each use with its row in the log."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone

from audit.enums import AccessReason, Outcome
from audit.errors import TokenDenied
from audit.models import OAuthToken, OAuthTokenAccessLog
from calendars.enums import EventStatus
from calendars.models import Calendar, Event, UserCalendarConnection
from calendars.providers.base import RemoteEvent, When
from calendars.providers.errors import CalendarGone
from calendars.services import connections, events, mirror
from common.errors import PlanRequired
from tests.calendars.api.events.conftest import EVENTS, at
from tests.factories import make_connection, make_event, make_workspace
from tests.rivals import at_once
from workspaces.enums import Tier
from workspaces.owners import owner_of_user

pytestmark = pytest.mark.django_db
START = "/oauth/google/start?user=me"


def reasons():
    return list(OAuthTokenAccessLog.objects.order_by("seq").values_list("reason", "outcome"))


def _remote():
    start = datetime(2026, 12, 1, 9, tzinfo=UTC)

    def when(moment):
        return When(at=moment, wall=moment.replace(tzinfo=None).isoformat(), timezone="UTC")

    return RemoteEvent(
        remote_id="r1",
        status=EventStatus.CONFIRMED,
        start=when(start),
        end=when(start + timedelta(hours=1)),
    )


def _tier(workspace, tier):
    workspace.tier = tier
    workspace.save()


def _come_back(sandbox, browser, emails):
    """Consents of one browser's session that all come back at the same moment."""
    begun = [browser.get(START)["Location"] for _ in emails]
    pairs = zip(begun, emails, strict=True)
    links = [sandbox.consent(address, email=email) for address, email in pairs]

    def follow(number):
        tab = Browser()
        tab.cookies = browser.cookies
        return tab.get(links[number].removeprefix("http://testserver")).status_code

    return at_once(len(links), follow)


@pytest.mark.django_db(transaction=True)
def test_free_plan_keeps_one_of_two_accounts_that_come_back_at_once(
    sandbox, sign_in, alice, workspace
):
    _tier(workspace, Tier.FREE)
    emails = ["one@google.example", "two@google.example", "three@google.example"]
    assert _come_back(sandbox, sign_in(alice), emails) == [302, 302, 302]
    assert UserCalendarConnection.objects.count() == OAuthToken.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_same_account_that_comes_back_several_times_at_once_is_one_connection(
    sandbox, sign_in, alice, workspace
):
    assert _come_back(sandbox, sign_in(alice), ["one@google.example"] * 3) == [302, 302, 302]
    assert UserCalendarConnection.objects.count() == OAuthToken.objects.count() == 1


def test_account_from_a_larger_plan_may_be_connected_again(user_owner, workspace):
    """Two accounts, then the plan is lowered: either can be renewed, a third cannot come."""
    google = make_connection(user_owner, provider="google")
    outlook = make_connection(user_owner, provider="outlook")
    _tier(workspace, Tier.FREE)
    owner = owner_of_user(user_owner.user, workspace)
    connections.check_plan(owner, "google", google.account_remote_id)
    connections.check_plan(owner, "outlook", outlook.account_remote_id)
    for account in ("", "somebody else", outlook.account_remote_id):
        with pytest.raises(PlanRequired):
            connections.check_plan(owner, "google", account)


@pytest.mark.django_db(transaction=True)
def test_disconnect_pressed_twice_at_once(sign_in, alice, workspace, connect, user_owner):
    address = f"/calendar/connections/{connect(user_owner).pk}/disconnect"
    tabs = [sign_in(alice) for _ in range(4)]
    answers = at_once(4, lambda number: tabs[number].post(address).status_code)
    assert set(answers) <= {302, 404}
    assert not UserCalendarConnection.objects.exists()


def test_zoom_consent_leaves_its_one_row(connect, user_owner):
    connect(user_owner, "zoom")
    assert reasons() == [(AccessReason.OAUTH_CONNECT, Outcome.GRANTED)]


def test_disconnect_that_leaves_the_consent_to_another_workspace_is_logged_too(
    connect, user_owner, alice, actor, sandbox
):
    second = owner_of_user(alice, make_workspace("Second", owner=alice))
    mine = connect(user_owner, email="one@google.example")
    connect(second, email="one@google.example")
    assert connections.disconnect(connection=mine, actor=actor) == ""
    rows = OAuthTokenAccessLog.objects.filter(workspace_id=user_owner.workspace.pk).order_by("seq")
    assert [row.reason for row in rows] == [AccessReason.OAUTH_CONNECT, AccessReason.OAUTH_REVOKE]
    assert not sandbox.calls("google.revoke")


def test_calendar_of_another_workspace_than_its_account_is_denied_at_the_vault(
    connect, user_owner, other_workspace, actor
):
    """A row that was tampered with gets past every filter, and stops at the token."""
    calendar = connect(user_owner).calendars.get()
    event = make_event(calendar)
    Calendar.objects.filter(pk=calendar.pk).update(workspace=other_workspace)
    event = Event.objects.get(pk=event.pk)
    with pytest.raises(TokenDenied):
        events.delete_event(event=event, actor=actor)
    last = OAuthTokenAccessLog.objects.order_by("seq").last()
    assert (last.reason, last.outcome) == (AccessReason.EVENT_DELETE, Outcome.DENIED)
    assert last.workspace_id == user_owner.workspace.pk


@pytest.mark.django_db(transaction=True)
def test_event_whose_account_was_disconnected_as_it_was_made(connect, user_owner):
    """The answer comes when our calendar is gone: that is said, and is no error of ours."""
    calendar = connect(user_owner).calendars.get()
    calendar.connection.delete()
    with pytest.raises(CalendarGone):
        mirror.store_event(calendar, _remote(), timezone.now())


def test_reader_does_not_wait_again_for_an_account_that_just_failed(
    sign_in, alice, workspace, connect, user_owner, sandbox
):
    connect(user_owner)
    browser = sign_in(alice)
    query = {"timeMin": at(0), "timeMax": at(24)}
    sandbox.fault("google.events.list", status=503, count=5)
    before = len(sandbox.calls("google.events.list"))
    for _ in range(3):
        answer = browser.get(EVENTS, query)
        assert (answer.status_code, json.loads(answer.content)) == (200, [])
        assert answer["X-Meridian-Stale"] == "never"
    assert len(sandbox.calls("google.events.list")) == before + 1
