"""Whose turn it is: queues, leases, tenants, receivers that hang, and a broker that does."""

from __future__ import annotations

import socket
import threading
import time
import uuid
from datetime import timedelta

import pytest
import time_machine
from celery import current_app
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common import outbox
from common.enums import OutboxState
from common.errors import UpstreamUnavailable
from common.models import OutboxMessage
from common.outbox import delivery, lanes, queue, writing
from tests.common.post import KIND, state, write
from tests.rivals import at_once

QUEUE = "meeting 1"


def later(**span):
    return timezone.now() + timedelta(**span)


@pytest.mark.django_db
class TestQueues:
    def test_an_appointment_holds_nobody_up_before_its_time(self, post):
        """A reminder is written with the booking, and due weeks after."""
        reminder = write("reminder", ordering_key=QUEUE, due_at=later(days=20))
        write("moved", ordering_key=QUEUE)
        outbox.sweep()
        assert post.sent == ["moved"]
        OutboxMessage.objects.filter(pk=reminder.pk).update(due_at=timezone.now())
        outbox.sweep()
        assert post.sent == ["moved", "reminder"]

    def test_what_waits_for_a_moment_keeps_its_place(self, post):
        post.troubles = [outbox.NotYet(later(seconds=30))]
        first = write("first", ordering_key=QUEUE)
        outbox.deliver(first.pk)
        second = write("second", ordering_key=QUEUE)
        assert outbox.deliver(second.pk) is None

    def test_appointments_keep_their_time_when_the_queue_is_woken(self, post):
        write("reminder", ordering_key=QUEUE, due_at=later(days=20))
        waiting = write("waiting", ordering_key=QUEUE, due_at=later(minutes=1))
        outbox.make_queue_due(QUEUE)
        assert state(waiting) == OutboxState.PENDING
        outbox.sweep()
        assert post.sent == ["waiting"]

    def test_one_that_goes_on_failing_holds_the_others_up_for_a_while_only(self, post):
        post.troubles = [UpstreamUnavailable()]
        first, second = write("first", ordering_key=QUEUE), write("second", ordering_key=QUEUE)
        outbox.deliver(first.pk)
        assert outbox.deliver(second.pk) is None
        since = timezone.now() - queue.HOLDS_UP
        OutboxMessage.objects.filter(pk=first.pk).update(failing_since_at=since)
        assert outbox.deliver(second.pk) == OutboxState.SENT

    def test_an_older_one_that_comes_back_waits_for_the_one_at_work(self, post):
        """Sent again by hand while a later one is being sent: never two at once."""
        post.troubles = [LookupError()]
        old, new = write("old", ordering_key=QUEUE), write("new", ordering_key=QUEUE)
        outbox.deliver(old.pk)
        assert outbox.claim(new.pk, timezone.now()) is not None
        outbox.send_again(old)
        assert outbox.deliver(old.pk) is None
        OutboxMessage.objects.filter(pk=new.pk).update(state=OutboxState.SENT, lease_until=None)
        assert outbox.deliver(old.pk) == OutboxState.SENT

    def test_messages_of_the_same_instant_go_one_after_the_other(self, post):
        rows = [write(name, ordering_key=QUEUE) for name in "abc"]
        OutboxMessage.objects.update(created_at=timezone.now())
        took = [outbox.claim(row.pk, timezone.now()) for row in rows]
        assert [row is not None for row in took].count(True) == 1


@pytest.mark.django_db(transaction=True)
def test_rivals_for_one_queue_never_work_on_it_at_once(post):
    """Whichever message each takes: none is begun before another has ended."""
    busy, most = [], []
    lock = threading.Lock()

    def handle(message):
        with lock:
            busy.append(message.pk)
            most.append(len(busy))
        time.sleep(0.02)
        with lock:
            busy.remove(message.pk)

    outbox.register(KIND, handle)
    rows = [write(str(number), ordering_key=QUEUE) for number in range(8)]
    # None of them holds another up by its age: only the lease does.
    past = timezone.now() - timedelta(hours=1)
    OutboxMessage.objects.update(failing_since_at=past, attempts=3)

    def work(number):
        for _ in range(200):
            for row in rows[number:] + rows[:number]:
                outbox.deliver(row.pk)
            if not OutboxMessage.objects.filter(state=OutboxState.PENDING).exists():
                return

    assert at_once(4, work) == [None] * 4
    assert (len(most), max(most)) == (8, 1)


@pytest.mark.django_db(transaction=True)
class TestLeases:
    @pytest.fixture(autouse=True)
    def _short(self, monkeypatch):
        monkeypatch.setattr(queue, "LEASE", timedelta(seconds=4))

    def test_a_lease_lasts_as_long_as_the_work(self, post):
        rivals = []

        def slow(message):
            ends = time.monotonic() + 7
            while time.monotonic() < ends:
                rivals.append(outbox.claim(message.pk, timezone.now()))
                time.sleep(0.1)

        outbox.register(KIND, slow)
        message = write()
        assert outbox.deliver(message.pk) == OutboxState.SENT
        assert len(rivals) > 5
        assert set(rivals) == {None}
        assert state(message) == OutboxState.SENT

    @pytest.mark.skipif(connection.vendor != "postgresql", reason="nobody ends SQLite's")
    def test_a_lease_outlasts_the_end_of_its_connection(self, post):
        """The database is started anew while a message is handled."""
        ends = []

        def until():
            return OutboxMessage.objects.values_list("lease_until", flat=True).get()

        def wait_for_another(seconds):
            was, gives_up = until(), time.monotonic() + seconds
            while until() == was and time.monotonic() < gives_up:
                time.sleep(0.02)
            ends.append(until() != was)

        def handle(message):
            wait_for_another(20)
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    " AND query LIKE 'UPDATE%outbox_messages%lease_until%'"
                )
            wait_for_another(20)

        outbox.register(KIND, handle)
        message = write()
        outbox.deliver(message.pk)
        assert ends == [True, True]
        assert state(message) == OutboxState.SENT

    def test_what_hangs_for_too_long_is_let_go(self, post, monkeypatch):
        monkeypatch.setattr(queue, "LONGEST_HANDLING", timedelta(seconds=0.5))
        taken = []

        def hang(message):
            ends = time.monotonic() + 60
            while taken[-1:] in ([], [None]) and time.monotonic() < ends:
                taken.append(outbox.claim(message.pk, timezone.now()))
                time.sleep(0.1)

        outbox.register(KIND, hang)
        message = write()
        outbox.deliver(message.pk)
        assert taken[-1] is not None
        assert state(message) == OutboxState.PENDING  # the other one's to close


@pytest.mark.django_db
class TestTenants:
    def test_one_with_thousands_of_messages_keeps_none_from_others(self, post):
        loud, quiet = uuid.uuid4(), uuid.uuid4()
        past = timezone.now() - timedelta(days=1)
        OutboxMessage.objects.bulk_create(
            OutboxMessage(kind=KIND, dedupe_key=f"l{n}", workspace_id=loud, due_at=past)
            for n in range(2000)
        )
        for number in range(3):
            write(f"quiet {number}", workspace_id=quiet)
        outbox.register("tests.other", post.handle)
        write("other", kind="tests.other", workspace_id=loud)
        outbox.sweep(limit=8)
        assert len(post.sent) == 8
        assert {"quiet 0", "quiet 1", "quiet 2", "other"} <= set(post.sent)

    def test_due_messages_are_found_by_an_index(self, post):
        with CaptureQueriesContext(connection) as asked:
            delivery._in_turn(timezone.now(), 10)
        sql = asked[-1]["sql"]
        OutboxMessage.objects.bulk_create(
            OutboxMessage(kind=KIND, dedupe_key=f"s{n}", state=OutboxState.SENT)
            for n in range(3000)
        )
        write("due", ordering_key=QUEUE)
        explain = "EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN "
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("ANALYZE outbox_messages")
            cursor.execute(explain + sql)
            plan = " ".join(str(part) for row in cursor.fetchall() for part in row)
        assert "outbox_due" in plan
        assert "Seq Scan" not in plan
        assert "SCAN outbox_messages" not in plan


@pytest.mark.django_db
class TestReceiversThatHang:
    @pytest.fixture(autouse=True)
    def _slow_is_everything(self, monkeypatch):
        monkeypatch.setattr(lanes, "SLOW", timedelta(0))

    def test_a_mail_server_that_says_nothing_is_left_alone_for_a_while(self, post, monkeypatch):
        outbox.register(KIND, post.handle, lane="slow")
        outbox.register("tests.also", post.handle, lane="slow")
        outbox.register("tests.other", post.handle)
        post.troubles = [TimeoutError()] * lanes._MOST_OF_ALL
        for number in range(lanes._MOST_OF_ALL + 5):
            write(str(number), workspace_id=uuid.uuid4())
        write("also", kind="tests.also", workspace_id=uuid.uuid4())
        outbox.sweep()
        OutboxMessage.objects.update(due_at=timezone.now())
        tried = OutboxMessage.objects.filter(attempts__gt=0).count()
        other = write("other", kind="tests.other")
        assert outbox.sweep() == 1
        assert (post.sent, state(other)) == (["other"], OutboxState.SENT)
        assert tried == lanes._MOST_OF_ALL
        with time_machine.travel(later(seconds=31)):
            outbox.sweep()
        assert "also" in post.sent

    def test_one_workspaces_account_that_hangs_is_left_alone_by_itself(self, post):
        mine, yours = uuid.uuid4(), uuid.uuid4()
        post.troubles = [UpstreamUnavailable()] * lanes._MOST_OF_ONE
        for number in range(lanes._MOST_OF_ONE):
            outbox.deliver(write(str(number), workspace_id=mine).pk)
        stuck, free = write("mine", workspace_id=mine), write("yours", workspace_id=yours)
        outbox.sweep()
        assert post.sent == ["yours"]
        assert (stuck.attempts, state(free)) == (0, OutboxState.SENT)
        assert outbox.deliver_now(stuck) == OutboxState.SENT  # a person asked for it

    def test_a_receiver_of_no_workspaces_messages_that_hangs_stops_nobody_elses(self, post):
        """Mails that came in belong to no workspace before they are read."""
        outbox.register("tests.other", post.handle)
        post.troubles = [TimeoutError()] * lanes._MOST_OF_ONE
        for number in range(lanes._MOST_OF_ONE):
            outbox.deliver(write(str(number)).pk)
        stuck, mine = write("stuck"), write("mine", workspace_id=uuid.uuid4())
        write("other", kind="tests.other")
        outbox.sweep()
        assert sorted(post.sent) == ["mine", "other"]
        assert (state(stuck), state(mine)) == (OutboxState.PENDING, OutboxState.SENT)

    def test_one_that_holds_a_worker_for_a_minute_counts_for_several(self, post, monkeypatch):
        """Few workers cannot fail so slowly ten times a minute, and would all wait for ever."""
        monkeypatch.setattr(lanes, "_A_FAILURE", 0.01)

        def hang(message):
            time.sleep(0.06)
            raise TimeoutError

        outbox.register(KIND, hang)
        for number in range(2):
            outbox.deliver(write(str(number), workspace_id=uuid.uuid4()).pk)
        assert outbox.deliver(write("next", workspace_id=uuid.uuid4()).pk) is None

    def test_refusals_that_come_at_once_pause_nothing(self, post, monkeypatch):
        monkeypatch.setattr(lanes, "SLOW", timedelta(seconds=3))
        post.troubles = [ConnectionRefusedError()] * 40
        for number in range(40):
            write(str(number))
        outbox.sweep()
        assert lanes.paused() is None


@pytest.fixture
def broker(monkeypatch):
    """Call it with an address: that is the broker now."""
    monkeypatch.setattr(writing, "_broker_rests_until", 0.0)
    monkeypatch.setattr(writing, "_BROKER_RESTS", 60.0)
    options = {
        "socket_connect_timeout": 1,
        "socket_timeout": 3,
        "max_retries": 0,
        "interval_start": 0,
        "interval_step": 0,
    }

    def at(port):
        app = current_app._get_current_object()
        # Celery takes the second from the environment, where that names a broker.
        for name in ("broker_url", "broker_write_url"):
            monkeypatch.setitem(app.conf, name, f"redis://127.0.0.1:{port}/0")
        monkeypatch.setitem(app.conf, "broker_transport_options", options)
        app._pool = None
        app.amqp._producer_pool = None

    yield at
    current_app._pool = None
    current_app.amqp._producer_pool = None


@pytest.mark.parametrize("is_silent", [False, True], ids=["closed", "silent"])
def test_a_page_does_not_wait_for_a_broker_that_is_away(broker, is_silent):
    """The first finds out within its limits; after it nobody asks for a while."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))  # its own from now on; refused until it listens
        if is_silent:
            server.listen()
        broker(server.getsockname()[1])
        outbox.kick(uuid.uuid4())  # without limits it would wait for the silent one for ever
        server.listen()
        server.setblocking(False)
        if is_silent:
            server.accept()[0].close()
        for _ in range(20):
            outbox.kick(uuid.uuid4())
        with pytest.raises(BlockingIOError):
            server.accept()


def test_the_broker_is_asked_with_limits_of_time():
    """As the installation with Redis has it."""
    from django.conf import settings

    if settings.CELERY_BROKER_URL.startswith("redis"):
        options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
        assert options["socket_connect_timeout"] <= 1
        assert options["max_retries"] == 0
    names = {one.name for one in settings.CELERY_TASK_QUEUES}
    assert settings.CELERY_TASK_ROUTES["common.deliver_outbox_message"]["queue"] in names
    connections.close_all()
