"""The stand-in's meeting page, and whom it lets in."""

from __future__ import annotations

import time

import jwt
import pytest
import requests

from sandbox.server.livekit.access import KEY, SECRET
from tests.conftest import SANDBOX_URL


@pytest.fixture
def browser(sandbox):
    session = requests.Session()
    session.mount(f"{SANDBOX_URL}/", sandbox.adapter)
    return session


def token(secret=SECRET, **changes):
    claims = {
        "iss": KEY,
        "sub": "guest-1",
        "name": "Ann",
        "exp": int(time.time()) + 60,
        "video": {"roomJoin": True, "room": "th-1"},
    }
    return jwt.encode({**claims, **changes}, secret, algorithm="HS256")


def enter(browser, given):
    return browser.post(f"{SANDBOX_URL}/livekit/enter", json={"token": given})


def test_page_has_one_script_of_its_own_and_no_token(browser):
    page = browser.get(f"{SANDBOX_URL}/livekit/room")
    assert page.status_code == 200
    assert page.text.count("<script") == 1
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    script = browser.get(f"{SANDBOX_URL}/static/livekit-room.js")
    assert script.headers["Content-Type"].startswith("text/javascript")
    assert "location.hash" in script.text


def test_bearer_is_in_the_room_and_sees_who_else_is(browser):
    first = enter(browser, token()).json()
    assert first == {"ok": True, "room": "th-1", "name": "Ann", "host": False, "others": 0}
    host = {"roomJoin": True, "room": "th-1", "roomAdmin": True}
    second = enter(browser, token(sub="staff-1", name="Ines", video=host)).json()
    assert (second["host"], second["others"]) == (True, 1)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (lambda: token(exp=1), 401),
        (lambda: token(iss="APIother"), 401),
        (lambda: token("f" * 40), 401),
        (lambda: token(video={"room": "th-1"}), 403),
        (lambda: token(video={"roomJoin": True}), 403),
        (lambda: "", 401),
        (lambda: "a.b.c", 401),
    ],
    ids=["late", "other key", "forged", "no grant", "no room", "none", "nonsense"],
)
def test_who_has_no_good_token_stays_out(browser, given, status):
    assert enter(browser, given()).status_code == status
