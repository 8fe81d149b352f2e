"""Holds: time that a meeting to be keeps, and that the database gives once."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from calendars.enums import HoldSource
from calendars.services import holds
from tests.calendars.services.test_busy import DAY, hours
from tests.factories import make_member, make_workspace
from workspaces.owners import owner_of_user

pytestmark = pytest.mark.django_db


def test_hold_takes_time_until_it_is_released(owner):
    hold = holds.place_hold(owner=owner, span=hours(0, 1), source=HoldSource.MEETING)
    assert holds.holds_of(owner, DAY) == [hours(0, 1)]
    assert holds.holds_of(owner, hours(1, 2)) == []
    holds.release_hold(hold)
    holds.release_hold(hold)
    assert holds.holds_of(owner, DAY) == []


def test_overlapping_hold_is_refused_by_the_database(owner):
    holds.place_hold(owner=owner, span=hours(0, 2), source=HoldSource.MEETING)
    with pytest.raises(IntegrityError), transaction.atomic():
        holds.place_hold(owner=owner, span=hours(1, 3), source=HoldSource.MEETING)
    holds.place_hold(owner=owner, span=hours(2, 3), source=HoldSource.MEETING)


def test_hold_can_move_within_its_own_time(owner):
    hold = holds.place_hold(owner=owner, span=hours(0, 2), source=HoldSource.MEETING)
    holds.move_hold(hold=hold, span=hours(1, 3))
    assert holds.holds_of(owner, DAY) == [hours(1, 3)]
    assert holds.holds_of(owner, DAY, ignoring=[hold.pk]) == []


def test_users_holds_count_in_every_workspace(user_owner, alice):
    second = make_workspace("Second")
    make_member(second, alice)
    holds.place_hold(owner=user_owner, span=hours(0, 1), source=HoldSource.SALES_MEETING)
    assert holds.holds_of(owner_of_user(alice, second), DAY) == [hours(0, 1)]
