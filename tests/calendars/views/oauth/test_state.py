"""States that are forged, old, used or somebody else's are refused before any exchange."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import pytest
import time_machine
from django.utils import timezone

from audit.enums import ConnectionState
from calendars.models import (
    OAuthFlow,
    UserCalendarConnection,
)
from tests.calendars.views.oauth.conftest import consent, exchanges, said, start
from workspaces.enums import Role

pytestmark = pytest.mark.django_db


def back_url(sandbox, browser, provider="google", query=None):
    """The address a good consent would come back to, not yet opened."""
    begun = start(browser, provider, **(query or {"user": "me"}))
    back = sandbox.consent(begun["Location"], email="alice@gmail.example")
    return back.removeprefix("http://testserver")


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
