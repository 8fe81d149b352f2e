"""Colleagues' time: what takes it, what is not known, and that nothing but times is told."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
import time_machine
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from audit.enums import ConnectionState
from audit.models import OAuthTokenAccessLog
from calendars.enums import EventStatus, HoldSource, NotKnown, Response, Visibility
from calendars.models import Calendar
from calendars.services.freebusy import free_busy
from calendars.services.holds import place_hold
from common.errors import Forbidden
from common.spans import Span
from tests.factories import (
    make_calendar,
    make_connection,
    make_event,
    make_member,
    make_user,
    make_workspace,
)
from workspaces.enums import Role
from workspaces.models import Membership
from workspaces.owners import UserOwner, owner_of_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 18, 14, 20, tzinfo=UTC)
DAY = Span(datetime(2026, 11, 19, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC))
NINE = datetime(2026, 11, 19, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
WINDOW = {"window_from": NOW - timedelta(days=90), "window_until": NOW + timedelta(days=400)}


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


def copied(owner, name="Calendar", *, connection=None, **fields):
    """A calendar of the owner that was just copied."""
    connection = connection or make_connection(owner)
    return make_calendar(connection, name, **{**WINDOW, **fields})


@pytest.fixture
def bobs(bob_owner):
    return copied(bob_owner)


@pytest.fixture
def ask(membership, actor):
    def asked(*emails, whose=membership, span=DAY, **more):
        return free_busy(
            membership=whose, emails=emails, span=span, actor=actor, session_key="s", now=NOW,
            **more,
        )  # fmt: skip

    return asked


@pytest.fixture
def bob_of(ask):
    """Call it for what is told of bob."""
    return lambda **more: ask("bob@example.com", **more).people[1]


def spans(times):
    return [(f"{one.start:%H:%M}", f"{one.end:%H:%M}") for one in times.busy]


# --- What takes time ---


def test_busy_events_of_every_counting_calendar_are_told(bob_of, bob_owner, bobs):
    other = copied(bob_owner)
    make_event(bobs, start=NINE)
    make_event(other, start=NINE + HOUR / 2)
    make_event(other, start=NINE + 5 * HOUR, visibility=Visibility.PRIVATE)
    bob = bob_of()
    assert spans(bob) == [("09:00", "10:30"), ("14:00", "15:00")]
    assert (bob.unknown, bob.as_of, bob.is_self) == (None, NOW, False)


@pytest.mark.parametrize(
    "fields",
    [
        {"is_busy": False},
        {"response": Response.DECLINED},
        {"status": EventStatus.CANCELLED},
        {"deleted_at": NOW},
        {"recurrence": ["RRULE:FREQ=DAILY"]},
    ],
)
def test_free_declined_cancelled_and_deleted_events_take_no_time(bob_of, bobs, fields):
    make_event(bobs, start=NINE, **fields)
    assert spans(bob_of()) == []


def test_calendar_that_does_not_count_takes_no_time(bob_of, bob_owner, bobs):
    make_event(copied(bob_owner, counts_as_busy=False), start=NINE)
    assert spans(bob_of()) == []


def test_all_day_event_takes_the_day(bob_of, bobs):
    make_event(bobs, start=DAY.start, end=DAY.end, is_all_day=True)
    assert spans(bob_of()) == [("00:00", "00:00")]


def test_holds_take_time_whatever_workspace_they_are_of(bob_of, bob, bobs):
    elsewhere = make_workspace("Bobs own", owner=bob)
    owner = owner_of_user(bob, elsewhere)
    place_hold(owner=owner, span=Span(NINE, NINE + HOUR), source=HoldSource.SALES_MEETING)
    assert spans(bob_of()) == [("09:00", "10:00")]


def test_busy_times_are_cut_to_the_span(bob_of, bobs):
    make_event(bobs, start=DAY.start - HOUR, end=DAY.start + HOUR)
    assert spans(bob_of()) == [("00:00", "01:00")]


def test_copies_of_the_event_that_is_moved_do_not_count(bob_of, bobs, user_owner):
    mine = make_event(copied(user_owner), start=NINE, ical_uid="uid-1")
    make_event(bobs, start=NINE, ical_uid="uid-1")
    make_event(bobs, start=NINE + 3 * HOUR, ical_uid="uid-1")  # another one of its series
    make_event(bobs, start=NINE + 6 * HOUR, ical_uid="")
    assert spans(bob_of(ignoring=mine)) == [("12:00", "13:00"), ("15:00", "16:00")]


# --- Who is asked about ---


def test_asking_member_comes_first_and_everybody_once(ask, bobs, user_owner):
    make_event(copied(user_owner), start=NINE)
    found = ask("BOB@example.com", "bob@example.com", "alice@example.com")
    assert [(one.name, one.is_self) for one in found.people] == [("Alice", True), ("Bob", False)]
    assert spans(found.people[0]) == [("09:00", "10:00")]
    assert found.others == ()


def test_colleague_is_known_by_a_connected_address_too(ask, bobs):
    found = ask(bobs.connection.connected_email.upper())
    assert [one.name for one in found.people] == ["Alice", "Bob"]


def test_people_of_other_workspaces_are_strangers_like_any(
    ask, other_workspace, charlie, charlie_membership
):
    owner = owner_of_user(charlie, other_workspace)
    theirs = copied(owner)
    make_event(theirs, start=NINE)
    address = theirs.connection.connected_email
    found = ask("charlie@elsewhere.example", address, "nobody@nowhere.example")
    assert [one.name for one in found.people] == ["Alice"]
    assert found.others == ("charlie@elsewhere.example", address, "nobody@nowhere.example")


def test_what_a_colleague_connected_in_another_workspace_is_not_read(ask, bob, bobs):
    elsewhere = make_workspace("Bobs own", owner=bob)
    theirs = copied(owner_of_user(bob, elsewhere))
    make_event(theirs, start=NINE)
    assert spans(ask("bob@example.com").people[1]) == []
    assert ask(theirs.connection.connected_email).others == (theirs.connection.connected_email,)


def test_former_member_is_a_stranger(ask, bobs, bob_membership):
    make_event(bobs, start=NINE)
    bob_membership.delete()
    assert ask("bob@example.com").others == ("bob@example.com",)


def test_auditor_may_not_ask(ask, workspace):
    row = make_member(workspace, make_user("Noor"), role=Role.AUDITOR)
    with pytest.raises(Forbidden):
        ask("bob@example.com", whose=row)


# --- Hours ---


def test_working_hours_are_those_of_each_ones_own_clock(ask, bob, bobs):
    bob.profile.timezone = "America/New_York"
    bob.profile.save()
    alice, bob_times = ask("bob@example.com").people
    assert [(one.start.hour, one.end.hour) for one in alice.working] == [(8, 16)]
    assert [(one.start.hour, one.end.hour) for one in bob_times.working] == [(14, 22)]
    assert bob_times.zone.key == "America/New_York"


def test_colleague_without_a_profile_keeps_office_hours_of_the_workspace(ask, workspace):
    somebody = make_user("Nora")
    somebody.profile.delete()
    make_member(workspace, somebody)
    times = ask(somebody.email).people[1]
    assert [one.start.astimezone(times.zone).time() for one in times.working] == [time(9)]


# --- What is not known is never free ---


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"synced_at": NOW - timedelta(hours=1)}, NotKnown.STALE),
        ({"sync_error": "Google did not answer."}, NotKnown.STALE),
        ({"gone_at": NOW}, NotKnown.STALE),
        ({"synced_at": None}, NotKnown.NOT_READ),
        ({"window_until": NINE}, NotKnown.NOT_READ),
        ({"window_from": None}, NotKnown.NOT_READ),
        ({"counts_as_busy": False}, NotKnown.NOT_COUNTING),
    ],
)
def test_copy_that_cannot_be_trusted_is_named(bob_of, bobs, fields, why):
    Calendar.objects.filter(pk=bobs.pk).update(**fields)
    assert bob_of().unknown == why


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (ConnectionState.RECONNECT_NEEDED, NotKnown.RECONNECT_NEEDED),
        (ConnectionState.PAUSED, NotKnown.PAUSED),
    ],
)
def test_account_that_cannot_be_read_is_named(bob_of, bob_owner, state, why):
    copied(bob_owner)
    synced = NOW - timedelta(minutes=15)
    copied(bob_owner, connection=make_connection(bob_owner, state=state), synced_at=synced)
    bob = bob_of()
    assert (bob.unknown, bob.as_of) == (why, synced)


def test_colleague_without_a_calendar_is_not_known(bob_of):
    bob = bob_of()
    assert (bob.unknown, bob.as_of) == (NotKnown.NOT_CONNECTED, None)


def test_copy_of_a_few_minutes_is_known_and_read_again(bob_of, bobs):
    before = NOW - timedelta(minutes=9)
    Calendar.objects.filter(pk=bobs.pk).update(synced_at=before, sync_tried_at=before)
    bob = bob_of()
    assert (bob.unknown, bob.as_of) == (None, before)
    bobs.refresh_from_db()
    assert bobs.sync_tried_at == NOW


# --- What it costs, and what is written down ---


def test_queries_do_not_grow_with_colleagues(ask, workspace, bobs):
    def colleague(number):
        somebody = make_user(f"Colleague {number}")
        make_member(workspace, somebody)
        owner = UserOwner(workspace=workspace, user=somebody, profile=somebody.profile)
        make_event(copied(owner), start=NINE)
        copied(owner)
        return somebody.email

    def queries(emails):
        ask(*emails)
        with CaptureQueriesContext(database) as captured:
            ask(*emails)
        return len(captured)

    one = [colleague(1)]
    three = [*one, colleague(2), colleague(3)]
    assert Membership.objects.filter(workspace=workspace).count() == 5
    assert queries(one) == queries(three) <= 7


@pytest.mark.django_db(transaction=True)
def test_reading_is_logged_once_in_a_while_for_each_account(ask, bobs, user_owner, workspace):
    mine = copied(user_owner)
    for _ in range(2):
        ask("bob@example.com")
    rows = OAuthTokenAccessLog.objects.filter(workspace_id=workspace.pk)
    assert {row.connection_id for row in rows} == {bobs.user_connection_id, mine.user_connection_id}
    assert [(row.outcome, row.target) for row in rows] == [("mirror", "week 2026-11-16")] * 2


def test_nothing_but_times_is_told(bob_of, bobs):
    make_event(bobs, "Secret surgery", start=NINE, location="Room 9", description="hush")
    told = repr(bob_of())
    assert "Secret" not in told
    assert "Room 9" not in told
