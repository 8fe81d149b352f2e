"""What was booked and cancelled in a week, and how PostgreSQL finds it and an owner's events."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection

from booking.enums import ChangeKind, Party
from booking.models import MeetingChange
from booking.owners import tables_of
from booking.queries import own_event_ids
from booking.services import changes
from booking.staff_queries import week_figures
from common.spans import Span
from tests.booking.conftest import HALF_HOUR, NINE, NOW, book, make_link
from tests.booking.test_changes import GUEST, STAFF, TEN
from tests.booking.test_rivals import rival

pytestmark = pytest.mark.django_db

MONDAY = NOW.replace(hour=0) - timedelta(days=2)
WEEK = timedelta(days=7)
ON_POSTGRES = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has plans of its own"
)


def test_cancellation_counts_in_the_week_that_it_was_made_in(link, membership, clock):
    """A row that is touched later, by its event or an erasure, is no later cancellation."""
    meeting = book(link)
    changes.cancel_meeting(meeting=meeting, doer=GUEST, now=NOW)
    assert week_figures(membership, MONDAY) == (1, 1)
    clock.shift(WEEK)
    meeting.refresh_from_db()
    meeting.save()
    assert week_figures(membership, MONDAY + WEEK) == (0, 0)
    assert week_figures(membership, MONDAY) == (1, 1)


def test_week_begins_with_its_monday_and_ends_before_the_next(link, membership):
    for number, moment in enumerate(
        [MONDAY - timedelta(seconds=1), MONDAY, MONDAY + WEEK - timedelta(seconds=1), MONDAY + WEEK]
    ):
        meeting = book(link, start=NINE + number * WEEK, booker=rival(number))
        changes.cancel_meeting(meeting=meeting, doer=GUEST, now=moment)
    assert [week_figures(membership, MONDAY + n * WEEK)[1] for n in (-1, 0, 1)] == [1, 2, 1]


def test_other_changes_and_declined_requests_are_no_cancellations(link, membership, owner):
    moved = book(link)
    changes.move_meeting(meeting=moved, start=TEN, doer=GUEST, now=NOW)
    asked = book(make_link(owner, slug="ask", requires_approval=True), booker=rival(1))
    changes.decline_meeting(meeting=asked, doer=STAFF, now=NOW)
    assert week_figures(membership, MONDAY) == (2, 0)


def test_cancellations_of_a_colleague_and_of_another_workspace_stay_theirs(
    user_link, membership, bob_membership, charlie_membership
):
    changes.cancel_meeting(meeting=book(user_link), doer=GUEST, now=NOW)
    everybody = (membership, bob_membership, charlie_membership)
    said = [week_figures(one, MONDAY)[1] for one in everybody]
    assert said == [1, 0, 0]


def test_queries_do_not_grow_with_what_was_cancelled(link, membership, django_assert_num_queries):
    for number in range(3):
        meeting = book(link, start=NINE + number * WEEK, booker=rival(number))
        changes.cancel_meeting(meeting=meeting, doer=GUEST, now=NOW)
        with django_assert_num_queries(4):
            assert week_figures(membership, MONDAY)[1] == number + 1


@pytest.fixture
def past(link):
    """Four thousand meetings of the owner that are over, each cancelled the day before."""
    table = tables_of(link.owner_kind).meeting
    first = changes.cancel_meeting(meeting=book(link), doer=GUEST, now=NOW)
    row = {field.attname: getattr(first, field.attname) for field in table._meta.concrete_fields}
    meetings, history = [], []
    for number in range(4000):
        start, name = NOW - number * timedelta(hours=2), f"{number:064}"
        fields = {"id": uuid4(), "start_at": start, "end_at": start + HALF_HOUR, "uid": name}
        fields |= {"manage_token_hash": name, "submit_key": name, "calendar_event_id": uuid4()}
        meetings.append(table(**row | fields | {"event_is_due": False}))
        history.append(
            MeetingChange(
                workspace_id=first.workspace_id,
                meeting_id=fields["id"],
                kind=ChangeKind.CANCELLED,
                by=Party.OWNER,
                at=start - timedelta(days=1),
                start_at=start,
                end_at=start,
            )
        )
    table.objects.bulk_create(meetings)
    MeetingChange.objects.bulk_create(history)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return table._meta


def plan_of(call, table):
    """The plan of the queries that `call` sends about the table."""
    plans = []

    def explain(execute, sql, params, many, context):
        if sql.startswith("SELECT") and f'FROM "{table}"' in sql:
            with connection.cursor() as cursor:
                cursor.cursor.execute(f"EXPLAIN {sql}", params)
                plans.append("\n".join(row[0] for row in cursor.cursor.fetchall()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        call()
    return "\n".join(plans)


@ON_POSTGRES
def test_cancellations_are_found_by_workspace_and_time(past, membership):
    plan = plan_of(lambda: week_figures(membership, MONDAY), past.db_table)
    assert "meeting_change_ws_at" in plan


@ON_POSTGRES
def test_own_events_are_found_by_owner_and_time_or_as_due(past, owner):
    plan = plan_of(lambda: own_event_ids(owner, Span(NINE, NINE + WEEK)), past.db_table)
    assert "BitmapOr" in plan
    assert f"{past.model_name}_owner_end" in plan
    assert f"{past.model_name}_owner_due" in plan
