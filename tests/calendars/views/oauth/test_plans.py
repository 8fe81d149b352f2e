"""How many accounts a plan connects, and what a consent beyond it leaves behind."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from audit.enums import AccessReason, ConnectionState
from audit.models import OAuthToken, OAuthTokenAccessLog
from audit.services.tokens import mark_reconnect_needed
from calendars.models import (
    CalendarConnection,
    UserCalendarConnection,
)
from common import outbox
from conferencing.models import ZoomConnection
from tests.calendars.views.oauth.conftest import consent, said, start
from workspaces.enums import Tier
from workspaces.services.plans import change_plan

pytestmark = pytest.mark.django_db


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
