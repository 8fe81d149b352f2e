"""Channels are opened and proven, and a change comes through them from end to end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from audit.enums import ConnectionState
from audit.models import OAuthTokenAccessLog
from calendars import tasks
from calendars.models import Calendar, Event, PushChannel
from calendars.services import channels
from common import http
from common.secrets import hash_token
from sandbox.server.push import Reply
from tests.calendars.services.channels.conftest import open_at_provider
from tests.conftest import SANDBOX_URL
from tests.factories import make_calendar, make_connection
from tests.fidelity.validate import RecordingWSGIAdapter

pytestmark = pytest.mark.django_db
START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=1)


def add(sandbox, connection, title="Board"):
    remote = sandbox.calendar(connection)
    sandbox.store.add_event(remote, title=title, start=START, end=START + timedelta(hours=1))


# --- Opening ---


def test_a_channel_is_opened_and_proven(connection, calendar, tend, sandbox):
    tend()
    calendar.refresh_from_db()
    channel = PushChannel.objects.get()
    assert calendar.push_until == channel.expires_at > timezone.now() + timedelta(days=6)
    assert calendar.is_pushed(timezone.now())
    assert len(open_at_provider(sandbox)) == 1
    assert set(sandbox.answers) <= {200, 204}


def test_only_a_hash_of_the_secret_is_kept(connection, tend, sandbox):
    tend()
    there = open_at_provider(sandbox)[0]
    secret = there.get("token") or there.get("client_state")
    assert PushChannel.objects.get().secret_hash == hash_token(secret)
    assert len(secret) > 40
    row = Calendar.objects.values().get() | PushChannel.objects.values().get()
    assert secret not in str(row)


def test_tending_twice_asks_once(connection, tend, sandbox):
    tend()
    before, rows = len(sandbox.calls()), OAuthTokenAccessLog.objects.count()
    tend()
    assert (len(sandbox.calls()), OAuthTokenAccessLog.objects.count()) == (before, rows)


def test_opening_reads_what_changed_before_the_channel_was_there(connection, tend, asked):
    kind, key, ids = next(args for task, args in asked(tend) if task == tasks.sync_connection)
    assert (kind, key, ids) == ("user", str(connection.pk), [str(connection.calendars.get().pk)])


def test_without_a_public_address_nothing_is_opened(connection, tend, sandbox, settings):
    settings.PUSH_ENABLED = False
    tend()
    assert (channels.start_tending(timezone.now()), open_at_provider(sandbox)) == (0, [])


def test_an_address_that_fails_the_handshake_gets_no_channel(connect, user_owner, sandbox, actor):
    connection = connect(user_owner, "outlook")
    post = sandbox.store.courier.post
    sandbox.store.courier.post = lambda delivery: Reply(200, "text/html", post(delivery).text)
    channels.tend(kind="user", connection_id=connection.pk, actor=actor, now=timezone.now())
    assert not PushChannel.objects.exists()
    assert connection.calendars.get().push_until is None


def test_a_channel_whose_first_notice_never_came_is_not_trusted(
    connect, user_owner, sandbox, actor
):
    connection = connect(user_owner, "google")
    sandbox.store.courier.post = lambda _: Reply(0)
    channels.tend(kind="user", connection_id=connection.pk, actor=actor, now=timezone.now())
    assert PushChannel.objects.count() == 1
    assert not connection.calendars.get().is_pushed(timezone.now())


def test_a_calendar_that_cannot_be_watched_is_left_alone_for_hours(
    connection, calendar, tend, sandbox
):
    operation = "google.events.watch" if connection.provider == "google" else "microsoft.*"
    sandbox.fault(operation, status=400, reason="pushNotSupportedForRequestedResource")
    tend()
    before = len(sandbox.calls())
    tend()
    assert (len(sandbox.calls()), PushChannel.objects.count()) == (before, 0)
    tend(timezone.now() + channels.RETRY_EVERY + timedelta(minutes=1))
    assert PushChannel.objects.count() == 1


def test_the_beat_asks_for_connections_that_lack_push(user_owner, client_owner, sandbox, asked):
    one = make_connection(user_owner)
    make_calendar(one)
    covered = make_connection(client_owner)
    make_calendar(covered, push_until=timezone.now() + timedelta(days=5))
    paused = make_connection(client_owner, state=ConnectionState.PAUSED)
    make_calendar(paused)
    make_calendar(covered, is_shown=False, counts_as_busy=False)
    assert [args for _, args in asked(tasks.tend_due_channels)] == [("user", str(one.pk))]


# --- A change, from end to end ---


def test_a_change_comes_into_the_mirror_by_push_alone(connection, calendar, tend, sandbox, asked):
    tend()
    sandbox.answers.clear()
    runs = asked(lambda: add(sandbox, connection))
    assert set(sandbox.answers) <= {202, 204}
    task, args = runs[0]
    assert (task, args) == (
        tasks.sync_connection,
        ("user", str(connection.pk), [str(calendar.pk)]),
    )
    calendar.refresh_from_db()
    assert calendar.has_notice
    before = len(sandbox.calls())
    tasks.sync_connection(*args)
    calendar.refresh_from_db()
    assert [event.title for event in Event.objects.all()] == ["Board"]
    assert (calendar.has_notice, len(sandbox.calls()) - before) == (False, 1)


def test_a_notice_that_comes_while_its_calendar_is_read_is_not_lost(
    connection, calendar, tend, sandbox
):
    """The lease is taken: the run that has it reads once more before it gives it back."""
    tend()
    sandbox.adapter.sleep = None
    told = []

    def add_late(seconds):
        if not told:
            told.append(seconds)
            add(sandbox, connection, "Late")

    adapter = RecordingWSGIAdapter(sandbox.adapter.app, sleep=add_late)
    after = adapter.after

    def answered(request, status, body):
        after(request, status, body)
        if "events" in request.url or "calendarView" in request.url:
            add_late(0)

    adapter.after = answered
    http.mount(f"{SANDBOX_URL}/", adapter)
    tasks.sync_connection("user", str(connection.pk), [str(calendar.pk)])
    assert [event.title for event in Event.objects.all()] == ["Late"]
