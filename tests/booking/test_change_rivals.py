"""Changes that race: against each other for one slot, and against each other on one meeting."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from booking.enums import MeetingState
from booking.errors import SlotTaken
from booking.owners import tables_of
from booking.services import changes
from calendars.models import Hold
from common.errors import Conflict
from common.models import OutboxMessage
from tests.booking.conftest import HALF_HOUR, NINE, NOW, book, make_link
from tests.booking.test_changes import GUEST, STAFF
from tests.booking.test_rivals import at_once, rival

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 11, 19, 11, 0, tzinfo=UTC)


@pytest.fixture
def link(owner, clock):
    return make_link(owner)


def move(meeting, start, doer=GUEST):
    return changes.move_meeting(meeting=meeting, start=start, doer=doer, now=NOW)


def check_holds(link):
    """Every meeting that takes time has its own hold, at its time, and there is no other."""
    rows = tables_of(link.owner_kind).meeting.objects.filter(hold__isnull=False)
    spans = {(one.start_at, one.end_at): one.hold for one in rows.select_related("hold")}
    assert Hold.objects.count() == rows.count() == len(spans)
    for (start, end), hold in spans.items():
        assert (hold.held_from, hold.held_until) == (start, end)


def test_ten_meetings_moved_to_one_slot_are_one_and_nine_that_stand(link):
    meetings = [book(link, start=NINE + n * HALF_HOUR, booker=rival(n)) for n in range(5)]
    answers = at_once(lambda number: move(meetings[number], NOON), 5)
    kinds = Counter(type(answer) for answer in answers)
    assert kinds == {type(meetings[0]): 1, SlotTaken: 4}
    check_holds(link)


def test_two_meetings_that_change_places_never_overlap(link):
    meetings = [book(link, start=NINE, booker=rival(0)), book(link, start=NOON, booker=rival(1))]
    answers = at_once(lambda number: move(meetings[number], (NOON, NINE)[number]), 2)
    assert all(isinstance(answer, SlotTaken) for answer in answers)
    check_holds(link)


def test_one_meeting_moved_by_many_to_one_time_is_moved_once(link):
    meeting = book(link)
    answers = at_once(lambda number: move(meeting, NOON, (GUEST, STAFF)[number % 2]), 8)
    assert {answer.start_at for answer in answers} == {NOON}
    meeting.refresh_from_db()
    assert meeting.sequence == 1
    assert len(changes.changes_of(meeting)) == 1
    assert OutboxMessage.objects.filter(payload__step="changed").count() == 1
    check_holds(link)


def test_a_move_against_a_booking_for_the_same_slot_gives_it_to_one(link):
    meeting = book(link)

    def work(number):
        if number % 2:
            return move(meeting, NOON)
        return book(link, start=NOON, booker=rival(number))

    answers = at_once(work, 6)
    assert Counter(isinstance(answer, SlotTaken) for answer in answers)[True] >= 3
    rows = tables_of(link.owner_kind).meeting.objects.filter(start_at=NOON)
    assert rows.count() == 1
    check_holds(link)


@pytest.mark.parametrize("first", ["approve", "move"])
def test_a_cancellation_at_the_same_moment_wins_or_comes_after(owner, clock, first):
    link = make_link(owner, requires_approval=first == "approve")
    meeting = book(link)

    def work(number):
        if number % 2:
            return changes.cancel_meeting(meeting=meeting, doer=GUEST, now=NOW)
        if first == "move":
            return move(meeting, NOON, STAFF)
        return changes.approve_meeting(meeting=meeting, doer=STAFF, now=NOW)

    answers = at_once(work, 6)
    assert all(isinstance(one, type(meeting) | Conflict) for one in answers), answers
    meeting.refresh_from_db()
    assert (meeting.state, meeting.hold_id) == (MeetingState.CANCELLED, None)
    kinds = [change.kind for change in changes.changes_of(meeting)]
    assert kinds[-1] == "cancelled"
    assert kinds in (["cancelled"], [f"{first}d".replace("moved", "moved"), "cancelled"])
    assert Hold.objects.count() == 0


def test_one_form_on_behalf_pressed_many_times_is_one_meeting(owner, clock):
    def press(number):
        return changes.book_for(
            owner=owner,
            link=None,
            start=NINE,
            duration=HALF_HOUR,
            booker=rival(0),
            doer=STAFF,
            now=NOW,
            title="Check-up",
            submit_key="p" * 64,
        )

    answers = at_once(press, 8)
    assert len({answer.pk for answer in answers}) == 1
    assert Hold.objects.count() == 1


def test_one_slot_of_somebody_who_is_given_many(owner, other_owner, clock):
    """Everything cannot go to one person at one time."""
    link = make_link(owner, seats=1, durations=[60], step_minutes=60)
    start = NINE
    meetings = [book(link, start=start, duration=timedelta(hours=1))]
    theirs = make_link(other_owner, slug="theirs", durations=[60], step_minutes=60)

    def work(number):
        if number % 2:
            return changes.reassign_meeting(
                meeting=meetings[0], to=other_owner, doer=STAFF, now=NOW
            )
        return book(theirs, start=start, duration=timedelta(hours=1), booker=rival(number))

    answers = at_once(work, 6)
    assert all(isinstance(one, type(meetings[0]) | SlotTaken) for one in answers), answers
    assert Hold.objects.filter(owner_id=other_owner.id).count() == 1


def test_one_meeting_given_by_many_to_one_person_is_given_once(owner, other_owner, clock):
    """Who comes second finds done what they wanted, and is not told of trouble."""
    for hours in range(4):
        meeting = book(make_link(owner, slug=f"mine{hours}"), start=NINE + timedelta(hours=hours))

        def give(_number, meeting=meeting):
            return changes.reassign_meeting(meeting=meeting, to=other_owner, doer=STAFF, now=NOW)

        answers = at_once(give, 4)
        assert [getattr(answer, "pk", answer) for answer in answers] == [meeting.pk] * 4
        assert len(changes.changes_of(meeting)) == 1
