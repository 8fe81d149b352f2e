"""Channels are renewed, told of their end, and closed when nobody needs them."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from calendars import tasks
from calendars.models import Calendar, PushChannel
from calendars.services import connections, preferences
from common import http
from tests.calendars.services.channels.conftest import graph_notice, item_of, open_at_provider
from tests.conftest import SANDBOX_URL
from tests.factories import make_calendar, make_connection

pytestmark = pytest.mark.django_db


# --- Renewal and lifecycle ---


def test_a_channel_is_renewed_before_it_ends_and_the_old_one_closed_after(
    connection, calendar, tend, sandbox
):
    tend()
    old = PushChannel.objects.get()
    calendar.refresh_from_db()
    before = len(sandbox.calls())
    with time_machine.travel(calendar.push_until - timedelta(hours=30)):
        tend()
        assert PushChannel.objects.get().pk == old.pk
    with time_machine.travel(calendar.push_until - timedelta(hours=23)):
        sandbox.store.clock = timezone.now
        tend()
    new = PushChannel.objects.get()
    calendar.refresh_from_db()
    assert new.pk != old.pk
    assert new.expires_at > old.expires_at
    assert calendar.push_until == new.expires_at
    assert len(open_at_provider(sandbox)) == 1
    done = [
        call["operation"] for call in sandbox.calls()[before:] if "token" not in call["operation"]
    ]
    opened, closed = done
    assert "watch" in opened or "create" in opened
    assert "stop" in closed or "delete" in closed


def test_an_old_channel_that_cannot_be_closed_is_closed_later(connection, calendar, tend, sandbox):
    tend()
    Calendar.objects.update(push_until=timezone.now() + timedelta(hours=1), push_tried_at=None)
    google = connection.provider == "google"
    sandbox.fault(
        "google.channels.stop" if google else "microsoft.subscriptions.delete", status=503
    )
    tend()
    assert PushChannel.objects.count() == 2
    tend()
    assert PushChannel.objects.count() == len(open_at_provider(sandbox)) == 1


@pytest.mark.parametrize("event", ["reauthorizationRequired", "subscriptionRemoved", "missed"])
def test_lifecycle_notices_are_followed(subscription, sandbox, asked, event):
    connection = Calendar.objects.get().connection
    runs = asked(lambda: tell(sandbox, subscription, event))
    wanted = {
        "reauthorizationRequired": [tasks.tend_channels],
        "subscriptionRemoved": [tasks.sync_connection, tasks.tend_channels],
        "missed": [tasks.sync_connection],
    }
    assert [task for task, _ in runs] == wanted[event]
    for task, args in runs:
        task(*args)
    now_open = open_at_provider(sandbox)
    assert len(now_open) == PushChannel.objects.count() == 1
    assert (now_open[0]["id"] == subscription["id"]) == (event == "missed")
    assert connection.calendars.get().is_pushed(timezone.now())


def tell(sandbox, subscription, event):
    answer = http._BareSession().post(
        f"{SANDBOX_URL}/control/lifecycle",
        json={"subscription": subscription["id"], "event": event},
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("forged", ["subscriptionRemoved", "reauthorizationRequired"])
def test_a_forged_lifecycle_notice_ends_nothing(client, subscription, asked, forged):
    item = item_of(subscription, clientState="guessed", lifecycleEvent=forged)
    path = "/hooks/microsoft/lifecycle"
    assert asked(lambda: graph_notice(client, item, path=path)) == []
    assert PushChannel.objects.count() == 1


# --- Closing ---


def test_disconnecting_closes_the_channels(connection, tend, sandbox, actor):
    tend()
    connections.disconnect(connection=connection, actor=actor)
    assert open_at_provider(sandbox) == []
    assert not PushChannel.objects.exists()


def test_disconnecting_works_while_the_provider_is_down(connection, tend, sandbox, actor):
    tend()
    sandbox.fault("*", status=503, count=None)
    connections.disconnect(connection=connection, actor=actor)
    assert not PushChannel.objects.exists()


def test_the_end_of_a_membership_closes_the_channels(connection, tend, sandbox, alice, workspace):
    tend()
    connections.pause_connections(user=alice, workspace=workspace)
    assert open_at_provider(sandbox) == []
    assert connection.calendars.get().push_until is None


def test_a_calendar_that_nobody_needs_is_no_longer_watched(
    connection, calendar, tend, sandbox, asked
):
    tend()
    calendar.refresh_from_db()
    preferences.arrange_calendar(
        calendar=calendar, hue=calendar.hue, is_shown=False, counts_as_busy=False
    )
    assert [task for task, _ in asked(tasks.tend_due_channels)] == [tasks.tend_channels]
    tend()
    calendar.refresh_from_db()
    assert (open_at_provider(sandbox), calendar.push_until) == ([], None)


def test_expired_channels_are_forgotten_and_made_anew(connection, calendar, tend, sandbox):
    tend()
    with time_machine.travel(timezone.now() + timedelta(days=9)):
        sandbox.store.clock = timezone.now
        calendar.refresh_from_db()
        assert not calendar.is_pushed(timezone.now())
        tend()
        calendar.refresh_from_db()
        assert calendar.is_pushed(timezone.now())
    assert PushChannel.objects.count() == 1


def test_the_safety_reading_goes_on_beside_push(user_owner, asked, settings):
    settings.PUSH_ENABLED = True
    now = timezone.now()
    tried = now - timedelta(minutes=20)
    covered = {"push_until": now + timedelta(days=1), "synced_at": tried, "sync_tried_at": tried}
    calendar = make_calendar(make_connection(user_owner), **covered)
    assert asked(tasks.sync_due_calendars) == []
    Calendar.objects.filter(pk=calendar.pk).update(
        sync_tried_at=now - timedelta(minutes=63), synced_at=now - timedelta(minutes=63)
    )
    assert len(asked(tasks.sync_due_calendars)) == 1
