"""A calendar that is read by cursor, and both its sides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from calendars.models import Event
from calendars.services import copying, events, sync
from common import http
from tests.conftest import SANDBOX_URL
from tests.fidelity.validate import RecordingWSGIAdapter

BERLIN = ZoneInfo("Europe/Berlin")
# In the morning, so that hours later is the same day in every zone used here.
START = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)
DAILY = {"recurrence": ["RRULE:FREQ=DAILY;COUNT=5"], "timezone": "Europe/Berlin"}


@pytest.fixture
def sandbox(sandbox):
    """Held to what Google and Microsoft publish."""
    http.mount(f"{SANDBOX_URL}/", RecordingWSGIAdapter(sandbox.adapter.app))
    return sandbox


@pytest.fixture(params=["google", "outlook"])
def connection(request, connect, user_owner):
    return connect(user_owner, request.param)


@pytest.fixture
def google(connect, user_owner):
    return connect(user_owner, "google")


@pytest.fixture
def outlook(connect, user_owner):
    return connect(user_owner, "outlook")


@pytest.fixture
def side(sandbox):
    """Call it with a connection: hands on its own calendar at the provider."""

    class Side:
        def __init__(self, connection):
            self.store, self.calendar = sandbox.store, sandbox.calendar(connection)
            self.is_google = connection.provider == "google"

        def add(self, title="Board", start=START, **fields):
            fields = {"end": start + timedelta(hours=1), **fields}
            record = self.store.add_event(self.calendar, title=title, start=start, **fields)
            return record["body"].get("id") or record["id"]

        def rename(self, event_id, title):
            self.change(event_id, {"summary": title}, {"subject": title})

        def change(self, event_id, google, graph):
            self.store.change_event(self.calendar, event_id, google if self.is_google else graph)

        def move(self, event_id, start, **more):
            def at(moment):
                wall = moment.astimezone(BERLIN).replace(tzinfo=None).isoformat()
                return {"dateTime": wall, "timeZone": "Europe/Berlin"}

            times = {"start": at(start), "end": at(start + timedelta(hours=1))}
            self.change(event_id, {**times, **more}, {**times, **more})

        def delete(self, event_id):
            self.store.delete_event(self.calendar, event_id)

        def occurrence(self, provider, series_id, at):
            """The provider's id of an occurrence."""
            return provider.get_occurrence(self.remote, series_id, at).remote_id

    return Side


@pytest.fixture
def one_run(sandbox, actor):
    """Call it with a connection: reads its calendars by name; the requests it cost."""

    def run(connection, **more):
        before = len(sandbox.calls())
        sync.sync_connection(
            connection=connection,
            actor=actor,
            now=timezone.now(),
            calendar_ids=[row.pk for row in connection.calendars.all()],
            **more,
        )
        return [call["operation"] for call in sandbox.calls()[before:]]

    return run


@pytest.fixture
def id_of(sandbox, actor):
    """Call it with an event of the mirror: its id at the provider."""

    def found(event):
        return events.refresh_event(event=event, actor=actor).remote_id

    return found


def shown():
    """Title and start of every occurrence that people see."""
    rows = Event.objects.filter(deleted_at__isnull=True, recurrence=[]).order_by("start_at")
    return [(row.title, row.start_at) for row in rows]


def days(title, *numbers, start=START):
    """The same at the same wall time in Berlin, that many days later."""
    wall = start.astimezone(BERLIN).replace(tzinfo=None)
    return [
        (title, (wall + timedelta(days=n)).replace(tzinfo=BERLIN).astimezone(UTC)) for n in numbers
    ]


def seen():
    """What people see of the mirror's window."""
    return [(title, start) for title, start in shown() if start > START - copying.BEFORE]
