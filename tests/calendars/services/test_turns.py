"""Turns at an account that bears few requests at once: never too many, in any process."""

from __future__ import annotations

import itertools
import os
import select
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as live_settings
from django.db import connection as database
from django.utils import timezone

from audit.enums import AccessReason
from calendars.models import AccountTurn, Calendar
from calendars.services import sync, turns
from calendars.services.accounts import opened
from calendars.services.turns import NoTurn, turn_at
from common.errors import UpstreamUnavailable
from tests.factories import make_connection, make_member, make_workspace
from tests.rivals import at_once
from workspaces.owners import owner_of_user

pytestmark = pytest.mark.django_db(transaction=True)

NONE = timedelta(0)
LONG = timedelta(seconds=20)
ROOT = Path(__file__).parents[3]
# One process: takes turns, and says when each began and ended by the clock that all share.
PROCESS = """
import sys, time
import django
django.setup()
from datetime import timedelta
from calendars.models import UserCalendarConnection
from calendars.services.turns import turn_at
connection = UserCalendarConnection.objects.get(pk=sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[2])):
    with turn_at(connection, wait=timedelta(seconds=30)):
        began = time.monotonic()
        if number:
            time.sleep(0.02)
        else:
            print("inside", flush=True)
            sys.stdin.readline()
        print(began, time.monotonic(), flush=True)
"""


@pytest.fixture
def outlook(user_owner):
    return make_connection(user_owner, provider="outlook", account_remote_id="mailbox-1")


def most_at_once(spans):
    """How many of these were under way at the same moment."""
    steps = sorted([(end, -1) for _, end in spans] + [(begin, 1) for begin, _ in spans])
    inside = most = 0
    for _, step in steps:
        inside += step
        most = max(most, inside)
    return most


def in_a_turn(connection, until, wait=LONG):
    """From when to when it had one; `until` says how long it does something in there."""
    with turn_at(connection, wait=wait):
        began = time.monotonic()
        until()
        return began, time.monotonic()


def test_rivals_never_are_more_than_may_be_and_all_come_to_it(outlook):
    most = live_settings.OUTLOOK_CONCURRENCY
    all_inside, entered = threading.Barrier(most), itertools.count(1)

    def meet(_):
        """The first ones wait for each other, so that they are at it together."""
        turn = next(entered)
        return all_inside.wait(timeout=60) if turn <= most else time.sleep(0.02)

    spans = at_once(12, lambda number: in_a_turn(outlook, lambda: meet(number)))
    assert most_at_once(spans) == most == 4
    assert not AccountTurn.objects.exclude(lease_until=None).exists()


def test_processes_share_the_turns_of_one_mailbox(outlook):
    """What was per process once: three of them at two turns, with no memory in common."""
    processes = [_start(outlook, turns_each=10) for _ in range(3)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    first, second, third = processes
    for process in (first, second):
        _say(process)
        assert process.stdout.readline() == "inside\n"
    # Both turns are taken and kept until the third has asked for one for a while.
    _say(third)
    assert not select.select([third.stdout], [], [], 0.5)[0]
    for process in (first, second):
        _say(process)
    assert third.stdout.readline() == "inside\n"
    _say(third)
    spans = []
    for process in processes:
        said, trouble = process.communicate(timeout=60)
        assert process.returncode == 0, trouble
        spans += [tuple(map(float, line.split())) for line in said.splitlines()]
    assert len(spans) == 30
    assert most_at_once(spans) == 2


def _say(process):
    process.stdin.write("\n")
    process.stdin.flush()


def _start(connection, turns_each):
    name, host = database.settings_dict["NAME"], database.settings_dict
    address = f"sqlite:///{name}"
    if database.vendor == "postgresql":
        place = f"{host['HOST'] or 'localhost'}:{host['PORT'] or 5432}"
        address = f"postgres://{host['USER']}:{host['PASSWORD']}@{place}/{name}"
    # Of the settings of the suite only the database is shared; the rest is the product's own.
    env = {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    env |= {"OUTLOOK_CONCURRENCY": "2"}
    return subprocess.Popen(
        [sys.executable, "-c", PROCESS, str(connection.pk), str(turns_each)],
        cwd=ROOT,
        env={**os.environ, **env},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_whoever_waits_in_vain_is_told_and_the_account_is_not_blamed(outlook, actor, settings):
    settings.OUTLOOK_CONCURRENCY = 1
    told = {"workspace": outlook.workspace, "actor": actor, "reason": AccessReason.EVENTS_LIST}
    asking = opened(outlook, total_time_limit=timedelta(seconds=0.1), **told)
    refused = pytest.raises(NoTurn, match="asked too much")
    with turn_at(outlook, wait=NONE), refused as caught, asking:
        raise AssertionError
    assert isinstance(caught.value, UpstreamUnavailable)
    outlook.refresh_from_db()
    assert outlook.last_error == ""


def test_a_mailbox_is_one_however_many_workspaces_connected_it(outlook, alice, settings):
    settings.OUTLOOK_CONCURRENCY = 1
    second = make_workspace("Second")
    make_member(second, alice)
    owner = owner_of_user(alice, second)
    same = make_connection(owner, provider="outlook", account_remote_id="mailbox-1")
    other = make_connection(owner, provider="outlook", account_remote_id="mailbox-2")
    with turn_at(outlook, wait=NONE):
        with pytest.raises(NoTurn), turn_at(same, wait=NONE):
            raise AssertionError
        with turn_at(other, wait=NONE):
            pass


def test_a_holder_that_died_is_in_nobodys_way_for_long(outlook, settings):
    settings.OUTLOOK_CONCURRENCY = 1
    turn = turns._Turn(turns.account_key(outlook), 1)
    turn.wait_for(NONE)
    with pytest.raises(NoTurn), turn_at(outlook, wait=NONE):
        raise AssertionError
    AccountTurn.objects.update(lease_until=timezone.now())
    with turn_at(outlook, wait=NONE):
        # It comes back from the dead and takes nothing from the new holder.
        turn.give_back()
        with pytest.raises(NoTurn), turn_at(outlook, wait=NONE):
            raise AssertionError


def test_a_long_operation_keeps_its_turn_and_learns_that_it_lost_it(outlook, monkeypatch):
    monkeypatch.setattr(turns, "KEPT_AFTER", NONE)
    with turn_at(outlook, wait=NONE) as keep:
        AccountTurn.objects.exclude(lease_until=None).update(
            lease_until=timezone.now() + timedelta(seconds=1)
        )
        keep()
        until = AccountTurn.objects.exclude(lease_until=None).get().lease_until
        assert until > timezone.now() + turns.LASTS - timedelta(seconds=5)
        AccountTurn.objects.update(lease_holder="another")
        with pytest.raises(NoTurn):
            keep()
    assert AccountTurn.objects.filter(lease_holder="another", lease_until__isnull=False).exists()


def test_runs_leave_turns_for_people(outlook, settings):
    """Two of four are for runs: a third finds none, a person does."""
    with turn_at(outlook, wait=NONE, first=2), turn_at(outlook, wait=NONE, first=2):
        with pytest.raises(NoTurn), turn_at(outlook, wait=NONE, first=2):
            raise AssertionError
        with turn_at(outlook, wait=NONE), turn_at(outlook, wait=NONE):
            pass


def test_a_run_that_finds_no_turn_opens_no_token_and_says_nothing(
    connect, user_owner, actor, sandbox, settings
):
    settings.OUTLOOK_CONCURRENCY = settings.SYNC_PER_ACCOUNT = 1
    connection = connect(user_owner, "outlook")
    before = len(sandbox.calls())
    with turn_at(connection, wait=NONE):
        sync.sync_connection(connection=connection, actor=actor, now=timezone.now())
    assert len(sandbox.calls()) == before
    assert Calendar.objects.get().sync_error == ""
    sync.sync_connection(connection=connection, actor=actor, now=timezone.now())
    assert Calendar.objects.get().synced_at is not None


def test_a_run_that_finds_no_turn_asks_for_no_other(connect, user_owner, sandbox, settings):
    """A notice waits; the run that has the turn follows it, and none begins over and over."""
    settings.OUTLOOK_CONCURRENCY = settings.SYNC_PER_ACCOUNT = 1
    connection = connect(user_owner, "outlook")
    sync.run(kind="user", connection_id=connection.pk, calendar_ids=None)
    Calendar.objects.update(noticed_at=timezone.now() + timedelta(seconds=1))
    asked = Calendar.objects.get().sync_tried_at
    with turn_at(connection, wait=NONE):
        sync.run(kind="user", connection_id=connection.pk, calendar_ids=[Calendar.objects.get().pk])
    calendar = Calendar.objects.get()
    assert (calendar.has_notice, calendar.sync_tried_at) == (True, asked)


@pytest.mark.parametrize(("provider", "queries"), [("google", 0), ("outlook", 2)])
def test_a_turn_costs_two_statements_and_none_where_none_is_needed(
    user_owner, django_assert_num_queries, provider, queries
):
    connection = make_connection(user_owner, provider=provider)
    with turn_at(connection, wait=NONE):
        """The first one makes them."""
    with django_assert_num_queries(queries), turn_at(connection, wait=NONE):
        pass


def test_many_at_the_last_turn_get_it_one_after_the_other(outlook, settings):
    settings.OUTLOOK_CONCURRENCY = 1
    inside, lock = [], threading.Lock()

    def one(number):
        with turn_at(outlook, wait=LONG):
            assert lock.acquire(blocking=False)
            inside.append(number)
            lock.release()

    assert at_once(8, one) == [None] * 8
    assert sorted(inside) == list(range(8))
