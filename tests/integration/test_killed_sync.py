"""`manage.py sync` killed in the middle of a first reading: its successor goes on there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from calendars.models import Calendar, Event
from tests.integration.conftest import addresses, database_url

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]

ROOT = Path(__file__).resolve().parents[2]
START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
CALENDARS, EVENTS, PAGE = 20, 6, 2
PAGES = EVENTS // PAGE
READ_BEFORE = 9
LIST = "google.events.list"


@pytest.fixture
def calendars(sandbox, connect, user_owner):
    """An account's calendars at the provider, each with its events, listed here and not read."""
    connection = connect(user_owner, "google")
    account = sandbox.account(connection)
    for number in range(1, CALENDARS):
        sandbox.store.add_calendar(account, name=f"Calendar {number:02}")
    found = [one for one in sandbox.store.all("calendar") if one["account"] == account["id"]]
    for calendar in found:
        for number in range(EVENTS):
            start = START + timedelta(days=number)
            sandbox.store.add_event(
                calendar, title=f"Event {number}", start=start, end=start + timedelta(hours=1)
            )
    sandbox.store.set_setting("google.page_size", PAGE)
    assert len(found) == CALENDARS
    return found


@pytest.fixture
def sync(sandbox, settings):
    """Call it: the command in a process of its own, as an operator starts it."""
    environment = {
        **os.environ,
        **addresses(settings.GOOGLE_ISSUER.removesuffix("/google")),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database_url(),
        "DATA_DIR": str(settings.DATA_DIR),
    }
    started = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "manage.py", "sync"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def run(sync):
    process = sync()
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said
    return said


def half_read():
    return Calendar.objects.exclude(baseline_cursor="")


def mirrored():
    """Calendar and title of every event that people see, each as often as it is there."""
    rows = Event.objects.filter(deleted_at__isnull=True)
    return sorted(rows.values_list("calendar__remote_id", "remote_id", "title"))


def at_provider(sandbox, calendars):
    return sorted(
        (calendar["id"], record["body"]["id"], record["body"]["summary"])
        for calendar in calendars
        for record in sandbox.store.events_of(calendar["id"])
        if record["body"]["status"] != "cancelled"
    )


def test_a_killed_reading_is_gone_on_with_and_nothing_is_lost_or_doubled(sandbox, calendars, sync):
    # In the tenth calendar, after its first page, the provider does not answer: not while this
    # test lasts, or that call would be counted among later ones.
    stuck = READ_BEFORE * PAGES + 1
    fault = sandbox.fault(LIST, skip=stuck, delay=600)
    process = sync()
    ends = time.monotonic() + 90
    # In this order: the ninth is half read, too, just before it is whole.
    while (
        Calendar.objects.exclude(synced_at=None).count() < READ_BEFORE or not half_read().exists()
    ):
        assert time.monotonic() < ends, "it did not come so far"
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    assert process.wait(timeout=10) == -signal.SIGKILL
    sandbox.store.drop("fault", fault["id"])
    assert Calendar.objects.exclude(synced_at=None).count() == READ_BEFORE
    assert Event.objects.count() == READ_BEFORE * EVENTS + PAGE

    # Whoever comes before the dead one's lease is over leaves that calendar to it.
    half = half_read().get()
    assert "not read yet, another run may be at it" in run(sync)
    assert Calendar.objects.exclude(synced_at=None).count() == CALENDARS - 1

    # Meanwhile something goes of what was read already, and something changes in what was not.
    there = next(one for one in calendars if one["id"] == half.remote_id)
    records = sorted(sandbox.store.events_of(there["id"]), key=lambda record: record["born"])
    sandbox.store.delete_event(there, records[0]["body"]["id"])
    sandbox.store.change_event(there, records[-1]["body"]["id"], {"summary": "Renamed"})

    Calendar.objects.filter(pk=half.pk).update(lease_until=timezone.now())
    before = len(sandbox.calls(LIST))
    run(sync)
    # The others cost one increment each; this one its second and third page, not its first.
    assert len(sandbox.calls(LIST)) - before == (CALENDARS - 1) + (PAGES - 1)
    run(sync)
    assert mirrored() == at_provider(sandbox, calendars)
    assert len(mirrored()) == CALENDARS * EVENTS - 1
    assert not half_read().exists()
