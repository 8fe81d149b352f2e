"""A browser with the dialog of events, against the sandbox."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime

import pytest

HTMX = {"HX-Request": "true"}
MONDAY_TEN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # 10:00 in Berlin, alice's zone
FORM = {
    "title": "Kick-off",
    "day": "2026-11-23",
    "start": "10:00",
    "end": "11:00",
    "zone": "Europe/Berlin",
    "conference": "none",
    "guests": "",
    "busy": "on",
    "reminders": "default",
    "visibility": "default",
    "idempotency_key": "0123456789abcdef0123456789abcdef",
}


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


@pytest.fixture
def google(side, user_owner):
    return side(user_owner)


@pytest.fixture
def outlook(side, user_owner):
    return side(user_owner, "outlook")


def text(response) -> str:
    return html.unescape(response.content.decode())


def create(browser, into, *, headers=None, **changes):
    data = {**FORM, "calendar": str(into.pk), **changes}
    return browser.post("/calendar/events/new", data, headers=headers or {})


def typed(browser, event, **changes):
    """What a browser would send back from the event's form, with these changes."""
    page = browser.get(f"/calendar/events/{event.pk}/edit").content.decode()
    etag = re.search(r'name="etag" value="([^"]*)"', page)
    return {
        **FORM,
        "title": event.title,
        "etag": html.unescape(etag[1]) if etag else "",
        "conference": event.conference or "none",
        "guests": ", ".join(a["email"] for a in event.attendees if not a["is_organizer"]),
        "notes": event.description,
        **changes,
    }
