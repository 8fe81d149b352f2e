"""Filling the mirror from a provider, and keeping it true."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from audit.enums import AccessReason, Outcome
from audit.models import OAuthTokenAccessLog
from calendars import tasks
from calendars.models import Calendar, Event, UserCalendarConnection
from calendars.services import connections, copying, mirror
from common.leases import drop_lease, take_lease
from tests.calendars.services.sync.conftest import START, titles
from tests.factories import make_event

pytestmark = pytest.mark.django_db


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
