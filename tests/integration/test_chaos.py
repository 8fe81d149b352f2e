"""Bookings while everything around them is killed and started again: nothing is lost.

Real workers, beat, broker, database and mail server, each a process of its own; PostgreSQL hangs
up on all of them now and then, as when it is started anew; the stand-ins of Google and Resend
answer over HTTP, late, with an error or not at all. `make chaos` runs it with
500 bookings and prints the report, `CHAOS_SEED` repeats a run's order of blows.
"""

from __future__ import annotations

import os
import random
import shutil
import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection

from audit.queries import verify_chain
from booking.models import BookingLink, Meeting
from calendars.models import Event
from common.enums import MailState, OutboxState
from common.models import OutboxMessage, SentMail
from sandbox.server import create_app
from tests.chaos.processes import Processes, free_port
from tests.chaos.smtp import kept
from tests.factories import make_client
from tests.integration import conftest as stand_ins
from tests.integration.conftest import addresses, database_url
from workspaces.owners import ClientOwner

BOOKINGS = int(os.environ.get("CHAOS_BOOKINGS", "24"))
SEED = int(os.environ.get("CHAOS_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
MAILS = os.environ.get("CHAOS_MAIL", "smtp resend").split()
LINKS = 5
# Workers take seconds to start where the machine is busy; between blows something has to get done.
SECONDS = max(30.0, BOOKINGS * float(os.environ.get("CHAOS_SECONDS_EACH", "0.4")))
CALM = 240 + BOOKINGS

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]


class Resend:
    """The stand-in of Resend on a port of its own, which can be taken away."""

    def __init__(self, store):
        self.store, self.port, self.server = store, free_port(), None
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self):
        app = create_app(self.store, self.url)
        self.server = stand_ins.make_server(
            "127.0.0.1", self.port, app, stand_ins._Server, stand_ins._Quiet
        )
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def kill(self):
        self.server.shutdown()
        self.server.server_close()


class Scene:
    """What runs, and the hand that strikes it."""

    def __init__(self, processes, resend, store, seed):
        self.processes, self.resend, self.store = processes, resend, store
        self.dice, self.blows = random.Random(seed), Counter()
        self.names = ["worker 1", "worker 2", "broker", "mail", "beat", "booker"]
        self.deck, self.spared = [], []
        self.targets = [*self.names, "google"]
        if connection.vendor == "postgresql":
            self.spared = connections_of_this_database()
            self.targets.append("database")

    def strike(self):
        """One blow: somebody is gone for a while, or a provider misbehaves."""
        if not self.deck:
            # Everybody is struck before anybody is struck again.
            self.deck = self.dice.sample(self.targets, len(self.targets))
        name = self.deck.pop()
        self.blows[name] += 1
        if name == "google":
            self.store.add_fault("google.events.insert", **self.dice.choice(
                [{"status": 503, "count": 3}, {"held": 4, "count": 2}, {"lost": True, "count": 2}]
            ))  # fmt: skip
            return
        if name == "database":
            hang_up(self.spared)
            return
        if name == "mail" and self.resend is not None:
            fault = self.dice.choice(["lost", "unreached"])
            self.store.add_fault("resend.*", **{fault: True, "count": 3})
            self.resend.kill()
            time.sleep(self.dice.uniform(0.5, 3))
            self.resend.start()
            return
        self.processes.kill(name)
        time.sleep(self.dice.uniform(0.2, 2.5))
        self.processes.start(name)

    def has_struck_all(self):
        return len(self.blows) == len(self.targets)

    def are_all_booked(self):
        done = Meeting.objects.filter(submit_key__startswith="chaos-").count() == BOOKINGS
        if not done and not self.processes.is_running("booker"):
            self.processes.start("booker")
        return done


def connections_of_this_database():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        return [pid for (pid,) in cursor.fetchall()]


def hang_up(spared):
    """As a database does that is started anew: every connection but the test's own is gone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND NOT pid = ANY(%s)",
            [spared],
        )


def wait_for(true, seconds, said):
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, said()
        time.sleep(0.3)


@pytest.fixture
def links(workspace, connect):
    """Five clients with a calendar each."""
    made = []
    for number in range(LINKS):
        client = make_client(workspace, f"Client {number}")
        owner = ClientOwner(workspace=workspace, client=client)
        connect(owner, email=f"client{number}@google.example")
        made.append(
            BookingLink.objects.create(
                workspace=workspace, client=client, slug=f"chaos-{number}", title="Intro call",
                notice_minutes=0, horizon_days=120,
            )
        )  # fmt: skip
    return made


@pytest.fixture(params=MAILS)
def scene(request, links, sandbox, settings, tmp_path):
    if shutil.which("redis-server") is None:
        pytest.skip("there is no redis-server")
    is_resend = request.param == "resend"
    resend = Resend(sandbox.store) if is_resend else None
    environment = {
        **addresses(settings.GOOGLE_ISSUER.removesuffix("/google")),
        "DATABASE_URL": database_url(),
        "DATA_DIR": str(settings.DATA_DIR),
        "CHAOS_MAIL": request.param,
    }
    if resend is not None:
        environment["RESEND_API_URL"] = f"{resend.url}/resend/"
    booker = [str(BOOKINGS), str(SECONDS), *[link.slug for link in links]]
    processes = Processes(tmp_path, environment, booker=booker)
    try:
        for name in ("broker", "mail", "worker 1", "worker 2", "beat"):
            processes.start(name)
        processes.wait_for_ports(processes.broker_port, processes.mail_port)
        yield Scene(processes, resend, sandbox.store, SEED)
    finally:
        processes.end()
        if resend is not None:
            resend.kill()


def let_something_be_done(seconds):
    """Wait so long, and longer where a busy machine has sent nothing since."""
    sent = OutboxMessage.objects.filter(state=OutboxState.SENT)
    before, began = sent.count(), time.monotonic()
    time.sleep(seconds)
    while sent.count() == before and not is_quiet() and time.monotonic() < began + 40:
        time.sleep(0.3)


def is_quiet():
    return not OutboxMessage.objects.filter(state=OutboxState.PENDING).exists()


def test_nothing_is_lost_and_nothing_made_twice(scene, sandbox, workspace, capsys):
    began, processes = time.monotonic(), scene.processes
    processes.start("booker")
    # How long a process takes to come up here says how fast blows may follow each other.
    wait_for(Meeting.objects.exists, 120, processes.said)
    pace = min(max(time.monotonic() - began, 2.0), 20.0)
    ends = time.monotonic() + SECONDS * 10 + 300
    while not (scene.are_all_booked() and scene.has_struck_all()):
        assert time.monotonic() < ends, processes.said()
        let_something_be_done(scene.dice.uniform(0.1, 0.5) * pace)
        scene.strike()
    struck = time.monotonic() - began
    for name in scene.names[:-1]:
        processes.start(name)
    # Nobody ends because somebody else did; the booker ends when all is booked.
    fallen = {name: count for name, count in processes.fallen.items() if name != "booker"}
    assert not fallen, processes.said()
    sandbox.store.clear_faults()
    wait_for(is_quiet, CALM, lambda: f"{left_over()}\n{processes.said()}")
    took = time.monotonic() - began

    meetings = list(Meeting.objects.filter(submit_key__startswith="chaos-"))
    events = [record["body"]["id"] for record in sandbox.store.all("event")]
    mirrored = dict(Event.objects.values_list("pk", "remote_id"))
    mails = list(SentMail.objects.all())
    copies = copies_of(scene)
    late = sorted(
        one.confirmation_sent_at - one.created_at for one in meetings if one.confirmation_sent_at
    )
    with capsys.disabled():
        print(report(scene, meetings, events, mails, copies, late, struck, took))

    # Nothing is lost, nor left over.
    assert len(meetings) == BOOKINGS
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {OutboxState.SENT}
    assert [one for one in meetings if not one.calendar_event_id or not one.notice_sent_at] == []
    # Each calendar event is there once, and is the one that its meeting knows.
    assert sorted(mirrored[one.calendar_event_id] for one in meetings) == sorted(events)
    # Every mail was taken, but for those that a later version overtook before their answer came,
    # and nothing was taken that nobody knows.
    assert {mail.state for mail in mails} <= {MailState.SENT, MailState.DELIVERED, MailState.OUTRUN}
    named = {mail.key_digest for mail in mails}
    assert named - set(copies) <= {mail.key_digest for mail in mails if is_outrun(mail)}
    assert set(copies) <= named
    readers = Counter((mail.recipient, mail.kind) for mail in mails if not is_outrun(mail))
    first = {f"guest{number}@visitor.example" for number in range(BOOKINGS)}
    assert {reader for reader, kind in readers if kind == "booking.confirmation"} == first
    assert sum(kind == "booking.notice" for _, kind in readers.elements()) == BOOKINGS
    assert [one for one, count in readers.items() if one[0] in first and count > 1] == []
    if scene.resend is not None:
        assert set(copies.values()) == {1}
    assert verify_chain(workspace.pk).is_whole


def copies_of(scene):
    """How many copies the receiver has of each mail: by key at Resend, by Message-ID over SMTP,
    where a version with other words after an uncertain try has a number behind the key.
    """
    if scene.resend is not None:
        return Counter(record["key"] for record in scene.store.all("resend_mail"))
    ids = [one["message_id"] for one in kept(scene.processes.mails)]
    return Counter(one.partition("@")[0].partition(".")[0] for one in ids)


def is_outrun(mail):
    return mail.state == MailState.OUTRUN


def left_over():
    rows = OutboxMessage.objects.exclude(state=OutboxState.SENT)
    return [
        (one.kind, one.state, one.attempts, one.lost, one.lease_until, one.due_at, one.last_error)
        for one in rows[:20]
    ]


def report(scene, meetings, events, mails, copies, late, struck, took):
    """The figures, as they are."""
    middle, worst = late[len(late) // 2], late[-1]
    eventless = sum(one.calendar_event_id is None for one in meetings)
    outrun = sum(is_outrun(mail) for mail in mails)
    unsent = sum(mail.key_digest not in copies and not is_outrun(mail) for mail in mails)
    kills = ", ".join(f"{name} {count}" for name, count in sorted(scene.blows.items()))
    receiver = "Resend" if scene.resend is not None else "SMTP"
    doubled = sum(count - 1 for count in copies.values())
    started = sum(scene.processes.starts.values())
    return f"""
Chaos with seed {SEED}, mails over {receiver}
  bookings            {len(meetings)} in {struck:.0f} s of blows, all settled after {took:.0f} s
  blows               {sum(scene.blows.values())}: {kills}
  processes started   {started}
  calendar events     {len(events)} at Google's stand-in, {eventless} meetings without
  mails               {len(mails)}, {unsent} of them lost, {outrun} overtaken by a later version;
                      {sum(copies.values())} copies taken, {doubled} of them repeats
  time to the guest   {_words(middle)} in the middle, {_words(worst)} at worst
"""


def _words(span):
    return f"{span / timedelta(seconds=1):.1f} s"
