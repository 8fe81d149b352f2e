"""Google's own client, signed in to the sandbox."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta

import httplib2
import pytest
from authlib.integrations.requests_client import OAuth2Session
from google.oauth2.credentials import Credentials
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from tests.clients.conftest import EMAIL

SCOPES = [
    "openid",
    "email",
    "https://www.googleapis.com/auth/calendar.events",
    "https://www.googleapis.com/auth/calendar.readonly",
]


@pytest.fixture
def account(outside):
    return outside.store.add_account("google", email=EMAIL, timezone="Europe/Berlin")


@pytest.fixture
def granted(outside, account):
    """What the token endpoint gave for a code, with PKCE and offline access."""
    verifier = secrets.token_urlsafe(48)
    with OAuth2Session(
        "a-stranger", "s3cret", redirect_uri="https://app.example/back", scope=SCOPES,
        code_challenge_method="S256", token_endpoint_auth_method="client_secret_post",
    ) as session:  # fmt: skip
        session.trust_env, session.verify = False, str(outside.authority)
        address, state = session.create_authorization_url(
            outside.endpoints["GOOGLE_AUTH_URL"],
            code_verifier=verifier,
            access_type="offline",
            prompt="consent",
        )
        back = outside.consent(address)
        return session.fetch_token(
            outside.endpoints["GOOGLE_TOKEN_URL"],
            authorization_response=back,
            state=state,
            code_verifier=verifier,
        )


@pytest.fixture
def credentials(outside, granted):
    return Credentials(
        token=granted["access_token"],
        refresh_token=granted["refresh_token"],
        token_uri=outside.endpoints["GOOGLE_TOKEN_URL"],
        client_id="a-stranger",
        client_secret="s3cret",
        scopes=SCOPES,
    )


@pytest.fixture
def client(outside, credentials):
    """The Calendar API as its discovery document, which ships with the package, describes it."""
    http = httplib2.Http(ca_certs=str(outside.authority), proxy_info=None)
    with build(
        "calendar",
        "v3",
        http=AuthorizedHttp(credentials, http=http),
        client_options={"api_endpoint": outside.endpoints["GOOGLE_API_URL"] + "/"},
        static_discovery=True,
    ) as service:
        yield service


@pytest.fixture
def mine(ours, account):
    return ours(account)


def timed(title, start, end=None, zone="Europe/Berlin", **more):
    end = end or start + timedelta(hours=1)
    return {
        "summary": title,
        "start": {"dateTime": start.isoformat(), "timeZone": zone},
        "end": {"dateTime": end.isoformat(), "timeZone": zone},
        **more,
    }


def insert(client, body, **options):
    return client.events().insert(calendarId="primary", body=body, **options).execute()


def refused(call):
    """Status and reason of the error that Google's client makes of a refusal."""
    with pytest.raises(HttpError) as caught:
        call.execute()
    body = json.loads(caught.value.content)
    return caught.value.status_code, body["error"]["errors"][0]["reason"]
