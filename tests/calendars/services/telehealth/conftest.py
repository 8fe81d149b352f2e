"""A clinic's calendar, on both providers, whose events get telehealth rooms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from audit.enums import AccessReason
from calendars.models import Event
from calendars.providers.base import EventDraft
from calendars.services import events, mirror, writing
from common import http
from conferencing.enums import Conference, EntrantKind
from conferencing.models import TelehealthRoom
from conferencing.telehealth.door import standing_of
from sandbox.server import create_app
from tests.conftest import SANDBOX_URL
from tests.fidelity.validate import RecordingWSGIAdapter

NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
TOMORROW = NOW + timedelta(days=1)
HOUR = timedelta(hours=1)
NATIVE = {"google": Conference.MEET, "outlook": Conference.TEAMS}


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=True) as traveller:
        yield traveller


@pytest.fixture
def sandbox(sandbox):
    """The stand-ins, strict about both sides of every call."""
    http.mount(f"{SANDBOX_URL}/", RecordingWSGIAdapter(create_app(sandbox.store, SANDBOX_URL)))
    return sandbox


@pytest.fixture
def clinic(workspace):
    """The workspace, with telehealth on."""
    workspace.telehealth_enabled = True
    workspace.save()
    return workspace


@pytest.fixture(params=["google", "outlook"])
def connection(request, clinic, user_owner, connect):
    return connect(user_owner, request.param)


@pytest.fixture
def calendar(connection):
    return connection.calendars.select_related("workspace").get(is_primary=True)


@pytest.fixture
def make(calendar, actor):
    def made(*, start=TOMORROW, conference=None, in_calendar=None, **fields):
        given = {"title": "Session", "start": start, "end": start + HOUR, "timezone": "UTC"}
        wanted = NATIVE[calendar.connection.provider] if conference is None else conference
        draft = EventDraft(**{**given, "conference": wanted, **fields})
        return events.create_event(calendar=in_calendar or calendar, draft=draft, actor=actor)

    return made


def room_of(event) -> TelehealthRoom:
    return TelehealthRoom.objects.get(pk=Event.objects.get(pk=event.pk).room_id)


def at_provider(event, actor):
    with writing.opened_for(event, actor, AccessReason.EVENT_GET) as provider:
        return provider.get_event(mirror.as_remote(event.calendar), event.remote_id)


def door(event, now=None):
    return standing_of(room_of(event), EntrantKind.GUEST, now or timezone.now()).door


@pytest.fixture
def google(clinic, user_owner, connect, copy_events):
    connection = connect(user_owner, "google")
    copy_events(connection)
    return connection


@pytest.fixture
def event(google, actor):
    calendar = google.calendars.select_related("workspace").get(is_primary=True)
    draft = EventDraft(
        title="Session",
        start=TOMORROW,
        end=TOMORROW + HOUR,
        timezone="UTC",
        conference=Conference.MEET,
    )
    return events.create_event(calendar=calendar, draft=draft, actor=actor)
