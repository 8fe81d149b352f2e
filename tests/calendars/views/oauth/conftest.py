"""A browser that goes the way of consent, through the sandbox."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.contrib.messages import get_messages


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def start(browser, provider="google", **query):
    query = query or {"user": "me"}
    return browser.get(f"/oauth/{provider}/start?{urlencode(query)}")


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


def consent(sandbox, browser, provider="google", *, email="alice@gmail.example", query=None, **how):
    """Start, press Allow, and come back; the callback's answer."""
    begun = start(browser, provider, **(query or {"user": "me"}))
    assert begun.status_code == 302, said(begun)
    back = sandbox.consent(begun["Location"], email=email, **how)
    return browser.get(back.removeprefix("http://testserver"))


def exchanges(sandbox, provider="google"):
    return len(sandbox.calls(f"{provider}.token"))
