"""What the calendars say at the moment of a change: nobody is moved, confirmed, handed over or
booked onto an event, and what cannot be read is never free.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from booking.enums import MeetingState
from booking.errors import BusyUnknown, SlotTaken
from booking.services import changes
from calendars.models import Hold
from tests.booking.conftest import ANN, HALF_HOUR, NINE, NOW, book, deliver_all, make_link
from tests.booking.test_changes import GUEST, STAFF, TEN

pytestmark = pytest.mark.django_db

BUSY = {"google": "google.freebusy.query", "outlook": "microsoft.*"}


@pytest.fixture(params=["google", "outlook"])
def connection(request, clock, connect, owner):
    return connect(owner, request.param)


def something_at(sandbox, connection, start):
    calendar = sandbox.calendar(connection)
    sandbox.store.add_event(calendar, title="Dentist", start=start, end=start + HALF_HOUR)


def standing(meeting):
    meeting.refresh_from_db()
    return meeting.start_at, meeting.state, meeting.sequence, Hold.objects.count()


@pytest.mark.parametrize("doer", [GUEST, STAFF])
def test_nobody_moves_onto_an_event_that_no_copy_shows_yet(sandbox, connection, owner, doer):
    meeting = book(make_link(owner))
    something_at(sandbox, connection, TEN)
    with pytest.raises(SlotTaken):
        changes.move_meeting(
            meeting=meeting, start=TEN, doer=doer, now=NOW, overriding="They insist"
        )
    assert standing(meeting) == (NINE, MeetingState.CONFIRMED, 0, 1)


def test_a_meeting_does_not_stand_in_its_own_way(sandbox, connection, owner):
    meeting = book(make_link(owner, durations=[60], step_minutes=30), duration=timedelta(hours=1))
    deliver_all()
    for start in (NINE + HALF_HOUR, NINE, NINE + HALF_HOUR):  # its event lags behind each time
        moved = changes.move_meeting(meeting=meeting, start=start, doer=GUEST, now=NOW)
        assert moved.start_at == start


@pytest.mark.parametrize("doer", [GUEST, STAFF])
def test_an_unreadable_calendar_moves_nothing(sandbox, connection, owner, doer):
    meeting = book(make_link(owner, degraded_mode="request"))
    sandbox.fault(BUSY[connection.provider], status=503, count=None)
    with pytest.raises(BusyUnknown):
        changes.move_meeting(
            meeting=meeting, start=TEN, doer=doer, now=NOW, overriding="They insist"
        )
    assert standing(meeting) == (NINE, MeetingState.CONFIRMED, 0, 1)


def test_a_request_moves_while_nothing_can_be_read_and_waits_for_its_approval(
    sandbox, connection, owner
):
    meeting = book(make_link(owner, degraded_mode="request", requires_approval=True))
    sandbox.fault(BUSY[connection.provider], status=503, count=None)
    moved = changes.move_meeting(meeting=meeting, start=TEN, doer=GUEST, now=NOW)
    assert (moved.start_at, moved.state) == (TEN, MeetingState.REQUESTED)
    assert moved.receipt["calendars_readable"] is False
    with pytest.raises(BusyUnknown):
        changes.approve_meeting(meeting=meeting, doer=STAFF, now=NOW)
    sandbox.store.clear_faults()
    yes = changes.approve_meeting(meeting=meeting, doer=STAFF, now=NOW)
    assert yes.state == MeetingState.CONFIRMED


def test_a_request_is_not_approved_over_what_came_meanwhile(sandbox, connection, owner):
    meeting = book(make_link(owner, requires_approval=True))
    something_at(sandbox, connection, NINE)
    with pytest.raises(SlotTaken, match="Something else is in the calendar"):
        changes.approve_meeting(meeting=meeting, doer=STAFF, now=NOW)
    assert standing(meeting) == (NINE, MeetingState.REQUESTED, 0, 1)


@pytest.mark.parametrize("trouble", ["busy", "unreadable"])
def test_nobody_is_booked_for_over_an_event(sandbox, connection, owner, trouble):
    if trouble == "busy":
        something_at(sandbox, connection, NINE)
    else:
        sandbox.fault(BUSY[connection.provider], status=503, count=None)
    with pytest.raises(SlotTaken if trouble == "busy" else BusyUnknown):
        changes.book_for(
            owner=owner,
            link=None,
            start=NINE,
            duration=HALF_HOUR,
            booker=ANN,
            doer=STAFF,
            now=NOW,
            title="Check-up",
            overriding="They insist",
            submit_key="k" * 64,
        )
    assert Hold.objects.count() == 0


@pytest.mark.parametrize("trouble", ["busy", "unreadable"])
def test_nobody_is_given_a_meeting_over_an_event(
    sandbox, connect, link, other_owner, alice, bob, trouble
):
    user = bob if other_owner.kind == "user" else alice
    theirs = connect(other_owner, "google", email="their@google.example", user=user)
    meeting = book(link)
    if trouble == "busy":
        something_at(sandbox, theirs, NINE)
    else:
        sandbox.fault(BUSY["google"], status=503, count=None)
    with pytest.raises(SlotTaken if trouble == "busy" else BusyUnknown):
        changes.reassign_meeting(
            meeting=meeting, to=other_owner, doer=STAFF, now=NOW, overriding="They must"
        )
    assert standing(meeting) == (NINE, MeetingState.CONFIRMED, 0, 1)


def test_cancelling_needs_no_calendar(sandbox, connection, owner):
    meeting = book(make_link(owner))
    sandbox.fault("*", status=503, count=None)
    gone = changes.cancel_meeting(meeting=meeting, doer=GUEST, now=NOW)
    assert gone.state == MeetingState.CANCELLED
