"""The steps of an authorization that the OAuth tests share."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import parse_qs, urlencode, urlsplit

from sandbox.server import endpoints
from sandbox.server.visitor import grant_consent

BASE = "https://sandbox.test"
ENDPOINTS = endpoints(BASE)
CALLBACK = "https://meridian.test/oauth/callback"
VERIFIER = "v" * 64
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
EMAIL = "amara@finch.example"
SCOPES = {
    "google": "openid email https://www.googleapis.com/auth/calendar.events "
    "https://www.googleapis.com/auth/calendar.readonly",
    "microsoft": "openid email profile offline_access User.Read Calendars.ReadWrite",
    "zoom": "meeting:write:meeting meeting:read:meeting user:read:user",
}


def authorize_url(provider, **changes):
    asked = {
        "client_id": "meridian",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": SCOPES[provider],
        "state": "s1",
        "nonce": "n1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "access_type": "offline",
        **changes,
    }
    query = urlencode({k: v for k, v in asked.items() if v is not None})
    return f"{ENDPOINTS[f'{provider.upper()}_AUTH_URL']}?{query}"


def returned(address):
    """What the person brings back to the callback."""
    return {k: v[0] for k, v in parse_qs(urlsplit(address).query).items()}


def consent(web, provider, *, email=EMAIL, asked=None, **choices):
    return returned(
        grant_consent(web, authorize_url(provider, **(asked or {})), email=email, **choices)
    )


def exchange(web, provider, code, **changes):
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        "client_id": "meridian",
        "client_secret": "secret",
        **changes,
    }
    return _post(web, provider, fields)


def refresh(web, provider, token, **changes):
    fields = {"grant_type": "refresh_token", "refresh_token": token}
    return _post(
        web, provider, {**fields, "client_id": "meridian", "client_secret": "secret", **changes}
    )


def _post(web, provider, fields):
    auth = None
    if provider == "zoom":
        auth = (fields.pop("client_id"), fields.pop("client_secret"))
    address = ENDPOINTS[f"{provider.upper()}_TOKEN_URL"]
    return web.post(address, data=fields, auth=auth, timeout=10)


def tokens(web, provider, *, asked=None, **choices):
    code = consent(web, provider, asked=asked, **choices)["code"]
    answer = exchange(web, provider, code)
    assert answer.status_code == 200, answer.text
    return answer.json()
