"""The mirror is never emptied by accident, and says since when it is old."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.enums import ConnectionState
from calendars.models import Calendar
from calendars.services import copying, sync
from common.errors import ReconnectNeeded, UpstreamError, UpstreamUnavailable
from tests.calendars.services.sync.conftest import START, titles

pytestmark = pytest.mark.django_db


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
