"""A token endpoint at the socket, and connections with sealed tokens."""

from __future__ import annotations

from datetime import timedelta

import pytest
import responses
from django.utils import timezone

from audit.actors import Actor
from audit.enums import ActorKind
from audit.services import vault
from common.oauth import TokenSet
from common.secrets import Secret
from tests.factories import make_connection

TOKEN_URL = "https://oauth2.googleapis.com/token"
ACCESS, REFRESH = "ya29.the-first-access-token", "1//the-refresh-token"


@pytest.fixture
def actor():
    return Actor(kind=ActorKind.USER, id="u1", name="alice@example.com", request_id="r1")


def pair(*, access=ACCESS, refresh=REFRESH, lasts=timedelta(hours=1)):
    return TokenSet(
        access_token=Secret(access),
        refresh_token=Secret(refresh) if refresh else None,
        expires_at=timezone.now() + lasts,
        scopes=frozenset({"openid"}),
    )


@pytest.fixture
def connection(user_owner):
    row = make_connection(user_owner, email="alice@gmail.example")
    vault.store_tokens(connection=row, tokens=pair())
    return row


@pytest.fixture
def stale_connection(user_owner, settings):
    settings.GOOGLE_CLIENT_ID, settings.GOOGLE_CLIENT_SECRET = "id", "secret"
    row = make_connection(user_owner, email="alice@gmail.example")
    vault.store_tokens(connection=row, tokens=pair(lasts=timedelta(seconds=30)))
    return row


@pytest.fixture
def socket():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock
