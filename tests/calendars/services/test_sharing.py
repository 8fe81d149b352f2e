"""Sharing of a person's own calendar: what each level lets a colleague see and do, and its end."""

from __future__ import annotations

from uuid import uuid4

import pytest

from calendars import access
from calendars.enums import ShareLevel, Sight
from calendars.models import CalendarShare
from calendars.queries import calendars_visible_to
from calendars.services.sharing import share_calendar
from common import outbox
from common.errors import Forbidden, InvalidInput
from tests.factories import make_calendar, make_connection, make_event, make_member, make_user
from workspaces.services.members import end_membership

pytestmark = pytest.mark.django_db


@pytest.fixture
def studio(user_owner):
    """A calendar of alice's."""
    return make_calendar(make_connection(user_owner), "Studio")


@pytest.fixture
def carol(workspace):
    return make_member(workspace, make_user("Carol"))


def sight(membership):
    return [one.sight for one in calendars_visible_to(membership)]


def test_everyone_and_a_member_get_their_levels(studio, bob_membership, carol):
    levels = {bob_membership.pk: ShareLevel.EDIT}
    share_calendar(calendar=studio, everyone=ShareLevel.DETAILS, members=levels)
    assert (sight(bob_membership), sight(carol)) == ([Sight.EDIT], [Sight.DETAILS])


def test_a_level_is_changed_not_added(studio, bob_membership):
    for level in (ShareLevel.EDIT, ShareLevel.DETAILS):
        share_calendar(
            calendar=studio, everyone=ShareLevel.BUSY, members={bob_membership.pk: level}
        )
    assert list(CalendarShare.objects.values_list("member", "level")) == [
        (bob_membership.pk, "details")
    ]


def test_busy_ends_a_share_at_once(studio, bob_membership):
    event = make_event(studio)
    for level in (ShareLevel.EDIT, ShareLevel.BUSY):
        share_calendar(calendar=studio, everyone=level, members={bob_membership.pk: level})
    assert sight(bob_membership) == [Sight.BUSY]
    assert CalendarShare.objects.count() == 0
    with pytest.raises(access.NotFound):
        access.event_for(bob_membership, event.pk)


def test_members_that_are_not_named_keep_theirs(studio, bob_membership, carol):
    for member in (bob_membership, carol):
        levels = {member.pk: ShareLevel.DETAILS}
        share_calendar(calendar=studio, everyone=ShareLevel.BUSY, members=levels)
    assert (sight(bob_membership), sight(carol)) == ([Sight.DETAILS], [Sight.DETAILS])


@pytest.mark.parametrize("whose", ["stranger", "owner", "nobody"])
def test_only_other_members_of_the_workspace_can_be_named(
    studio, membership, charlie_membership, whose
):
    named = {"stranger": charlie_membership.pk, "owner": membership.pk, "nobody": uuid4()}[whose]
    with pytest.raises(InvalidInput):
        share_calendar(
            calendar=studio, everyone=ShareLevel.EDIT, members={named: ShareLevel.DETAILS}
        )
    assert CalendarShare.objects.count() == 0


def test_clients_calendar_is_not_shared(client_owner):
    desk = make_calendar(make_connection(client_owner))
    with pytest.raises(InvalidInput):
        share_calendar(calendar=desk, everyone=ShareLevel.DETAILS, members={})


# --- What the levels allow ---


@pytest.mark.parametrize(
    ("level", "reads", "writes"),
    [(ShareLevel.BUSY, False, False), (ShareLevel.DETAILS, True, False),
     (ShareLevel.EDIT, True, True)],
)  # fmt: skip
def test_level_decides_over_reading_and_writing(studio, bob_membership, level, reads, writes):
    share_calendar(calendar=studio, everyone=ShareLevel.BUSY, members={bob_membership.pk: level})
    event = make_event(studio)

    def allowed(**options):
        try:
            access.event_for(bob_membership, event.pk, **options)
        except (access.NotFound, Forbidden):
            return False
        return True

    assert (allowed(), allowed(to_write=True)) == (reads, writes)


def test_editor_reaches_no_private_event(studio, bob_membership):
    levels = {bob_membership.pk: ShareLevel.EDIT}
    share_calendar(calendar=studio, everyone=ShareLevel.BUSY, members=levels)
    event = make_event(studio, visibility="private")
    with pytest.raises(access.NotFound):
        access.event_for(bob_membership, event.pk, to_write=True)


def test_editor_arranges_and_shares_nothing(studio, bob_membership):
    levels = {bob_membership.pk: ShareLevel.EDIT}
    share_calendar(calendar=studio, everyone=ShareLevel.BUSY, members=levels)
    for right in (access.own_calendar_for, access.calendar_to_share):
        with pytest.raises(Forbidden):
            right(bob_membership, studio.pk)


def test_read_only_calendar_stays_so_for_editors(studio, bob_membership):
    studio.is_writable = False
    studio.save()
    share_calendar(calendar=studio, everyone=ShareLevel.EDIT, members={})
    with pytest.raises(Forbidden):
        access.calendar_for(bob_membership, studio.pk, to_write=True)


# --- Its end with a membership ---


def test_member_who_leaves_loses_what_was_shared_with_them(studio, bob_membership, workspace, bob):
    levels = {bob_membership.pk: ShareLevel.EDIT}
    share_calendar(calendar=studio, everyone=ShareLevel.BUSY, members=levels)
    end_membership(by=bob_membership, membership_id=bob_membership.pk)
    again = make_member(workspace, bob)
    assert sight(again) == [Sight.BUSY]


@pytest.mark.django_db(transaction=True)
def test_what_a_former_member_shared_is_shared_no_more(bob_owner, bob_membership, membership):
    his = make_calendar(make_connection(bob_owner))
    share_calendar(calendar=his, everyone=ShareLevel.DETAILS, members={})
    end_membership(by=bob_membership, membership_id=bob_membership.pk)
    assert sight(membership) == []
    outbox.sweep()
    assert CalendarShare.objects.count() == 0
