"""An account that is copied into the mirror, and its calendar at the provider."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from calendars.models import Event

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
