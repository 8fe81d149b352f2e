"""Meeting and event, when both are changed in quick succession, gone for a while, or half there."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from booking.enums import MeetingState
from booking.errors import SlotTaken
from booking.services import changes
from calendars.models import Event
from tests.booking.conftest import BERLIN, HALF_HOUR, LATER, NINE, book, deliver_all, messages
from tests.booking.test_changes import GUEST, TEN
from tests.booking.test_external import booked
from tests.booking.test_group_events import BEN, CID, fresh, names_in

pytestmark = pytest.mark.django_db

UPDATE = {"google": "google.events.patch", "outlook": "microsoft.events.update"}


@pytest.fixture(params=["google", "outlook"])
def connection(request, clock, connect, owner):
    return connect(owner, request.param)


@pytest.fixture
def google(clock, connect, owner):
    return connect(owner, "google")


def now():
    return datetime.now(BERLIN)


def move(meeting, start):
    return changes.move_meeting(meeting=meeting, start=start, doer=GUEST, now=now())


def meddle(sandbox, hand, times):
    """Before each of the next changes that we send, its owner moves the event once more."""
    left = list(range(times))

    def before(request):
        if request.method == "PATCH" and left:
            hand.move(NINE + timedelta(hours=3, minutes=15 * left.pop()))

    sandbox.adapter.before = before


@pytest.mark.parametrize("times", [1, 2, 4])
def test_our_move_outlasts_an_owner_who_drags_the_event_meanwhile(
    connection, owner, side, look, sandbox, clock, times
):
    meeting = booked(connection, look, owner)
    hand = side(connection)
    meddle(sandbox, hand, times)
    move(meeting, TEN)
    deliver_all()
    clock.shift(LATER)
    look(connection)
    meeting.refresh_from_db()
    event = Event.objects.get(deleted_at__isnull=True)
    assert (meeting.start_at, event.start_at, meeting.event_is_due) == (TEN, TEN, False)
    assert not messages(kind="booking.calendar_event", state="failed")


def test_an_event_that_was_gone_while_the_meeting_moved_follows_once_it_is_back(
    google, owner, side, look, copy_events, sandbox
):
    """Else its old time, which nobody chose, would move the meeting back."""
    meeting = booked(google, look, owner)
    hand = side(google)
    hand.delete()
    copy_events(google, now=now())
    move(meeting, TEN)
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.event_is_due
    sandbox.store.change_event(hand.calendar, hand.event_id, {"status": "confirmed"})
    look(google)
    deliver_all()
    meeting.refresh_from_db()
    assert (meeting.state, meeting.start_at) == (MeetingState.CONFIRMED, TEN)
    assert Event.objects.get(deleted_at__isnull=True).start_at == TEN
    assert not meeting.event_is_due


def test_an_event_that_was_gone_and_came_back_elsewhere_is_followed_there(
    google, owner, side, look, copy_events, sandbox
):
    meeting = booked(google, look, owner)
    hand = side(google)
    hand.delete()
    copy_events(google, now=now())
    move(meeting, TEN)
    deliver_all()
    sandbox.store.change_event(hand.calendar, hand.event_id, {"status": "confirmed"})
    hand.move(TEN + timedelta(hours=2))
    look(google)
    meeting.refresh_from_db()
    assert (meeting.start_at, meeting.event_is_due) == (TEN + timedelta(hours=2), False)


def test_an_event_that_stays_gone_cancels_the_meeting_that_moved(
    google, owner, side, look, copy_events
):
    meeting = booked(google, look, owner)
    side(google).delete()
    copy_events(google, now=now())
    move(meeting, TEN)
    deliver_all()
    look(google)
    meeting.refresh_from_db()
    assert (meeting.state, meeting.event_is_due) == (MeetingState.CANCELLED, False)


def test_a_restored_event_of_a_cancelled_meeting_takes_its_time(
    google, owner, side, look, copy_events, sandbox
):
    """Its guests were told, so that it is an event of the owner's like any other."""
    meeting = booked(google, look, owner)
    hand = side(google)
    hand.delete()
    look(google)
    sandbox.store.change_event(hand.calendar, hand.event_id, {"status": "confirmed"})
    look(google)
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.CANCELLED
    assert len(sandbox.events(google)) == 1
    with pytest.raises(SlotTaken):
        book(meeting.link)
    other = book(meeting.link, start=TEN)
    hand.add(TEN)  # what comes over another meeting is still told
    look(google)
    other.refresh_from_db()
    assert other.clash


def test_a_group_with_a_cancelled_seat_follows_its_event_without_it(
    google, owner, side, look, sandbox
):
    first = booked(google, look, owner, seats=4)
    ben, cid = book(first.link, booker=BEN), book(first.link, booker=CID)
    deliver_all()
    changes.cancel_meeting(meeting=ben, doer=GUEST, now=now())
    deliver_all()
    look(google)
    side(google).move(TEN)
    look(google)
    assert [fresh(one).start_at for one in (first, ben, cid)] == [TEN, NINE, TEN]
    assert fresh(ben).state == MeetingState.CANCELLED
    side(google).delete()
    look(google)
    assert {fresh(one).cancelled_by for one in (first, cid)} == {"provider"}
    assert fresh(ben).cancelled_by == "booker"


def test_a_group_moved_twice_quickly_ends_where_its_event_is(
    google, owner, side, look, copy_events
):
    first = booked(google, look, owner, seats=4)
    ben = book(first.link, booker=BEN)
    deliver_all()
    look(google)
    hand = side(google)
    hand.move(TEN)
    copy_events(google, now=now())
    hand.move(TEN + HALF_HOUR)
    look(google)
    for one in (first, ben):
        assert (fresh(one).start_at, fresh(one).sequence) == (TEN + HALF_HOUR, 1)


def test_who_leaves_a_group_while_its_event_is_gone_is_not_named_when_it_is_back(
    google, owner, side, look, copy_events, sandbox
):
    first = booked(google, look, owner, seats=4)
    ben = book(first.link, booker=BEN)
    deliver_all()
    look(google)
    hand = side(google)
    hand.delete()
    copy_events(google, now=now())
    changes.cancel_meeting(meeting=ben, doer=GUEST, now=now())
    deliver_all()
    sandbox.store.change_event(hand.calendar, hand.event_id, {"status": "confirmed"})
    look(google)
    deliver_all()
    event = Event.objects.get(deleted_at__isnull=True)
    assert (fresh(first).state, names_in(event)) == (MeetingState.CONFIRMED, set())
    assert BEN.email not in event.description
    assert not fresh(first).event_is_due


def test_who_leaves_a_group_is_not_named_though_the_next_one_is_in_no_calendar_yet(
    google, owner, look, sandbox, clock
):
    """Of those who are left the first has no event yet, but another one has it."""
    first = booked(google, look, owner, seats=4)
    ben = book(first.link, booker=BEN)
    deliver_all()
    sandbox.fault("google.events.get", status=500, count=None)
    sandbox.fault("google.events.insert", status=500, count=None)
    type(first).objects.filter(pk=first.pk).update(calendar_event_id=None)
    changes.cancel_meeting(meeting=ben, doer=GUEST, now=now())
    deliver_all()
    clock.shift(LATER)
    deliver_all()
    event = Event.objects.get(deleted_at__isnull=True)
    assert BEN.email not in event.description
    assert "ann@tallship.example" in event.description
