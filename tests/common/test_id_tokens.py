"""Which id_tokens are believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import jwt
import pytest
import responses
import time_machine

from common import oauth
from common.errors import UpstreamUnavailable
from common.oauth import (
    ClientCredentials,
    Endpoints,
    OAuthFailure,
)
from common.secrets import Secret
from tests.common.oauth_flow import LIMIT, Flow


@pytest.mark.parametrize("side", ["google", "microsoft"])
class TestIdToken:
    @pytest.fixture
    def flow(self, side, sandbox, settings):
        return Flow(sandbox, settings, side)

    @pytest.fixture
    def id_token(self, flow):
        return flow.connect().id_token

    def refused(self, flow, id_token, **changes):
        with pytest.raises(OAuthFailure) as caught:
            flow.claims(id_token, **changes)
        return caught.value.error == "invalid_id_token"

    def test_nonce_of_another_flow_is_refused(self, flow, id_token):
        assert self.refused(flow, id_token, nonce="other")

    def test_token_for_another_client_is_refused(self, flow, id_token):
        flow.credentials = ClientCredentials("someone-else", Secret("s"))

        assert self.refused(flow, id_token)

    def test_token_of_another_issuer_is_refused(self, flow, id_token):
        flow.endpoints = Endpoints(
            "", "", jwks=flow.endpoints.jwks, issuer="https://evil.example/{tenantid}"
        )

        assert self.refused(flow, id_token)

    def test_token_that_was_changed_is_refused(self, flow, id_token):
        head, body, signature = id_token.split(".")

        assert self.refused(flow, f"{head}.{body[:-4]}AAAA.{signature}")
        assert self.refused(flow, f"{head}.{body}.{signature[:-8]}AAAAAAAA")
        assert self.refused(flow, "not.a.token")
        assert self.refused(flow, "")

    def test_token_without_a_signature_is_refused(self, flow, id_token):
        claims = jwt.decode(id_token, options={"verify_signature": False})
        kid = jwt.get_unverified_header(id_token)["kid"]

        assert self.refused(flow, jwt.encode(claims, None, "none", headers={"kid": kid}))
        assert self.refused(flow, jwt.encode(claims, "k" * 64, "HS256", headers={"kid": kid}))

    def test_token_of_an_unknown_key_is_refused(self, flow, id_token):
        claims = jwt.decode(id_token, options={"verify_signature": False})

        assert self.refused(flow, jwt.encode(claims, "k" * 64, "HS256", headers={"kid": "new"}))

    def test_token_that_is_too_old_is_refused(self, flow, id_token):
        with time_machine.travel(datetime.now(UTC) + timedelta(hours=2), tick=False):
            assert self.refused(flow, id_token)

    def test_keys_are_read_once(self, flow, id_token):
        flow.claims(id_token)
        before = len(flow.sandbox.calls(f"{flow.side}.keys"))

        flow.claims(id_token)

        assert len(flow.sandbox.calls(f"{flow.side}.keys")) == before


def test_keys_that_cannot_be_read_are_unavailable(sandbox, settings):
    flow = Flow(sandbox, settings, "google")
    id_token = flow.connect().id_token
    flow.endpoints = Endpoints("", "", jwks=flow.endpoints.jwks + "/new", issuer="x")

    with pytest.raises(UpstreamUnavailable):
        flow.claims(id_token)


@responses.activate
@pytest.mark.parametrize("body", ["{}", "[]", '{"keys": 7}', '{"keys": [7]}', '{"keys": [{}]}'])
def test_keys_that_are_none_are_a_bad_reply_or_unavailable(body):
    responses.get("https://id.example.com/keys", body=body)
    id_token = jwt.encode({"sub": "1"}, "k" * 64, "HS256", headers={"kid": body})

    with pytest.raises(UpstreamUnavailable):
        oauth.id_token_claims(
            id_token,
            Endpoints("", "", jwks="https://id.example.com/keys", issuer="x"),
            ClientCredentials("client", Secret("s")),
            nonce="",
            time_limit=LIMIT,
        )


def test_google_writes_its_issuer_with_and_without_the_scheme(sandbox, settings):
    flow = Flow(sandbox, settings, "google")
    tokens = flow.connect()
    bare = flow.endpoints.issuer.removeprefix("https://")
    flow.endpoints = Endpoints("", "", jwks=flow.endpoints.jwks, issuer=f"https://{bare}")

    assert flow.claims(tokens.id_token)["iss"] in {bare, f"https://{bare}"}
