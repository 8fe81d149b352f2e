"""Who asks the workers for which calendars, and what their task does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from calendars import tasks
from calendars.models import Event
from calendars.services import sync
from tests.calendars.services.sync.conftest import titles
from tests.factories import make_calendar, make_connection, make_event

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(django_capture_on_commit_callbacks):
    """Call it with a function: what the workers were asked for meanwhile."""

    def during(act):
        with django_capture_on_commit_callbacks() as callbacks:
            act()
        return [callback.args[1] for callback in callbacks]

    return during


def test_stale_calendars_are_asked_for_once_per_connection(
    user_owner, client_owner, membership, asked
):
    old = timezone.now() - timedelta(seconds=9)
    one, two = make_connection(user_owner), make_connection(client_owner)
    rows = [make_calendar(c, sync_tried_at=old) for c in (one, one, two)]
    make_calendar(one)
    make_calendar(one, sync_tried_at=old, is_shown=False)
    runs = asked(lambda: sync.refresh_stale_calendars(membership, older_than=timedelta(seconds=4)))
    assert sorted((kind, key, sorted(ids)) for kind, key, ids in runs) == [
        ("client", str(two.pk), [str(rows[2].pk)]),
        ("user", str(one.pk), sorted([str(rows[0].pk), str(rows[1].pk)])),
    ]
    assert (
        asked(lambda: sync.refresh_stale_calendars(membership, older_than=timedelta(seconds=4)))
        == []
    )


@pytest.mark.parametrize(("seconds", "count"), [(29, 0), (31, 1)])
def test_a_failing_calendar_is_left_alone_for_a_while(
    user_owner, membership, asked, seconds, count
):
    tried = timezone.now() - timedelta(seconds=seconds)
    make_calendar(make_connection(user_owner), sync_error="too many", sync_tried_at=tried)
    runs = asked(lambda: sync.refresh_stale_calendars(membership, older_than=timedelta(seconds=4)))
    assert len(runs) == count


@pytest.mark.parametrize("state", ["paused", "reconnect_needed"])
def test_connections_that_cannot_be_read_are_not_asked_for(user_owner, membership, asked, state):
    make_calendar(make_connection(user_owner, state=state), sync_tried_at=None)
    assert asked(lambda: sync.refresh_stale_calendars(membership, older_than=timedelta(0))) == []


def test_strangers_calendars_are_not_asked_for(user_owner, charlie_membership, asked):
    make_calendar(make_connection(user_owner), sync_tried_at=None)
    assert (
        asked(lambda: sync.refresh_stale_calendars(charlie_membership, older_than=timedelta(0)))
        == []
    )


def test_the_beat_asks_for_what_nobody_looked_at(user_owner, asked):
    connection = make_connection(user_owner)
    make_calendar(connection, sync_tried_at=timezone.now() - timedelta(minutes=13))
    make_calendar(make_connection(user_owner), sync_tried_at=timezone.now() - timedelta(minutes=9))
    assert asked(tasks.sync_due_calendars) == [("user", str(connection.pk), None)]


def test_those_that_cannot_be_read_leave_the_beat_room_for_the_others(
    user_owner, asked, monkeypatch
):
    """A plan that was lowered pauses many accounts at once, and nobody ever reads them."""
    monkeypatch.setattr(sync, "MOST_AT_ONCE", 1)
    paused = make_connection(user_owner, state="paused", resumes_as="active")
    make_calendar(paused, sync_tried_at=timezone.now() - timedelta(days=9))
    connection = make_connection(user_owner)
    make_calendar(connection, sync_tried_at=timezone.now() - timedelta(minutes=13))
    assert asked(tasks.sync_due_calendars) == [("user", str(connection.pk), None)]


def test_the_beat_forgets_old_tombstones(user_owner):
    calendar = make_calendar(make_connection(user_owner))
    make_event(calendar, "Long gone", deleted_at=timezone.now() - timedelta(days=91))
    make_event(calendar, "Gone", deleted_at=timezone.now() - timedelta(days=89))
    tasks.sync_due_calendars()
    assert [event.title for event in Event.objects.all()] == ["Gone"]


def test_the_task_does_one_run(connection, add):
    add()
    tasks.sync_connection(connection.owner_kind, str(connection.pk))
    assert titles() == ["Board"]


def test_the_task_takes_a_failure_as_said_and_done(connection, calendar, sandbox):
    sandbox.fault("*", status=503, count=None)
    tasks.sync_connection(connection.owner_kind, str(connection.pk))
    calendar.refresh_from_db()
    assert calendar.sync_error


def test_the_task_of_a_connection_that_is_gone_does_nothing(connection):
    key = str(connection.pk)
    connection.delete()
    tasks.sync_connection("user", key)
