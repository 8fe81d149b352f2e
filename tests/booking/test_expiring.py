"""Requests that nobody answered: which of them end, and what happens at that very moment."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from booking.enums import MeetingState
from booking.models import MeetingChange
from booking.owners import tables_for
from booking.services import changes, ending
from calendars.models import Hold
from common.models import OutboxMessage
from tests.booking.conftest import HALF_HOUR, NINE, NOW, book, make_link
from tests.booking.test_changes import GUEST, HOUR, STAFF, TEN
from tests.booking.test_rivals import at_once, rival

LIFE = timedelta(hours=48)
WEEK = timedelta(days=7)


@pytest.fixture
def link(owner, clock, settings):
    settings.BOOKING_REQUEST_LIFE = LIFE
    return make_link(owner, requires_approval=True)


def state_of(meeting):
    meeting.refresh_from_db()
    return meeting.state


def just_before_the_lock(act):
    """Somebody else is a moment faster: `act` is done once the requests were listed."""

    def watch(execute, sql, params, many, context):
        answer = execute(sql, params, many, context)
        if "meeting_changes" in sql and sql.startswith("SELECT") and acts:
            acts.pop()()
        return answer

    acts = [act]
    return connection.execute_wrapper(watch)


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["move", "reassign"])
def test_request_that_is_asked_anew_at_this_moment_stays(link, other_owner, how):
    meeting = book(link, start=NINE + WEEK)
    now = NOW + LIFE

    def act():
        if how == "move":
            changes.move_meeting(meeting=meeting, start=TEN + WEEK, doer=GUEST, now=now)
        else:
            changes.reassign_meeting(meeting=meeting, to=other_owner, doer=STAFF, now=now)

    with just_before_the_lock(act):
        assert changes.expire_requests(now=now) == 0
    assert state_of(meeting) == MeetingState.REQUESTED
    assert changes.expire_requests(now=now + LIFE) == 1


@pytest.mark.django_db
def test_request_that_is_moved_away_from_its_start_at_this_moment_stays(link):
    meeting = book(link)
    now = NINE - timedelta(minutes=1)

    def act():
        changes.move_meeting(meeting=meeting, start=NINE + WEEK, doer=GUEST, now=now)

    with just_before_the_lock(act):
        assert changes.expire_requests(now=NINE) == 0
    assert state_of(meeting) == MeetingState.REQUESTED


@pytest.mark.django_db
def test_request_that_is_approved_at_this_moment_is_confirmed(link):
    meeting = book(link, start=NINE + WEEK)
    now = NOW + LIFE
    with just_before_the_lock(
        lambda: changes.approve_meeting(meeting=meeting, doer=STAFF, now=now)
    ):
        assert changes.expire_requests(now=now) == 0
    assert state_of(meeting) == MeetingState.CONFIRMED


@pytest.mark.django_db
def test_whoever_a_request_is_handed_to_has_as_long_to_answer(link, other_owner):
    meeting = book(link, start=NINE + WEEK)
    handed_at = NOW + LIFE - HOUR
    changes.reassign_meeting(meeting=meeting, to=other_owner, doer=STAFF, now=handed_at)
    assert changes.expire_requests(now=handed_at + LIFE - HOUR) == 0
    assert changes.expire_requests(now=handed_at + LIFE) == 1
    assert not Hold.objects.exists()


@pytest.mark.django_db
def test_requests_that_were_moved_lately_keep_no_other_from_ending(link, monkeypatch):
    """Earlier ones come first: as many as are looked at in one go were moved an hour ago."""
    monkeypatch.setattr(ending, "_AT_ONCE", 2)
    moved = [
        book(link, start=NINE + WEEK + number * HOUR, booker=rival(number)) for number in range(3)
    ]
    late = book(link, start=NINE + WEEK + 6 * HOUR)
    now = NOW + LIFE
    for meeting in moved:
        to = meeting.start_at + HALF_HOUR
        changes.move_meeting(meeting=meeting, start=to, doer=GUEST, now=now - HOUR)
    assert changes.expire_requests(now=now) == 1
    assert state_of(late) == MeetingState.DECLINED
    assert {state_of(one) for one in moved} == {MeetingState.REQUESTED}


@pytest.mark.django_db
def test_more_than_are_ended_in_one_go_end_with_the_next_ones(link, monkeypatch):
    monkeypatch.setattr(ending, "_AT_ONCE", 2)
    asked = [book(link, start=NINE + n * HALF_HOUR, booker=rival(n)) for n in range(5)]
    now = NINE + WEEK
    assert [changes.expire_requests(now=now) for _ in range(4)] == [2, 2, 1, 0]
    assert {state_of(one) for one in asked} == {MeetingState.DECLINED}


@pytest.mark.django_db
def test_request_that_was_erased_at_this_moment_holds_up_no_other(link):
    gone = book(link, start=NINE + WEEK)
    late = book(link, start=TEN + WEEK, booker=rival(1))

    def erase():
        tables_for(gone).meeting.objects.filter(pk=gone.pk).delete()
        Hold.objects.filter(pk=gone.hold_id).delete()

    with just_before_the_lock(erase):
        assert changes.expire_requests(now=NOW + LIFE) == 1
    assert state_of(late) == MeetingState.DECLINED


@pytest.mark.django_db(transaction=True)
def test_two_that_end_requests_at_once_end_each_once(link):
    meeting = book(link, start=NINE + WEEK)
    answers = at_once(lambda number: changes.expire_requests(now=NOW + LIFE), 4)
    assert sum(answers) == 1, answers
    assert MeetingChange.objects.filter(meeting_id=meeting.pk).count() == 1
    assert OutboxMessage.objects.filter(payload__step="changed").count() == 1
