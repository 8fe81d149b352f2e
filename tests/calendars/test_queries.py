"""What a member may see, whatever their role, in a constant number of queries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from calendars import access
from calendars.enums import Sight
from calendars.models import CalendarShare
from calendars.owners import booking_calendar_of, calendars_of, connections_of
from calendars.queries import MASK, calendars_visible_to, changes_cursor, events_between
from common.errors import Forbidden, NotFound
from common.spans import Span
from tests.factories import make_calendar, make_connection, make_event, make_member, make_user
from workspaces.enums import Role

pytestmark = pytest.mark.django_db

WEEK = Span(datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC))


@pytest.fixture
def mine(user_owner):
    return make_calendar(make_connection(user_owner), "Mine")


@pytest.fixture
def clients(client_owner):
    return make_calendar(make_connection(client_owner), "Desk")


@pytest.fixture
def bobs(bob_owner):
    return make_calendar(make_connection(bob_owner), "Bob's")


def sights(membership):
    return {one.calendar.name: one.sight for one in calendars_visible_to(membership)}


def test_own_and_clients_in_full_colleagues_busy_only(membership, mine, clients, bobs):
    assert sights(membership) == {"Mine": Sight.FULL, "Desk": Sight.FULL, "Bob's": Sight.BUSY}


def test_own_come_first_then_clients_then_colleagues(membership, bobs, clients, mine):
    names = [one.calendar.name for one in calendars_visible_to(membership)]
    assert names == ["Mine", "Desk", "Bob's"]


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN, Role.MEMBER])
def test_roles_give_no_exception(membership, bobs, role):
    membership.role = role
    membership.save()
    assert sights(membership) == {"Bob's": Sight.BUSY}


def test_best_share_counts(membership, bob_membership, bobs):
    CalendarShare.objects.create(calendar=bobs, level="details")
    assert sights(membership) == {"Bob's": Sight.DETAILS}
    CalendarShare.objects.create(calendar=bobs, member=membership, level="edit")
    assert sights(membership) == {"Bob's": Sight.EDIT}


def test_share_with_another_member_is_not_mine(membership, bobs, workspace):
    carol = make_member(workspace, make_user("Carol"))
    CalendarShare.objects.create(calendar=bobs, member=carol, level="edit")
    assert sights(membership) == {"Bob's": Sight.BUSY}


def test_stranger_sees_nothing(charlie_membership, mine, clients, bobs):
    make_event(clients)
    assert calendars_visible_to(charlie_membership) == []
    assert events_between(charlie_membership, WEEK) == []


def test_gone_calendars_and_former_members_are_left_out(membership, bob_membership, mine, bobs):
    mine.gone_at = timezone.now()
    mine.save()
    bob_membership.delete()
    assert sights(membership) == {}


def test_masked_event_tells_its_time_only(membership, bobs):
    event = make_event(
        bobs, "Salary", description="secret", location="secret", attendees=[{"email": "secret"}],
        conference="meet", conference_url="https://secret.example", organizer_email="secret",
        etag="secret",
    )  # fmt: skip
    (seen,) = events_between(membership, WEEK)
    assert (seen.id, seen.title, seen.is_masked) == (event.pk, MASK, True)
    assert (seen.start_at, seen.end_at) == (event.start_at, event.end_at)
    assert "secret" not in repr(seen).lower()


def test_private_event_is_busy_to_others_and_open_to_its_owner(membership, bob_membership, bobs):
    CalendarShare.objects.create(calendar=bobs, level="edit")
    make_event(bobs, "Doctor", visibility="private")
    assert [one.title for one in events_between(membership, WEEK)] == [MASK]
    assert [one.title for one in events_between(bob_membership, WEEK)] == ["Doctor"]


def test_span_takes_what_touches_it(membership, mine):
    hour = timedelta(hours=1)
    for title, start in (
        ("Before", WEEK.start - hour),
        ("Into", WEEK.start - hour / 2),
        ("Out", WEEK.end - hour / 2),
        ("After", WEEK.end),
    ):
        make_event(mine, title, start=start)
    assert [one.title for one in events_between(membership, WEEK)] == ["Into", "Out"]


def test_tombstones_rules_and_hidden_calendars_are_left_out(membership, mine, clients):
    make_event(mine, "Shown")
    make_event(mine, "Deleted", deleted_at=timezone.now())
    make_event(mine, "Rule", recurrence=["RRULE:FREQ=DAILY"])
    make_event(clients, "Hidden")
    clients.is_shown = False
    clients.save()
    assert [one.title for one in events_between(membership, WEEK)] == ["Shown"]


@pytest.mark.parametrize("count", [1, 3])
def test_events_take_three_queries(membership, user_owner, count, django_assert_num_queries):
    for _ in range(count):
        make_event(make_calendar(make_connection(user_owner)))
    with django_assert_num_queries(3):
        assert len(events_between(membership, WEEK)) == count


def test_cursor_changes_with_what_a_member_sees(membership, mine, bobs):
    def cursor():
        return changes_cursor(calendars_visible_to(membership))

    seen = [cursor()]
    assert cursor() == seen[0]
    for row, field, value in (
        (mine, "changed_at", timezone.now()),
        (mine, "is_shown", False),
        (mine, "sync_error", "did not answer"),
        (bobs, "gone_at", timezone.now()),
    ):
        setattr(row, field, value)
        row.save()
        seen.append(cursor())
    assert len(set(seen)) == 5


# --- By id and right ---


def test_event_by_id(membership, mine, clients):
    for calendar in (mine, clients):
        event = make_event(calendar, visibility="private")
        assert access.event_for(membership, event.pk, to_write=True) == event


@pytest.mark.parametrize("who", ["charlie_membership", "membership"])
def test_event_of_others_does_not_exist(request, who, bobs):
    event = make_event(bobs)
    with pytest.raises(NotFound):
        access.event_for(request.getfixturevalue(who), event.pk)


def test_event_that_is_shared_for_reading_cannot_be_written(membership, bobs):
    CalendarShare.objects.create(calendar=bobs, level="details")
    event = make_event(bobs)
    assert access.event_for(membership, event.pk) == event
    with pytest.raises(Forbidden):
        access.event_for(membership, event.pk, to_write=True)


def test_deleted_event_exists_only_when_asked_for(membership, mine):
    event = make_event(mine, deleted_at=timezone.now())
    with pytest.raises(NotFound):
        access.event_for(membership, event.pk)
    assert access.event_for(membership, event.pk, with_deleted=True) == event


def test_unknown_ids_do_not_exist(membership):
    for look_up in (access.event_for, access.calendar_for, access.connection_for):
        with pytest.raises(NotFound):
            look_up(membership, uuid4())


def test_auditor_works_with_no_calendar(membership, mine):
    membership.role = Role.AUDITOR
    for look_up, key in ((access.calendar_for, mine.pk), (access.event_for, make_event(mine).pk)):
        with pytest.raises(Forbidden):
            look_up(membership, key)


def test_connection_is_managed_by_its_owner_or_for_a_client(
    membership, bob_membership, charlie_membership, mine, clients
):
    own, theirs = mine.connection, clients.connection
    assert access.connection_for(membership, own.pk) == own
    assert access.connection_for(bob_membership, theirs.pk) == theirs
    for who, key in ((bob_membership, own.pk), (charlie_membership, theirs.pk)):
        with pytest.raises(NotFound):
            access.connection_for(who, key)


def test_settings_of_a_colleagues_calendar_are_theirs(membership, bob_membership, bobs):
    CalendarShare.objects.create(calendar=bobs, level="edit")
    assert access.own_calendar_for(bob_membership, bobs.pk) == bobs
    with pytest.raises(Forbidden):
        access.own_calendar_for(membership, bobs.pk)


# --- Owners ---


def test_owner_has_their_own_rows(owner, user_owner, client_owner, bob_owner, other_workspace):
    rows = {
        one: make_calendar(make_connection(one)) for one in (user_owner, client_owner, bob_owner)
    }
    assert list(calendars_of(owner)) == [rows[owner]]
    assert list(connections_of(owner)) == [rows[owner].connection]


def test_booking_calendar_is_the_chosen_one_of_the_booking_connection(owner):
    assert booking_calendar_of(owner) is None
    first = make_connection(owner, is_booking=True)
    make_calendar(make_connection(owner), "Elsewhere")
    primary = make_calendar(first, "Primary")
    second = make_calendar(first, "Second", is_primary=False)
    assert booking_calendar_of(owner) == primary
    first.calendar_id = second.remote_id
    first.save()
    assert booking_calendar_of(owner) == second


def test_a_colleagues_free_time_is_not_told_as_busy(membership, bob_membership, bobs):
    """A free lunch of a colleague stood in the week under the word "Busy"."""
    make_event(bobs, "Lunch", is_busy=False)
    assert [one.title for one in events_between(bob_membership, WEEK)] == ["Lunch"]
    assert events_between(membership, WEEK) == []
