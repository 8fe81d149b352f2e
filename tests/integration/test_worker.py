"""The main job with nothing left out: real worker and beat, a real broker, HTTP to the sandbox."""

from __future__ import annotations

import email
import email.policy
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from audit.actors import Actor
from audit.enums import ActorKind
from audit.queries import verify_chain
from booking.booker import Booker
from booking.models import BookingLink
from booking.services.meetings import book_meeting
from common.enums import OutboxState
from common.models import OutboxMessage
from tests.integration.conftest import addresses, database_url

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def processes(sandbox, settings, tmp_path):
    """Call it with a name: a worker or beat of our own, ended after the test."""
    mails = tmp_path / "mail"
    mails.mkdir()
    environment = {
        **os.environ,
        **addresses(settings.GOOGLE_ISSUER.removesuffix("/google")),
        "DJANGO_SETTINGS_MODULE": "tests.worker_settings",
        "DATABASE_URL": database_url(),
        "CELERY_BROKER_URL": settings.CELERY_BROKER_URL,
        "DATA_DIR": str(settings.DATA_DIR),
        "WORKER_MAIL_PATH": str(mails),
    }
    commands = {
        "worker": ["worker", "-P", "threads", "-c", "4", "--without-gossip", "--without-mingle"],
        "beat": ["beat", "--schedule", str(tmp_path / "beat")],
    }
    started = []

    def start(name):
        with (tmp_path / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "config", *commands[name], "-l", "INFO"],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        started.append(process)
        return process

    start.mails, start.logs = mails, tmp_path
    yield start
    for process in started:
        process.kill()
        process.wait()


def letters(folder):
    """Every mail the worker wrote, by recipient."""
    found = {}
    for path in folder.iterdir():
        for part in path.read_bytes().split(b"-" * 79 + b"\n"):
            if part.strip():
                letter = email.message_from_bytes(part, policy=email.policy.default)
                found.setdefault(letter["To"], []).append(letter)
    return found


def wait_until(true, seconds=120):
    """How long it may take at all, on a machine with much else to do."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return
        time.sleep(0.1)
    pytest.fail(f"it did not happen within {seconds} s")


@pytest.fixture
def link(owner, connect):
    connect(owner)
    return BookingLink.objects.create(
        workspace=owner.workspace,
        **{f"{owner.kind.value}_id": owner.id},
        slug="intro",
        title="Intro call",
        notice_minutes=0,
    )


def next_open_start():
    """Tomorrow or later, on a weekday, at ten in Berlin's winter or summer."""
    day = datetime.now(UTC) + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day.replace(hour=10, minute=0, second=0, microsecond=0)


def book(link, key="k1", start=None):
    return book_meeting(
        link=link,
        start=start or next_open_start(),
        duration=timedelta(minutes=30),
        booker=Booker(name="Bea Lind", email="bea@visitor.example", timezone="America/New_York"),
        submit_key=key,
        now=timezone.now(),
        actor=Actor(kind=ActorKind.PUBLIC_LINK, id=str(link.pk)),
    )


def test_a_booking_becomes_an_event_and_two_mails(link, owner, sandbox, processes):
    processes("worker")
    processes("beat")
    meeting = book(link)
    wait_until(lambda: type(meeting).objects.get(pk=meeting.pk).notice_sent_at)
    meeting.refresh_from_db()
    assert meeting.calendar_event_id is not None
    assert meeting.conference_url.startswith("http")
    assert [event["body"]["summary"] for event in sandbox.store.all("event")] == [
        "Intro call: Bea Lind"
    ]
    inbox = letters(processes.mails)
    (confirmation,) = inbox["bea@visitor.example"]
    assert meeting.conference_url in confirmation.get_body(("plain",)).get_content()
    (invitation,) = [
        part for part in confirmation.walk() if part.get_content_type() == "text/calendar"
    ]
    assert invitation.get_param("method") == "REQUEST"
    assert len(inbox[owner.notice_email]) == 1
    assert verify_chain(owner.workspace.pk).is_whole


def test_a_killed_worker_loses_nothing_and_doubles_nothing(link, owner, sandbox, processes):
    # Not answered while this test lasts: the worker dies in the middle of it.
    sandbox.fault("google.events.insert", delay=600, count=1)
    worker = processes("worker")
    meeting = book(link)
    wait_until(lambda: OutboxMessage.objects.exclude(lease_holder="").exists())
    time.sleep(1)
    worker.kill()
    worker.wait()
    assert type(meeting).objects.get(pk=meeting.pk).calendar_event_id is None
    # Instead of waiting two minutes for the dead worker's lease to end.
    OutboxMessage.objects.filter(state=OutboxState.PENDING).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )
    processes("worker")
    processes("beat")
    wait_until(lambda: type(meeting).objects.get(pk=meeting.pk).notice_sent_at)
    meeting.refresh_from_db()
    assert meeting.calendar_event_id is not None
    assert len(sandbox.store.all("event")) == 1
    inbox = letters(processes.mails)
    assert len(inbox["bea@visitor.example"]) == 1
    assert len(inbox[owner.notice_email]) == 1


def test_no_token_reaches_the_workers_log(link, sandbox, processes):
    processes("worker")
    processes("beat")
    meeting = book(link)
    wait_until(lambda: type(meeting).objects.get(pk=meeting.pk).notice_sent_at)
    said = "".join(path.read_text() for path in processes.logs.glob("*.log"))
    tokens = [key for kind in ("access", "refresh") for key, _ in sandbox.store.items(kind)]
    assert len(tokens) >= 2
    assert "Bearer" not in said
    assert [token for token in tokens if token in said] == []
