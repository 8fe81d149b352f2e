"""Processes at Zoom that are killed before they note its answer, or renew one account at once.

The sandbox acts at once and holds its answer back; meanwhile the process dies.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from audit.actors import Actor, task_actor
from audit.enums import AccessReason, ActorKind, ConnectionState
from audit.models import OAuthToken
from audit.services.tokens import RECONNECT_KIND, resolve_provider_token
from booking.booker import Booker
from booking.models import BookingLink
from booking.services.meetings import book_meeting
from calendars.models import Event
from calendars.providers.base import EventDraft
from calendars.services import events
from common import outbox
from common.errors import ReconnectNeeded
from common.models import OutboxMessage
from conferencing.enums import Conference
from conferencing.models import ZoomMeeting
from conferencing.services.upkeep import sweep_zoom
from tests.integration.conftest import addresses, database_url

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]

ROOT = Path(__file__).resolve().parents[2]
CREATE = "zoom.meetings.create"
KEY = "a" * 32
CREATE_EVENT = """
    from audit.actors import task_actor
    from calendars.models import Calendar
    from calendars.providers.base import EventDraft
    from calendars.services import events
    from conferencing.enums import Conference
    from datetime import datetime, timedelta
    start = datetime.fromisoformat({start!r})
    draft = EventDraft(title="Board", start=start, end=start + timedelta(hours=1), timezone="UTC",
                       conference=Conference.ZOOM, idempotency_key={key!r})
    events.create_event(calendar=Calendar.objects.get(), draft=draft, actor=task_actor("tests"))
"""
DELIVER = """
    from common import outbox
    outbox.sweep()
"""


def tomorrow():
    day = datetime.now(UTC) + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day.replace(hour=10, minute=0, second=0, microsecond=0)


REFRESH = """
    from audit.actors import task_actor
    from audit.enums import AccessReason
    from audit.services.tokens import resolve_provider_token
    from conferencing.models import ZoomConnection
    row = ZoomConnection.objects.select_related("workspace").get()
    resolve_provider_token(connection=row, workspace=row.workspace, actor=task_actor("tests"),
                           reason=AccessReason.ZOOM_MEETING_CREATE)
"""


@pytest.fixture
def start(sandbox, settings):
    """Call it with a program: it runs in a process of its own."""
    environment = {
        **os.environ,
        **addresses(settings.GOOGLE_ISSUER.removesuffix("/google")),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database_url(),
        "DATA_DIR": str(settings.DATA_DIR),
    }
    started = []

    def run(program):
        process = subprocess.Popen(
            [sys.executable, "manage.py", "shell", "-c", textwrap.dedent(program)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def killed(sandbox, start):
    """Call it with a program: killed when Zoom has acted on that operation, and not been heard."""

    def run(program, operation=CREATE):
        before = len(sandbox.calls(operation))
        fault = sandbox.fault(operation, held=60)
        process = start(program)
        ends = time.monotonic() + 90
        while len(sandbox.calls(operation)) == before:
            assert time.monotonic() < ends, "it did not come so far"
            assert process.poll() is None, process.stdout.read()
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=10) == -signal.SIGKILL
        sandbox.store.drop("fault", fault["id"])
        # Instead of waiting for the dead one's leases to end.
        past = timezone.now() - timedelta(seconds=1)
        for table in (ZoomMeeting, OutboxMessage, OAuthToken):
            table.objects.exclude(lease_until=None).update(lease_until=past)

    return run


def age(delta):
    """As if all of it had happened that long ago."""
    for room in ZoomMeeting.objects.all():
        ZoomMeeting.objects.filter(pk=room.pk).update(
            attempted_at=room.attempted_at and room.attempted_at - delta,
            created_at=room.created_at - delta,
            due_at=room.due_at - delta,
        )


def sweep():
    age(timedelta(hours=2))
    sweep_zoom()


@pytest.fixture
def calendar(connect, user_owner):
    connect(user_owner, "zoom")
    return connect(user_owner, "google").calendars.get()


def test_event_that_is_created_again_has_the_meeting_that_was_made(calendar, killed, sandbox):
    start = tomorrow()
    killed(CREATE_EVENT.format(start=start.isoformat(), key=KEY))
    assert ZoomMeeting.objects.get().remote_id == ""
    assert len(sandbox.store.all("meeting")) == 1
    draft = EventDraft(
        title="Board",
        start=start,
        end=start + timedelta(hours=1),
        timezone="UTC",
        conference=Conference.ZOOM,
        idempotency_key=KEY,
    )
    event = events.create_event(calendar=calendar, draft=draft, actor=task_actor("tests"))
    for _ in range(2):
        sweep()
    (record,) = sandbox.store.all("meeting")
    assert str(record["id"]) in event.conference_url
    assert ZoomMeeting.objects.get().attempted_at is None
    assert Event.objects.count() == 1


def test_event_that_nobody_creates_again_leaves_no_meeting(calendar, killed, sandbox):
    killed(CREATE_EVENT.format(start=tomorrow().isoformat(), key=KEY))
    sweep()
    assert sandbox.store.all("meeting") == []
    assert not Event.objects.exists()


def test_booking_has_the_meeting_that_was_made(owner, connect, killed, sandbox):
    connect(owner)
    connect(owner, "zoom", email="desk@zoom.example")
    link = BookingLink.objects.create(
        workspace=owner.workspace,
        **{f"{owner.kind.value}_id": owner.id},
        slug="intro",
        title="Intro call",
        notice_minutes=0,
        conference="zoom",
    )
    meeting = book_meeting(
        link=link,
        start=tomorrow(),
        duration=timedelta(minutes=30),
        booker=Booker(name="Bea Lind", email="bea@visitor.example", timezone="UTC"),
        submit_key="k1",
        now=timezone.now(),
        actor=Actor(kind=ActorKind.PUBLIC_LINK, id=str(link.pk)),
    )
    killed(DELIVER)
    sweep()
    assert len(sandbox.store.all("meeting")) == 1  # the booking still wants it
    outbox.sweep()
    for _ in range(2):
        sweep()
    (record,) = sandbox.store.all("meeting")
    meeting.refresh_from_db()
    assert str(record["id"]) in meeting.conference_url
    assert len(sandbox.store.all("event")) == 1


# --- Refresh tokens, of which Zoom takes each one once ---


@pytest.fixture
def zoom(connect, user_owner):
    """An account whose access token has run out."""
    connection = connect(user_owner, "zoom")
    OAuthToken.objects.filter(connection_id=connection.pk).update(expires_at=timezone.now())
    return connection


def test_two_processes_that_refresh_at_once_send_the_refresh_token_once(zoom, start, sandbox):
    (old,) = [key for key, _ in sandbox.store.items("refresh")]
    before = len(sandbox.calls("zoom.token"))
    sandbox.fault("zoom.token", delay=3)
    both = [start(REFRESH), start(REFRESH)]
    said = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert len(sandbox.calls("zoom.token")) == before + 1
    assert sandbox.store.get("refresh", old) is None
    zoom.refresh_from_db()
    assert zoom.state == ConnectionState.ACTIVE


def test_refresh_token_that_was_lost_with_its_process_has_the_account_connected_again(
    zoom, killed, user_owner
):
    """Zoom has ended the old one, and the new one died with the process: nobody can renew it."""
    killed(REFRESH, "zoom.token")
    with pytest.raises(ReconnectNeeded) as refused:
        resolve_provider_token(
            connection=zoom,
            workspace=zoom.workspace,
            actor=task_actor("tests"),
            reason=AccessReason.ZOOM_MEETING_CREATE,
        )
    zoom.refresh_from_db()
    assert zoom.state == ConnectionState.RECONNECT_NEEDED
    assert zoom.last_error
    assert "onnect" in refused.value.message
    assert OutboxMessage.objects.filter(kind=RECONNECT_KIND).count() == 1
