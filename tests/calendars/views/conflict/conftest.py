"""Two people with one event: a browser with its form, and a colleague at the provider."""

from __future__ import annotations

import html
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
import time_machine

from calendars.models import Event
from tests.calendars.views.events.conftest import FORM

TEN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # 10:00 in Berlin, alice's zone
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(datetime(2026, 11, 20, 12, tzinfo=UTC), tick=True):
        yield


class Fields(HTMLParser):
    """What a browser would send of the form in a page."""

    def __init__(self, page):
        super().__init__()
        self.sent, self.inside, self.action, self.is_ours = {}, None, "", False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        name, kind = given.get("name"), given.get("type", "text")
        if tag == "form":
            self.is_ours = "/calendar/events/" in (given.get("action") or "")
            self.action = given["action"] if self.is_ours else self.action
        elif not self.is_ours:
            return
        elif tag == "input" and name and kind not in ("radio", "checkbox"):
            self.sent.setdefault(name, []).append(given.get("value", ""))
        elif tag == "input" and name and "checked" in given:
            self.sent.setdefault(name, []).append(given.get("value", "on"))
        elif tag in ("select", "textarea"):
            self.inside = name
            if tag == "textarea":
                self.sent[name] = [""]
        elif tag == "option" and self.inside and "selected" in given:
            self.sent[self.inside] = [given.get("value", "")]

    def handle_endtag(self, tag):
        if tag in ("select", "textarea"):
            self.inside = None

    def handle_data(self, data):
        if self.inside and self.lasttag == "textarea":
            self.sent[self.inside] = [self.sent[self.inside][0] + data.lstrip("\n")]


def text(response):
    return html.unescape(response.content.decode())


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


class Colleague:
    """Somebody who changes events at the provider, as another device would."""

    def __init__(self, side):
        self.side = side
        self.is_google = side.calendar.connection.provider == "google"

    def id_of(self, event):
        event.refresh_from_db()
        return event.remote_id

    def change(self, event_id, google, graph):
        self.side.store.change_event(
            self.side.remote, event_id, google if self.is_google else graph
        )

    def rename(self, event, title):
        self.change(self.id_of(event), {"summary": title}, {"subject": title})

    def place(self, event, place):
        self.change(self.id_of(event), {"location": place}, {"location": {"displayName": place}})

    def move(self, event_id, start, end):
        def at(moment):
            wall = moment.astimezone(BERLIN).replace(tzinfo=None).isoformat()
            return {"dateTime": wall, "timeZone": "Europe/Berlin"}

        times = {"start": at(start), "end": at(end)}
        self.change(event_id, times, times)

    def delete(self, event):
        self.side.store.delete_event(self.side.remote, self.id_of(event))


@pytest.fixture(params=["google", "outlook"])
def side(request, side, user_owner):
    return side(user_owner, request.param)


@pytest.fixture
def colleague(side):
    return Colleague(side)


def create(browser, side, **fields):
    browser.post(
        "/calendar/events/new",
        {**FORM, "calendar": str(side.calendar.pk), "stops": "never"} | fields,
    )
    return Event.objects.filter(deleted_at=None, recurrence=[]).order_by("start_at").first()


@pytest.fixture
def event(browser, side):
    return create(browser, side, place="Room 1")


def form_of(browser, event):
    return Fields(browser.get(f"/calendar/events/{event.pk}/edit").content.decode()).sent


def save(browser, event, fields, **changes):
    return browser.post(f"/calendar/events/{event.pk}/edit", {**fields, **changes})


def answer(browser, page, **choices):
    """Press Save on the question, with these choices."""
    form = Fields(page.content.decode())
    return browser.post(form.action, {**form.sent, **choices})


def now(event):
    event.refresh_from_db()
    return event
