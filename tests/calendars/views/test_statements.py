"""What a page of the calendar asks of the database does not grow with what it shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from calendars.models import Event, event_id_for
from tests.factories import make_calendar, make_connection

pytestmark = pytest.mark.django_db

MOST = 15


def _fill(owner, calendars, events):
    now = datetime.now(UTC)
    window = {"window_from": now - timedelta(days=90), "window_until": now + timedelta(days=450)}
    rows = []
    for number in range(calendars):
        account = make_connection(owner)
        calendar = make_calendar(account, **window)
        for each in range(events // calendars):
            start = now + timedelta(minutes=each)
            remote_id = f"e{number}-{each}"
            rows.append(
                Event(
                    id=event_id_for(calendar.id, remote_id, "", None),
                    workspace_id=calendar.workspace_id,
                    calendar=calendar,
                    remote_id=remote_id,
                    title="Something to do",
                    start_at=start,
                    end_at=start + timedelta(hours=1),
                    start_wall=start.replace(tzinfo=None).isoformat(),
                    end_wall=(start + timedelta(hours=1)).replace(tzinfo=None).isoformat(),
                    timezone="UTC",
                    seen_at=now,
                )
            )
    Event.objects.bulk_create(rows)


def _statements(page, address):
    # The first look writes to the log, which the next ten minutes need not.
    page.get(address)
    with CaptureQueriesContext(connection) as asked:
        answer = page.get(address)
    assert answer.status_code == 200
    return len(asked), answer.content.decode().count("Something to do")


@pytest.mark.parametrize("view", ["week", "day", "agenda"])
@pytest.mark.parametrize(("calendars", "events"), [(1, 1), (3, 3), (10, 10), (1, 1000)])
def test_a_full_page_asks_no_more_than_an_empty_one(
    sign_in, alice, user_owner, settings, view, calendars, events
):
    settings.MIRROR_FRESH_SECONDS = 3600
    page = sign_in(alice)
    _fill(user_owner, 1, 0)
    address = f"/calendar?view={view}"
    empty, shown = _statements(page, address)
    assert shown == 0
    _fill(user_owner, calendars, events)
    full, shown = _statements(page, address)
    assert shown > 0
    assert full <= empty + (1 if view == "day" else 0)
    assert full <= MOST
