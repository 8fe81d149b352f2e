"""Filling the mirror from a provider."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from calendars.models import Calendar, Event

pytestmark = pytest.mark.django_db


def account_of(sandbox, connection):
    side = "microsoft" if connection.provider == "outlook" else connection.provider
    return sandbox.store.get("account", f"{side}:{connection.connected_email}")


@pytest.fixture(params=["google", "outlook"])
def connection(request, connect, owner):
    return connect(owner, request.param)


@pytest.fixture
def remote(sandbox, connection):
    """The account's own calendar, on the provider's side."""
    return sandbox.store.primary_calendar(account_of(sandbox, connection))


def test_connecting_lists_the_calendars_in_the_owners_table(connection, owner):
    calendar = Calendar.objects.get()
    assert calendar.connection == connection
    assert calendar.connection.owner_id == owner.id
    assert (calendar.is_primary, calendar.counts_as_busy, calendar.is_shown) == (True, True, True)


def test_events_come_into_the_mirror(sandbox, connection, remote, copy_events):
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    sandbox.store.add_event(remote, title="Board", start=start, end=start + timedelta(hours=1))
    copy_events(connection)
    event = Event.objects.get()
    assert (event.title, event.start_at, event.end_at) == (
        "Board",
        start,
        start + timedelta(hours=1),
    )
