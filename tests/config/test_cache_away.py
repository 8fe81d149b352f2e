"""While Redis is away: what cannot do without it says so in words, and lets nothing through."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.test import override_settings

from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db

AWAY = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": "redis://127.0.0.1:1/0",
    }
}


def test_signing_in_asks_to_try_again_and_works_after(client, alice):
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    form = {"login": alice.email, "password": PASSWORD}
    with override_settings(CACHES=AWAY):
        answer = client.post("/accounts/login/", form)
        assert (answer.status_code, answer["Retry-After"]) == (503, "30")
        assert "Please try again in a minute." in answer.text
        assert "_auth_user_id" not in client.session
    assert client.post("/accounts/login/", form).status_code == 302
    assert client.session["_auth_user_id"] == str(alice.pk)
