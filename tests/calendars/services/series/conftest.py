"""Series of one calendar at each provider, told from the mirror and from the provider's side.

Every request and answer is held to what Google and Microsoft publish.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from calendars.enums import Scope
from calendars.models import Event
from calendars.providers.base import EventDraft
from calendars.services import events, series
from common import http
from sandbox.server import create_app
from tests.conftest import SANDBOX_URL
from tests.fidelity.validate import RecordingWSGIAdapter

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 10, 5)
# Eight Mondays at nine; from the fourth on Berlin is in winter.
EIGHT = [MONDAY + timedelta(days=7 * week) for week in range(8)]
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def sandbox(sandbox):
    """The stand-ins, strict about both sides of every call."""
    http.mount(f"{SANDBOX_URL}/", RecordingWSGIAdapter(create_app(sandbox.store, SANDBOX_URL)))
    return sandbox


@pytest.fixture(params=["google", "outlook"])
def provider(request):
    return request.param


@pytest.fixture
def connection(connect, user_owner, provider):
    return connect(user_owner, provider)


@pytest.fixture
def calendar(connection):
    return connection.calendars.get()


def wall(day, hour=9, minute=0):
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=BERLIN)


@dataclass
class Book:
    """One calendar, as its owner works with it."""

    calendar: Any
    actor: Any
    copy: Any

    def create(self, rule="FREQ=WEEKLY;COUNT=8", **fields) -> Event:
        given = {
            "title": "Stand-up",
            "start": wall(MONDAY),
            "end": wall(MONDAY) + HOUR,
            "timezone": "Europe/Berlin",
            "recurrence": (f"RRULE:{rule}",),
        }
        draft = EventDraft(**{**given, **fields})
        return events.create_event(calendar=self.calendar, draft=draft, actor=self.actor)

    def live(self) -> list[Event]:
        """What the mirror shows, in order."""
        rows = Event.objects.filter(calendar=self.calendar, deleted_at=None, recurrence=[])
        return list(rows.select_related("calendar__workspace").order_by("start_at", "title"))

    def told(self) -> list[tuple[str, str]]:
        """Title and wall time of each."""
        return [(one.title, one.start_wall) for one in self.live()]

    def days(self) -> list[date]:
        return [date.fromisoformat(one.start_wall[:10]) for one in self.live()]

    def on(self, day) -> Event:
        return next(one for one in self.live() if one.start_wall.startswith(day.isoformat()))

    def change(self, day, scope=Scope.ALL, **fields) -> series.Done:
        draft = EventDraft(**fields)
        return series.update_event(
            event=self.on(day), draft=draft, actor=self.actor, scope=Scope(scope)
        )

    def delete(self, day, scope=Scope.THIS, **more):
        return series.delete_event(event=self.on(day), actor=self.actor, scope=Scope(scope), **more)

    def same_after_sync(self) -> bool:
        """Whether a copy of the calendar, made anew, is what the mirror had right away."""
        before = self.told()
        self.copy(self.calendar.connection)
        assert self.told() == before
        return True


@pytest.fixture
def book(calendar, actor, copy_events):
    return Book(calendar, actor, copy_events)


OPERATIONS = {
    "google": {
        "create": "google.events.insert",
        "update": "google.events.patch",
        "delete": "google.events.delete",
        "list": "google.events.instances",
    },
    "outlook": {
        "create": "microsoft.events.create",
        "update": "microsoft.events.update",
        "delete": "microsoft.events.delete",
        "list": "microsoft.events.instances",
    },
}


@pytest.fixture
def fault(sandbox, provider):
    """Call it with create, update, delete or list: that goes wrong."""

    def broken(what, **how):
        return sandbox.fault(OPERATIONS[provider][what], **how)

    return broken


def provider_side(sandbox, record):
    """Delete the event where it is held."""
    if "deleted" in record:
        record["deleted"] = True
    else:
        record["body"]["status"] = "cancelled"
    sandbox.store.put("event", record["key"], record)
