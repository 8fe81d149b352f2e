"""What increments cost, and that nothing is lost when they are cut short or refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db.models import F
from django.utils import timezone

from audit.models import OAuthTokenAccessLog
from calendars.models import Calendar, Event
from calendars.services import copying, sync
from common.errors import RateLimited, UpstreamUnavailable
from tests.calendars.services.increments.conftest import DAILY, START, days, shown

pytestmark = pytest.mark.django_db


# --- What it costs ---


def test_an_increment_with_one_change_is_one_request(connection, side, one_run):
    there = side(connection)
    first = there.add()
    assert len(one_run(connection)) == 1
    there.rename(first, "Board, again")
    assert len(one_run(connection)) == 1
    assert shown() == [("Board, again", START)]
    there.add("New", START + timedelta(days=2))
    assert len(one_run(connection)) == 1
    there.delete(first)
    assert len(one_run(connection)) == 1
    assert shown() == [("New", START + timedelta(days=2))]


def test_a_changed_series_is_one_request_too(connection, side, one_run):
    there = side(connection)
    series = there.add("Daily", **DAILY)
    one_run(connection)
    there.rename(series, "Stand-up")
    assert len(one_run(connection)) == 1
    assert shown() == days("Stand-up", 0, 1, 2, 3, 4)


def test_an_increment_without_a_change_writes_nothing(connection, side, one_run):
    side(connection).add()
    one_run(connection)
    before = Calendar.objects.values_list("changed_at", flat=True).get()
    assert len(one_run(connection)) == 1
    assert Calendar.objects.values_list("changed_at", flat=True).get() == before


def test_every_run_leaves_one_log_row(connection, side, one_run):
    one_run(connection)
    before = OAuthTokenAccessLog.objects.count()
    one_run(connection)
    assert OAuthTokenAccessLog.objects.count() == before + 1


# --- Cut short, lost, too old ---


@pytest.fixture
def small_pages(sandbox, monkeypatch):
    sandbox.store.set_setting("google.page_size", 2)
    monkeypatch.setattr("calendars.providers.microsoft.adapter.DELTA_PAGE_SIZE", 2)


class Killed(BaseException):
    """What a worker's end looks like from inside."""


def test_a_first_sync_that_is_killed_goes_on_where_it_was(
    connection, side, one_run, small_pages, monkeypatch
):
    there = side(connection)
    for hour in range(6):
        there.add(f"Event {hour}", START + timedelta(hours=hour))
    writes = []

    def die_at_the_third(*args, **more):
        writes.append(1)
        if len(writes) == 3:
            raise Killed
        return written(*args, **more)

    written = copying.write_plan
    monkeypatch.setattr(copying, "write_plan", die_at_the_third)
    with pytest.raises(Killed):
        one_run(connection)
    assert len(shown()) == 4
    calendar = connection.calendars.get()
    assert (calendar.synced_at, bool(calendar.baseline_cursor)) == (None, True)
    assert len(one_run(connection)) == 1
    calendar.refresh_from_db()
    assert len(shown()) == 6
    assert (calendar.baseline_cursor, calendar.synced_at is None) == ("", False)


def test_a_worker_that_never_came_back_is_followed_after_its_lease(connection, side, one_run):
    side(connection).add()
    now = timezone.now()
    Calendar.objects.update(lease_holder="gone", lease_until=now + timedelta(seconds=90))
    assert one_run(connection) == []
    with time_machine.travel(now + timedelta(seconds=91)):
        one_run(connection)
    assert shown() == [("Board", START)]


@pytest.mark.parametrize("hours", [13, 1])
def test_a_page_the_provider_forgot_begins_anew(
    connection, side, one_run, small_pages, sandbox, hours
):
    there = side(connection)
    for hour in range(5):
        there.add(f"Event {hour}", START + timedelta(hours=hour))
    operation = "google.events.list" if there.is_google else "microsoft.calendarView.delta"
    sandbox.fault(operation, status=503, skip=1)
    with pytest.raises(UpstreamUnavailable):
        one_run(connection)
    Calendar.objects.update(baseline_at=F("baseline_at") - timedelta(hours=hours))
    if hours == 1:
        sandbox.fault(
            operation,
            status=410,
            reason="fullSyncRequired" if there.is_google else "SyncStateNotFound",
        )
    one_run(connection)
    assert len(shown()) == 5


def test_a_lost_cursor_starts_over_and_nobody_sees_an_empty_week(
    connection, side, one_run, small_pages, sandbox, monkeypatch
):
    there = side(connection)
    ids = [there.add(f"Event {hour}", START + timedelta(hours=hour)) for hour in range(5)]
    one_run(connection)
    there.delete(ids[0])
    sandbox.store.forget_sync(there.calendar)
    seen = []
    written = copying.write_plan

    def watch(*args, **more):
        seen.append(len(shown()))
        return written(*args, **more)

    monkeypatch.setattr(copying, "write_plan", watch)
    one_run(connection)
    assert set(seen) == {5}
    assert [title for title, _ in shown()] == ["Event 1", "Event 2", "Event 3", "Event 4"]


def test_the_window_is_read_anew_when_little_of_it_lies_ahead(connection, side, one_run):
    there = side(connection)
    there.add("Far", START + timedelta(days=500))
    now = timezone.now()
    one_run(connection)
    calendar = connection.calendars.get()
    own_hour = calendar.pk.int % 24
    assert shown() == []
    later = (now + timedelta(days=62)).replace(hour=own_hour, minute=30)
    with time_machine.travel(later.replace(hour=(own_hour + 1) % 24)):
        one_run(connection)
    assert shown() == []
    with time_machine.travel(later):
        one_run(connection)
    assert shown() == [("Far", START + timedelta(days=500))]
    calendar.refresh_from_db()
    assert calendar.window_until == later + copying.AHEAD
    with time_machine.travel(later + timedelta(days=70), tick=False):
        assert copying.is_due_anew(calendar, timezone.now())


def test_ids_and_deleted_occurrences_outlive_the_roll_over(connection, side, one_run, id_of):
    there = side(connection)
    there.add("Weekly", recurrence=["RRULE:FREQ=WEEKLY"], timezone="Europe/Berlin")
    one_run(connection)
    far = Event.objects.filter(recurrence=[]).order_by("start_at")[30]
    there.delete(id_of(far))
    one_run(connection)
    with time_machine.travel(timezone.now() + timedelta(days=95)):
        sync.forget_tombstones(timezone.now())
        one_run(connection)
        there.rename(Event.objects.exclude(recurrence=[]).get().remote_id, "Renamed")
        one_run(connection)
    assert far.start_at not in [start for _, start in shown()]
    assert len(shown()) > 60


# --- What providers do wrong ---


def test_a_delta_that_never_ends_is_listed_instead(outlook, side, one_run, sandbox):
    there = side(outlook)
    there.add()
    sandbox.store.set_setting("microsoft.endless_delta", True)
    one_run(outlook)
    assert shown() == [("Board", START)]
    there.add("Second", START + timedelta(hours=2))
    assert one_run(outlook) == ["microsoft.calendarView.list"]
    assert len(shown()) == 2
    sandbox.store.set_setting("microsoft.endless_delta", False)
    with time_machine.travel(timezone.now() + copying.LISTED_FOR + timedelta(minutes=1)):
        one_run(outlook)
        assert one_run(outlook) == ["microsoft.calendarView.delta"]


def test_nonsense_once_is_waited_out_and_twice_is_listed(connection, side, one_run, sandbox):
    there = side(connection)
    there.add()
    one_run(connection)
    operation = "google.events.list" if there.is_google else "microsoft.calendarView.delta"
    sandbox.fault(operation, body="<html>")
    with pytest.raises(UpstreamUnavailable):
        one_run(connection)
    cursor = connection.calendars.get().sync_cursor
    assert not cursor.startswith(copying.LISTED)
    sandbox.fault(operation, body="<html>")
    there.add("Second", START + timedelta(hours=2))
    one_run(connection)
    assert len(shown()) == 2


# --- Quotas ---


def test_retry_after_is_respected_for_the_whole_account(connection, side, one_run, sandbox):
    sandbox.store.add_calendar(sandbox.account(connection), name="Second")
    one_run(connection)
    sandbox.fault("*", status=429, retry_after=120, count=1)
    with pytest.raises(RateLimited):
        one_run(connection)
    now = timezone.now()
    assert all(row.sync_after > now + timedelta(seconds=118) for row in connection.calendars.all())
    with time_machine.travel(now + timedelta(seconds=110)):
        assert one_run(connection) == []
    with time_machine.travel(now + timedelta(seconds=140)):
        assert one_run(connection) != []


def test_no_more_runs_at_once_than_the_account_bears(connection, one_run, sandbox, actor, settings):
    account = sandbox.account(connection)
    for number in range(3):
        sandbox.store.add_calendar(account, name=f"More {number}")
    sync.sync_connection(connection=connection, actor=actor, now=timezone.now())
    rows = list(connection.calendars.all())
    until = timezone.now() + timedelta(minutes=1)
    Calendar.objects.filter(pk__in=[row.pk for row in rows[:2]]).update(lease_until=until)
    assert one_run(connection) == []
    Calendar.objects.filter(pk=rows[0].pk).update(lease_until=None)
    assert len(one_run(connection)) == 3


def test_a_run_that_may_do_nothing_opens_no_token(connection, one_run):
    one_run(connection)
    Calendar.objects.update(lease_until=timezone.now() + timedelta(minutes=1))
    before = OAuthTokenAccessLog.objects.count()
    assert one_run(connection) == []
    assert OAuthTokenAccessLog.objects.count() == before
