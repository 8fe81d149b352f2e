"""A person's way through a provider's consent, for the tests of the protocol."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from calendars.providers.registry import OAUTH
from common import oauth
from common.oauth import (
    ClientCredentials,
    Endpoints,
)
from common.secrets import Secret
from conferencing.zoom_oauth import SPEC as ZOOM

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
LIMIT = timedelta(seconds=5)
CALLBACK = "https://meridian.example/oauth/callback"
SPECS = {"google": OAUTH["google"], "microsoft": OAUTH["outlook"], "zoom": ZOOM}


def endpoints_of(settings, side):
    def named(name):
        return getattr(settings, f"{side.upper()}_{name}", "")

    return Endpoints(
        authorize=named("AUTH_URL"),
        token=named("TOKEN_URL"),
        revoke=named("REVOKE_URL"),
        jwks=named("JWKS_URL"),
        issuer=named("ISSUER"),
    )


class Flow:
    """A person at a provider, from our first redirect to the tokens."""

    def __init__(self, sandbox, settings, side, kind="work"):
        self.sandbox, self.side, self.spec = sandbox, side, SPECS[side]
        self.endpoints = endpoints_of(settings, side)
        self.api_url = getattr(settings, f"{side.upper()}_API_URL")
        self.account = sandbox.store.add_account(side, email="ann@example.com", kind=kind)
        self.credentials = ClientCredentials(
            f"{side}-client", Secret(f"{side}-secret"), self.spec.client_auth
        )
        self.verifier, self.nonce = oauth.new_verifier(), "n0nce"

    def consent(self, **choices):
        url = oauth.authorize_url(
            self.endpoints,
            self.credentials,
            redirect_uri=CALLBACK,
            scopes=self.spec.scopes,
            state="st:ate",
            nonce=self.nonce,
            verifier=self.verifier,
            extra=self.spec.authorize_extra,
        )
        back = self.sandbox.consent(url, email=self.account["email"], **choices)
        return {key: values[0] for key, values in parse_qs(urlsplit(back).query).items()}

    def exchange(self, code, verifier=None, redirect_uri=CALLBACK):
        return oauth.exchange_code(
            self.endpoints,
            self.credentials,
            code=code,
            verifier=verifier or self.verifier,
            redirect_uri=redirect_uri,
            now=NOW,
            time_limit=LIMIT,
        )

    def refresh(self, token):
        return oauth.refresh(
            self.endpoints, self.credentials, refresh_token=token, now=NOW, time_limit=LIMIT
        )

    def claims(self, id_token, **changes):
        given = {"nonce": self.nonce, "time_limit": LIMIT, **changes}
        return oauth.id_token_claims(id_token, self.endpoints, self.credentials, **given)

    def connect(self):
        return self.exchange(self.consent()["code"])
