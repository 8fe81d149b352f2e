"""What token endpoints may answer, and what each failure means for the person."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
import responses

from calendars.providers.registry import OAUTH
from common import oauth
from common.errors import BadReply, RateLimited, ReconnectNeeded, UpstreamUnavailable
from common.oauth import (
    ClientCredentials,
    ClientMisconfigured,
    Endpoints,
    OAuthFailure,
    Refusals,
)
from common.secrets import Secret
from conferencing.zoom_oauth import SPEC as ZOOM

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
LIMIT = timedelta(seconds=5)
CALLBACK = "https://meridian.example/oauth/callback"
TOKEN_URL = "https://id.example.com/token"
SPECS = {"google": OAUTH["google"], "microsoft": OAUTH["outlook"], "zoom": ZOOM}


def ask(**body):
    credentials = ClientCredentials("client", Secret("s3cret"))
    return oauth.refresh(
        Endpoints("", TOKEN_URL),
        credentials,
        refresh_token=Secret("r3fresh"),
        now=NOW,
        time_limit=LIMIT,
    )


@responses.activate
def test_refresh_sends_the_client_in_the_form():
    responses.post(TOKEN_URL, json={"access_token": "a"})

    tokens = ask()

    sent = responses.calls[0].request
    assert parse_qs(sent.body) == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["r3fresh"],
        "client_id": ["client"],
        "client_secret": ["s3cret"],
    }
    assert sent.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert tokens.refresh_token is None
    assert NOW < tokens.expires_at < NOW + timedelta(hours=1)
    assert tokens.scopes == frozenset()


@responses.activate
def test_client_with_odd_characters_is_sent_as_it_is():
    responses.post(TOKEN_URL, json={"access_token": "a", "expires_in": "60"})
    credentials = ClientCredentials("cli ent&=é", Secret("p+ss/w=rd&"))

    tokens = oauth.exchange_code(
        Endpoints("", TOKEN_URL),
        credentials,
        code="4/0A&b=c+d",
        verifier="v" * 43,
        redirect_uri=CALLBACK,
        now=NOW,
        time_limit=LIMIT,
    )

    sent = parse_qs(responses.calls[0].request.body)
    assert (sent["client_id"], sent["client_secret"]) == (["cli ent&=é"], ["p+ss/w=rd&"])
    assert (sent["code"], sent["redirect_uri"]) == (["4/0A&b=c+d"], [CALLBACK])
    assert tokens.expires_at == NOW + timedelta(seconds=60)


@responses.activate
@pytest.mark.parametrize(
    "body",
    [
        '{"access_token": ""}',
        '{"access_token": 7}',
        '{"access_token": "no\\nheader"}',
        '{"access_token": "\\u20ac"}',
        '{"access_token": "a", "scope": ["x"]}',
        "{}",
        "[]",
        "null",
        "<html>",
        '"text"',
    ],
)
def test_token_answer_that_is_none_is_a_bad_reply(body):
    responses.post(TOKEN_URL, body=body)

    with pytest.raises(BadReply):
        ask()


@responses.activate
def test_failure_holds_words_and_numbers_and_nothing_else():
    body = {
        "error": "invalid_grant",
        "error_description": "AADSTS700082: words with r3fresh in them",
        "error_codes": [700082, "x", True],
        "trace_id": "t",
    }
    responses.post(TOKEN_URL, json=body, status=400, headers={"Retry-After": "9"})

    with pytest.raises(OAuthFailure) as caught:
        ask()

    failure = caught.value
    assert (failure.error, failure.status, failure.sub_codes) == ("invalid_grant", 400, (700082,))
    assert failure.retry_after == timedelta(seconds=9)
    assert "r3fresh" not in f"{failure!r} {failure} {vars(failure)}"
    assert failure.__context__ is None


@responses.activate
@pytest.mark.parametrize("error", [7, None, "with spaces and r3fresh", "x" * 200, {"a": 1}])
def test_error_that_is_no_word_is_unknown(error):
    responses.post(TOKEN_URL, json={"error": error}, status=400)

    with pytest.raises(OAuthFailure) as caught:
        ask()

    assert caught.value.error == "unknown"


@responses.activate
def test_success_that_holds_an_error_is_a_failure():
    responses.post(TOKEN_URL, json={"error": "invalid_grant"}, status=200)

    with pytest.raises(OAuthFailure):
        ask()


def test_token_set_shows_no_token():
    with responses.RequestsMock() as upstream:
        upstream.post(
            TOKEN_URL,
            json={"access_token": "acc3ss", "refresh_token": "r3new", "id_token": "id3nt"},
        )
        shown = repr(ask())

    assert not any(word in shown for word in ("acc3ss", "r3new", "id3nt"))


# --- What a failure means ---


@pytest.mark.parametrize(
    ("side", "error", "codes", "expected"),
    [
        ("google", "invalid_grant", (), ReconnectNeeded),
        ("google", "admin_policy_enforced", (), ReconnectNeeded),
        ("google", "invalid_client", (), ClientMisconfigured),
        ("google", "unauthorized_client", (), ClientMisconfigured),
        ("google", "redirect_uri_mismatch", (), ClientMisconfigured),
        ("google", "somethingNew", (), UpstreamUnavailable),
        ("microsoft", "invalid_grant", (), ReconnectNeeded),
        ("microsoft", "invalid_grant", (700082,), ReconnectNeeded),
        ("microsoft", "invalid_grant", (50173,), ReconnectNeeded),
        ("microsoft", "interaction_required", (50076,), ReconnectNeeded),
        ("microsoft", "consent_required", (65001,), ReconnectNeeded),
        ("microsoft", "invalid_client", (7000215,), ClientMisconfigured),
        ("microsoft", "invalid_client", (7000222,), ClientMisconfigured),
        ("microsoft", "unauthorized_client", (700016,), ClientMisconfigured),
        ("microsoft", "invalid_grant", (50011,), ClientMisconfigured),
        ("microsoft", "temporarily_unavailable", (), UpstreamUnavailable),
        ("zoom", "invalid_grant", (), ReconnectNeeded),
        ("zoom", "invalid_request", (), ReconnectNeeded),
        ("zoom", "invalid_request", (4709,), ClientMisconfigured),
        ("zoom", "unknown", (4717,), ClientMisconfigured),
        ("zoom", "unknown", (4702,), ClientMisconfigured),
        ("zoom", "unknown", (4735,), ReconnectNeeded),
        ("zoom", "unknown", (4741,), ReconnectNeeded),
        ("zoom", "invalid_client", (), ClientMisconfigured),
    ],
)
def test_failure_is_classified_by_the_reaction_it_needs(side, error, codes, expected):
    found = SPECS[side].classify(OAuthFailure(error, status=400, sub_codes=codes))

    assert type(found) is expected


def test_too_many_refreshes_wait():
    refusals = Refusals(reconnect=frozenset(), misconfigured=frozenset())
    failure = OAuthFailure("unknown", status=429, retry_after=timedelta(seconds=3))

    error = refusals.classify(failure)

    assert isinstance(error, RateLimited)
    assert error.retry_after == timedelta(seconds=3)


@responses.activate
def test_zoom_names_its_client_in_the_header():
    responses.post(TOKEN_URL, json={"access_token": "a"})
    credentials = ClientCredentials("client", Secret("s3cret"), "basic")

    oauth.refresh(
        Endpoints("", TOKEN_URL),
        credentials,
        refresh_token=Secret("r"),
        now=NOW,
        time_limit=LIMIT,
    )

    sent = responses.calls[0].request
    assert sent.headers["Authorization"] == "Basic " + base64.b64encode(b"client:s3cret").decode()
    assert "s3cret" not in sent.body
