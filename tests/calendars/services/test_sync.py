"""Filling the mirror from a provider, keeping it true, and never emptying it by accident."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from audit.enums import AccessReason, ConnectionState, Outcome
from audit.models import OAuthTokenAccessLog
from calendars import tasks
from calendars.models import Calendar, Event, UserCalendarConnection
from calendars.services import connections, copying, mirror, sync
from common.errors import ReconnectNeeded, UpstreamError, UpstreamUnavailable
from common.leases import drop_lease, take_lease
from tests.factories import make_calendar, make_connection, make_event

pytestmark = pytest.mark.django_db

START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=1)


@pytest.fixture(params=["google", "outlook"])
def connection(request, connect, user_owner):
    return connect(user_owner, request.param)


@pytest.fixture
def calendar(connection):
    return connection.calendars.get()


@pytest.fixture
def remote(sandbox, connection):
    """The account's own calendar, on the provider's side."""
    return sandbox.calendar(connection)


@pytest.fixture
def add(sandbox, remote):
    """Call it with a title: an event on the provider's side, an hour long."""

    def added(title="Board", start=START, **fields):
        fields = {"end": start + timedelta(hours=1), **fields}
        return sandbox.store.add_event(remote, title=title, start=start, **fields)

    return added


def titles():
    live = Event.objects.filter(deleted_at__isnull=True).order_by("start_at")
    return list(live.values_list("title", flat=True))


def upstream_id(record):
    return record.get("id") or record["body"]["id"]


@pytest.mark.parametrize("provider", ["google", "outlook"])
def test_calendars_are_listed_in_both_modes(connect, owner, provider):
    connection = connect(owner, provider)
    calendar = Calendar.objects.get()
    assert (calendar.connection, calendar.connection.owner_id) == (connection, owner.id)
    assert (calendar.is_primary, calendar.counts_as_busy, calendar.is_shown) == (True, True, True)


def test_events_come_into_the_mirror(connection, add, copy_events):
    add(description="Numbers", location="Room 4", attendees=["ann@example.org"])
    copy_events(connection)
    event = Event.objects.get()
    assert (event.title, event.location, event.is_all_day) == ("Board", "Room 4", False)
    assert (event.start_at, event.end_at) == (START, START + timedelta(hours=1))
    assert "ann@example.org" in [one["email"] for one in event.attendees]


@pytest.mark.parametrize(
    ("address", "opens"),
    [
        ("https://us05web.zoom.us/j/85512345678?pwd=x1", True),
        ("https://zoomgov.com/j/1612345678", True),
        ("https://zoom.us.evil.example/j/85512345678", False),
        ("https://evil.example/zoom.us/j/85512345678", False),
        ("http://zoom.us/j/85512345678", False),
    ],
)
def test_an_invitation_names_no_other_host_a_zoom_meeting(
    connection, add, copy_events, address, opens
):
    add(description=f"Agenda\n\nJoin with Zoom: {address}")
    copy_events(connection)
    event = Event.objects.get()
    assert (event.conference, event.conference_url) == (("zoom", address) if opens else ("", ""))
    assert address in event.description


def test_all_day_events_keep_their_dates(connection, sandbox, remote, copy_events):
    sandbox.store.add_event(
        remote, title="Fair", start=datetime(2026, 12, 1).date(), end=datetime(2026, 12, 3).date()
    )
    copy_events(connection, now=datetime(2026, 11, 20, tzinfo=UTC))
    event = Event.objects.get()
    assert (event.is_all_day, event.start_wall, event.end_wall) == (
        True,
        "2026-12-01",
        "2026-12-03",
    )


def test_the_window_is_three_months_back_and_fifteen_ahead(connection, add, copy_events):
    now = timezone.now()
    for title, days in (("Old", -100), ("Recent", -80), ("Ahead", 450), ("Far", 470)):
        add(title, now + timedelta(days=days))
    copy_events(connection, now=now)
    assert titles() == ["Recent", "Ahead"]


def test_one_run_leaves_one_log_row(connection, add, copy_events, sandbox):
    add()
    before = OAuthTokenAccessLog.objects.count()
    copy_events(connection)
    rows = OAuthTokenAccessLog.objects.order_by("seq").values_list("reason", "outcome")[before:]
    assert list(rows) == [(AccessReason.EVENTS_SYNC, Outcome.GRANTED)]


def test_a_second_run_changes_nothing_that_did_not_change(connection, calendar, add, copy_events):
    add()
    copy_events(connection)
    calendar.refresh_from_db()
    changed_at, seen_at = calendar.changed_at, Event.objects.get().seen_at
    copy_events(connection)
    calendar.refresh_from_db()
    assert (calendar.changed_at, Event.objects.get().seen_at) == (changed_at, seen_at)


def test_a_change_upstream_comes_through_and_is_noted(
    connection, calendar, add, copy_events, sandbox, remote
):
    record = add()
    copy_events(connection)
    before = Event.objects.get()
    calendar.refresh_from_db()
    changed_at = calendar.changed_at
    field = {"google": "summary", "outlook": "subject"}[connection.provider]
    sandbox.store.change_event(remote, upstream_id(record), {field: "Board, moved"})
    copy_events(connection)
    calendar.refresh_from_db()
    after = Event.objects.get()
    assert (after.pk, after.title) == (before.pk, "Board, moved")
    assert calendar.changed_at > changed_at


def test_a_deleted_event_becomes_a_tombstone(connection, add, copy_events, sandbox, remote):
    record = add()
    copy_events(connection)
    sandbox.store.delete_event(remote, upstream_id(record))
    copy_events(connection)
    assert titles() == []
    assert Event.objects.get().deleted_at is not None


def test_ids_survive_a_sync_from_scratch(connection, add, copy_events):
    add(recurrence=["RRULE:FREQ=DAILY;COUNT=3"], timezone="Europe/Berlin")
    copy_events(connection)
    before = set(Event.objects.values_list("pk", flat=True))
    Event.objects.all().delete()
    copying.begin_anew(connection.calendars.get())
    copy_events(connection)
    assert set(Event.objects.values_list("pk", flat=True)) == before
    assert len(before) == len(["the rule", 1, 2, 3])


def test_several_pages_are_one_copy(connection, add, copy_events, sandbox):
    for hour in range(7):
        add(f"Event {hour}", START + timedelta(hours=hour))
    sandbox.store.set_setting("google.page_size", 3)
    copy_events(connection)
    assert len(titles()) == 7


# --- Failures ---


@pytest.fixture
def listing(connection, sandbox, copy_events):
    """The operation that lists events, as the sandbox names it."""
    before = len(sandbox.calls())
    copy_events(connection)
    return sandbox.calls()[before:][-1]["operation"]


@pytest.mark.parametrize(
    "fault", [{"status": 503}, {"delay": 60}, {"body": "<html>"}, {"body": '{"items": [3]}'}]
)
def test_a_failure_leaves_the_copy_and_says_so(
    connection, calendar, add, copy_events, sandbox, listing, fault
):
    add()
    copy_events(connection)
    if connection.provider == "outlook" and "items" in str(fault):
        fault = {"body": '{"value": [3]}'}
    sandbox.fault(listing, **fault)
    with pytest.raises(UpstreamUnavailable):
        copy_events(connection)
    calendar.refresh_from_db()
    connection.refresh_from_db()
    assert titles() == ["Board"]
    assert calendar.sync_error
    assert connection.last_error
    copy_events(connection)
    calendar.refresh_from_db()
    connection.refresh_from_db()
    assert (calendar.sync_error, connection.last_error) == ("", "")


def test_a_failure_half_way_buries_nothing(connect, user_owner, copy_events, sandbox):
    connection = connect(user_owner, "google")
    for hour in range(4):
        begins = START + timedelta(hours=hour)
        sandbox.store.add_event(
            sandbox.calendar(connection), title="x", start=begins, end=begins + timedelta(hours=1)
        )
    copy_events(connection)
    sandbox.store.set_setting("google.page_size", 2)
    copying.begin_anew(connection.calendars.get())
    sandbox.fault("google.events.list", status=503, skip=1)
    with pytest.raises(UpstreamUnavailable):
        copy_events(connection)
    assert len(titles()) == 4


def test_a_dead_grant_flags_the_connection(connection, add, copy_events, sandbox):
    sandbox.store.revoke(sandbox.account(connection))
    with pytest.raises(ReconnectNeeded):
        copy_events(connection)
    connection.refresh_from_db()
    assert connection.state == ConnectionState.RECONNECT_NEEDED


def test_a_calendar_that_is_gone_is_marked_and_the_others_go_on(
    connect, user_owner, sandbox, copy_events, actor
):
    connection = connect(user_owner, "google")
    account = sandbox.account(connection)
    second = sandbox.store.add_calendar(account, name="Second")
    copy_events(connection)
    sandbox.fault("google.events.list", status=404, count=1)
    with pytest.raises(UpstreamError):
        sync.sync_connection(
            connection=connection,
            actor=actor,
            now=timezone.now(),
            calendar_ids=[row.pk for row in connection.calendars.all()],
        )
    gone = connection.calendars.get(gone_at__isnull=False)
    other = connection.calendars.get(gone_at__isnull=True)
    assert {gone.remote_id, other.remote_id} == {account["email"], second["id"]}
    assert other.sync_error == ""


def test_a_calendar_no_longer_listed_is_gone_and_comes_back(
    connect, user_owner, sandbox, copy_events
):
    connection = connect(user_owner, "google")
    owner_of_team = sandbox.store.add_account("google", email="team@google.example")
    team = sandbox.store.add_calendar(owner_of_team, name="Team")
    account = sandbox.account(connection)
    sandbox.store.share_calendar(team, account, "writer")
    copy_events(connection)
    row = connection.calendars.get(name="Team")
    Calendar.objects.filter(pk=row.pk).update(is_shown=False)
    sandbox.store.change_calendar(team, shares={})
    copy_events(connection)
    row.refresh_from_db()
    assert row.gone_at is not None
    sandbox.store.share_calendar(team, account, "writer")
    copy_events(connection)
    row.refresh_from_db()
    assert (row.gone_at, row.is_shown) == (None, False)


# --- One at a time, and nothing newer lost ---


def test_two_runs_do_not_copy_one_calendar_at_once(connection, calendar, add, copy_events, sandbox):
    add()
    holder = take_lease(calendar, now=timezone.now(), lasts=timedelta(minutes=1))
    copy_events(connection)
    assert titles() == []
    drop_lease(calendar, holder)
    copy_events(connection)
    assert titles() == ["Board"]


def test_the_lease_is_given_back(connection, calendar, copy_events):
    copy_events(connection)
    calendar.refresh_from_db()
    assert (calendar.lease_holder, calendar.lease_until) == ("", None)


def test_an_older_listing_does_not_undo_a_newer_write(calendar):
    listed_at = timezone.now()
    newer = make_event(calendar, "Just written", seen_at=listed_at + timedelta(seconds=1))
    known = mirror.known_rows(calendar)
    row = Event.objects.get(pk=newer.pk)
    row.title = "As listed before"
    assert mirror.write_rows([row], known, listed_at=listed_at) == []
    assert titles() == ["Just written"]


def test_an_event_written_while_a_listing_ran_is_not_buried(connection, calendar, copy_events):
    make_event(calendar, "Just written", start=START, seen_at=timezone.now() + timedelta(minutes=1))
    copy_events(connection)
    assert titles() == ["Just written"]


# --- Who asks the workers ---


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


def test_ten_thousand_events_are_copied_in_seconds(calendar, user_owner):
    """Our own time only: rows compared and written, no provider asked."""
    rows = [
        make_event_row(calendar, number, START + timedelta(minutes=number))
        for number in range(10_000)
    ]
    began = time.process_time()
    mirror.write_rows(rows, {}, listed_at=timezone.now())
    first = time.process_time() - began
    began = time.process_time()
    changed = mirror.write_rows(rows, mirror.known_rows(calendar), listed_at=timezone.now())
    second = time.process_time() - began
    assert changed == []
    assert Event.objects.count() == 10_000
    assert (first < 10, second < 5) == (True, True)


def make_event_row(calendar, number, start):
    return Event(
        id=mirror.event_id_for(calendar.pk, f"e{number}"),
        workspace_id=calendar.workspace_id,
        calendar=calendar,
        remote_id=f"e{number}",
        title=f"Event {number}",
        start_at=start,
        end_at=start + timedelta(hours=1),
        start_wall=start.isoformat(),
        end_wall=start.isoformat(),
        attendees=[],
        recurrence=[],
        seen_at=start,
    )


@pytest.mark.django_db(transaction=True)
def test_an_account_disconnected_while_it_is_read_leaves_nothing_behind(
    connect, user_owner, sandbox, actor
):
    connection = connect(user_owner, "outlook")
    sandbox.store.add_event(
        sandbox.calendar(connection), title="x", start=START, end=START + timedelta(hours=1)
    )
    sandbox.adapter.sleep = lambda seconds: connections.disconnect(
        connection=UserCalendarConnection.objects.get(), actor=actor
    )
    sandbox.fault("microsoft.*", delay=0.01)
    tasks.sync_connection("user", str(connection.pk))
    assert not Event.objects.exists()
    assert not UserCalendarConnection.objects.exists()
