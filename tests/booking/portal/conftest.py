"""A client's person with a link to their own pages, and the browser it is opened in."""

from __future__ import annotations

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from workspaces.services import client_access


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def invite(membership, client, email="desk@northgate.example", now=None):
    return client_access.invite_client(
        by=membership, client=client, email=email, now=now or timezone.now()
    )


def link_of(invitation):
    return reverse("portal:open", args=[client_access.token_of(invitation)])


@pytest.fixture
def invitation(membership, northgate):
    return invite(membership, northgate)


@pytest.fixture
def visitor(client, invitation):
    """The client's person, in."""
    return entered(client, invitation)


def entered(browser, invitation):
    answer = browser.post(link_of(invitation))
    assert (answer.status_code, answer["Location"]) == (303, "/client")
    return browser


def pages():
    return [reverse(f"portal:{name}") for name in ("home", "calendars", "hours", "meetings")]


def consent(sandbox, browser, provider="google", *, email="orla@northgate.example", **how):
    begun = browser.get(reverse("portal:connect", args=[provider]))
    assert begun.status_code == 302, said(begun)
    back = sandbox.consent(begun["Location"], email=email, **how)
    return browser.get(back.removeprefix("http://testserver"))


@pytest.fixture
def desk(sign_in, alice):
    return sign_in(alice)
