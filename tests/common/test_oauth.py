"""The OAuth protocol against the sandbox's three authorization servers, and answers made up."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from common import oauth
from common.errors import BadReply, ReconnectNeeded, UpstreamUnavailable
from common.oauth import (
    ClientMisconfigured,
    OAuthFailure,
)
from common.secrets import Secret
from conferencing.zoom_oauth import SPEC as ZOOM
from tests.common.oauth_flow import CALLBACK, LIMIT, NOW, SPECS, Flow


@pytest.fixture(params=list(SPECS))
def flow(request, sandbox, settings):
    return Flow(sandbox, settings, request.param)


# --- The whole way ---


def test_consent_gives_tokens_and_who_it_is(flow):
    came_back = flow.consent()
    tokens = flow.exchange(came_back["code"])

    claims = flow.claims(tokens.id_token) if flow.spec.has_id_token else {}
    identity = flow.spec.identify(claims, tokens.access_token, flow.api_url, LIMIT)

    assert came_back["state"] == "st:ate"
    assert tokens.expires_at == NOW + timedelta(seconds=3599)
    assert tokens.refresh_token
    assert flow.spec.missing(tokens.scopes) == []
    assert identity.email == "ann@example.com"
    assert (tokens.id_token is not None) == flow.spec.has_id_token
    keys = {
        "google": flow.account["sub"],
        "microsoft": f"{flow.account['oid']}.{flow.account['tid']}",
        "zoom": flow.account["sub"],
    }
    assert identity.account_remote_id == keys[flow.side]


def test_authorize_url_holds_challenge_and_no_verifier(flow):
    url = oauth.authorize_url(
        flow.endpoints,
        flow.credentials,
        redirect_uri=CALLBACK,
        scopes=flow.spec.scopes,
        state="a:b",
        nonce="n",
        verifier=flow.verifier,
        extra=flow.spec.authorize_extra,
    )

    sent = parse_qs(urlsplit(url).query)
    digest = hashlib.sha256(flow.verifier.encode()).digest()
    assert sent["code_challenge"] == [base64.urlsafe_b64encode(digest).rstrip(b"=").decode()]
    assert sent["code_challenge_method"] == ["S256"]
    assert sent["scope"] == [" ".join(flow.spec.scopes)]
    assert (sent["response_type"], sent["nonce"], sent["state"]) == (["code"], ["n"], ["a:b"])
    assert flow.verifier not in url
    assert "secret" not in url
    for name, value in flow.spec.authorize_extra.items():
        assert sent[name] == [value]


def test_verifiers_are_long_and_never_the_same():
    made = {oauth.new_verifier() for _ in range(100)}

    assert len(made) == 100
    assert all(43 <= len(verifier) <= 128 for verifier in made)


def test_denied_consent_comes_back_as_an_error(flow):
    came_back = flow.consent(deny=True)

    assert (came_back["error"], "code" in came_back) == ("access_denied", False)


def test_code_works_once(flow):
    code = flow.consent()["code"]
    flow.exchange(code)

    with pytest.raises(OAuthFailure) as caught:
        flow.exchange(code)
    assert isinstance(flow.spec.classify(caught.value), ReconnectNeeded)


def test_code_of_another_verifier_is_refused(flow):
    code = flow.consent()["code"]

    with pytest.raises(OAuthFailure):
        flow.exchange(code, verifier=oauth.new_verifier())


def test_refresh_gives_a_new_access_token(flow):
    first = flow.connect()

    second = flow.refresh(first.refresh_token)

    assert second.access_token != first.access_token
    assert flow.spec.missing(second.scopes) == []
    if flow.side == "google":
        assert second.refresh_token is None
    else:
        assert second.refresh_token not in {None, first.refresh_token}


def test_refresh_token_that_zoom_has_rotated_is_dead(sandbox, settings):
    flow = Flow(sandbox, settings, "zoom")
    first = flow.connect()
    flow.refresh(first.refresh_token)

    with pytest.raises(OAuthFailure) as caught:
        flow.refresh(first.refresh_token)
    assert isinstance(ZOOM.classify(caught.value), ReconnectNeeded)


def test_withdrawn_grant_means_reconnect(flow):
    tokens = flow.connect()
    flow.sandbox.store.revoke(flow.account)

    with pytest.raises(OAuthFailure) as caught:
        flow.refresh(tokens.refresh_token)
    assert isinstance(flow.spec.classify(caught.value), ReconnectNeeded)
    assert not caught.value.retryable


def test_wrong_client_secret_is_the_operators_trouble(flow):
    tokens = flow.connect()
    flow.sandbox.store.set_setting(f"{flow.side}.clients", {f"{flow.side}-client": "another"})

    with pytest.raises(OAuthFailure) as caught:
        flow.refresh(tokens.refresh_token)
    error = flow.spec.classify(caught.value)
    assert isinstance(error, ClientMisconfigured)
    assert (error.code, error.status) == ("upstream_unavailable", 503)


def test_provider_that_is_down_is_worth_another_try(flow):
    tokens = flow.connect()
    flow.sandbox.fault(f"{flow.side}.token", status=503, reason="temporarily_unavailable")

    with pytest.raises(OAuthFailure) as caught:
        flow.refresh(tokens.refresh_token)
    assert caught.value.retryable
    assert type(flow.spec.classify(caught.value)) is UpstreamUnavailable


def test_lost_answer_is_unavailable(flow):
    tokens = flow.connect()
    flow.sandbox.fault(f"{flow.side}.token", lost=True)

    with pytest.raises(UpstreamUnavailable):
        flow.refresh(tokens.refresh_token)


def test_revoked_token_is_dead_and_revoking_again_is_a_success(flow):
    tokens = flow.connect()

    for _ in range(2):
        oauth.revoke(flow.endpoints, flow.credentials, token=tokens.refresh_token, time_limit=LIMIT)

    if flow.endpoints.revoke:
        with pytest.raises(OAuthFailure):
            flow.refresh(tokens.refresh_token)
    else:
        assert flow.spec.consent_page.startswith("https://")
        assert flow.refresh(tokens.refresh_token).access_token


def test_revoking_at_a_provider_that_is_down_says_so(sandbox, settings):
    flow = Flow(sandbox, settings, "google")
    tokens = flow.connect()
    sandbox.fault("google.revoke", status=503)

    with pytest.raises(OAuthFailure) as caught:
        oauth.revoke(flow.endpoints, flow.credentials, token=tokens.refresh_token, time_limit=LIMIT)
    assert caught.value.retryable


# --- Scopes ---


def test_unticked_scope_is_missed_in_words(sandbox, settings):
    flow = Flow(sandbox, settings, "google")
    unticked = "https://www.googleapis.com/auth/calendar.events"

    tokens = flow.exchange(flow.consent(untick=[unticked])["code"])

    assert flow.spec.missing(tokens.scopes) == ["See and edit events on your calendars"]


@pytest.mark.parametrize(
    ("side", "granted"),
    [
        ("google", "openid https://www.googleapis.com/auth/calendar"),
        ("microsoft", "https://graph.microsoft.com/Calendars.ReadWrite"),
        ("microsoft", "calendars.readwrite user.read"),
        ("zoom", "meeting:write meeting:read user:read"),
    ],
)
def test_scope_that_covers_the_required_ones_will_do(side, granted):
    assert SPECS[side].missing(frozenset(granted.split())) == []


@pytest.mark.parametrize("side", list(SPECS))
def test_nothing_granted_misses_every_required_scope(side):
    spec = SPECS[side]

    assert spec.missing(frozenset()) == list(spec.scope_words.values())
    assert set(spec.scope_words) <= set(spec.scopes)


# --- Who it is ---


def test_personal_microsoft_account_is_told_by_its_tenant(sandbox, settings):
    flow = Flow(sandbox, settings, "microsoft", kind="personal")
    tokens = flow.connect()
    claims = flow.claims(tokens.id_token)
    del claims["email"]

    identity = flow.spec.identify(claims, tokens.access_token, flow.api_url, LIMIT)

    assert (identity.kind, identity.email) == ("personal", "ann@example.com")


@pytest.mark.parametrize(
    ("side", "claims"),
    [
        ("google", {}),
        ("google", {"sub": "1"}),
        ("google", {"sub": "", "email": "a@example.com"}),
        ("microsoft", {"oid": "o"}),
        ("microsoft", {"tid": "t", "oid": 7}),
    ],
)
def test_claims_that_name_nobody_are_a_bad_reply(side, claims):
    with pytest.raises(BadReply):
        SPECS[side].identify(claims, Secret("t"), "https://api.example.com", LIMIT)
