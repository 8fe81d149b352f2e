"""What can be done to a meeting: its state, its time, its hold, its history; in both modes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audit.actors import task_actor
from booking.booker import Booker
from booking.enums import ChangeKind, MeetingState, Party
from booking.errors import SlotTaken
from booking.services import changes
from booking.services.changes import Doer
from calendars.models import Hold
from common.errors import Conflict, InvalidInput
from tests.booking.conftest import HALF_HOUR, NINE, NOW, book, make_link

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
TEN = NINE + HOUR
BEN = Booker(name="Ben Rival", email="ben@rival.example", timezone="UTC")
GUEST = Doer(Party.BOOKER, task_actor("tests"), "Ann Other")
STAFF = Doer(Party.OWNER, task_actor("tests"), "Alice")


def held():
    return [(hold.held_from, hold.held_until) for hold in Hold.objects.order_by("held_from")]


def history(meeting):
    return [change.kind for change in changes.changes_of(meeting)]


def request_for(owner, **fields):
    return book(make_link(owner, requires_approval=True, **fields))


# --- Cancelling ---


@pytest.mark.parametrize("doer", [GUEST, STAFF])
def test_cancelling_frees_the_time_and_is_recorded(link, doer):
    meeting = book(link)
    gone = changes.cancel_meeting(meeting=meeting, doer=doer, now=NOW, message="I am ill")
    assert (gone.state, gone.hold, gone.sequence) == (MeetingState.CANCELLED, None, 1)
    assert (gone.cancelled_by, gone.cancel_reason) == (doer.by, "I am ill")
    assert held() == []
    (change,) = changes.changes_of(meeting)
    assert (change.kind, change.by, change.name) == ("cancelled", doer.by, doer.name)
    assert (change.sequence, change.message, change.at) == (1, "I am ill", NOW)
    assert book(link, booker=BEN).state == MeetingState.CONFIRMED


def test_cancelling_twice_changes_nothing(link):
    meeting = book(link)
    changes.cancel_meeting(meeting=meeting, doer=GUEST, now=NOW)
    again = changes.cancel_meeting(meeting=meeting, doer=STAFF, now=NOW, message="Too late")
    assert (again.sequence, again.cancelled_by) == (1, Party.BOOKER)
    assert history(meeting) == [ChangeKind.CANCELLED]


def test_what_is_over_cannot_be_cancelled(link):
    meeting = book(link)
    with pytest.raises(Conflict):
        changes.cancel_meeting(meeting=meeting, doer=STAFF, now=meeting.end_at)
    assert len(held()) == 1


def test_cancelling_works_without_the_link(link):
    meeting = book(link)
    link.delete()
    gone = changes.cancel_meeting(meeting=meeting, doer=GUEST, now=NOW)
    assert gone.state == MeetingState.CANCELLED


def test_cancelling_works_when_the_owner_has_left(user_link, workspace, alice):
    meeting = book(user_link)
    workspace.memberships.get(user=alice).delete()
    gone = changes.cancel_meeting(meeting=meeting, doer=GUEST, now=NOW)
    assert (gone.state, held()) == (MeetingState.CANCELLED, [])


# --- Declining and approving ---


def test_a_request_holds_its_time_and_keeps_it_when_approved(owner, clock):
    meeting = request_for(owner)
    before = held()
    yes = changes.approve_meeting(meeting=meeting, doer=STAFF, now=NOW)
    assert (yes.state, yes.sequence) == (MeetingState.CONFIRMED, 1)
    assert held() == before != []
    assert changes.approve_meeting(meeting=meeting, doer=STAFF, now=NOW).sequence == 1
    assert history(meeting) == [ChangeKind.APPROVED]


def test_a_declined_request_frees_its_time(owner, clock):
    meeting = request_for(owner)
    for _twice in range(2):
        no = changes.decline_meeting(meeting=meeting, doer=STAFF, now=NOW, message="Sorry")
        assert (no.state, no.sequence, held()) == (MeetingState.DECLINED, 1, [])
    assert history(meeting) == [ChangeKind.DECLINED]


def test_what_is_off_can_be_neither_approved_nor_moved_nor_declined(owner, clock):
    meeting = request_for(owner)
    changes.cancel_meeting(meeting=meeting, doer=GUEST, now=NOW)
    for change in (changes.approve_meeting, changes.decline_meeting):
        with pytest.raises(Conflict):
            change(meeting=meeting, doer=STAFF, now=NOW)
    with pytest.raises(Conflict):
        changes.move_meeting(meeting=meeting, start=TEN, doer=STAFF, now=NOW)
    assert history(meeting) == [ChangeKind.CANCELLED]


def test_a_confirmed_meeting_is_cancelled_and_not_declined(link):
    with pytest.raises(Conflict, match="Cancel it"):
        changes.decline_meeting(meeting=book(link), doer=STAFF, now=NOW)


def test_a_request_whose_time_has_come_is_not_approved(owner, clock):
    with pytest.raises(Conflict):
        changes.approve_meeting(meeting=request_for(owner), doer=STAFF, now=NINE)


def test_unanswered_requests_expire_at_their_start_and_after_their_life(owner, clock, settings):
    settings.BOOKING_REQUEST_LIFE = timedelta(hours=48)
    link = make_link(owner, requires_approval=True)
    soon, late = book(link), book(link, start=NINE + timedelta(days=7))
    assert changes.expire_requests(now=NINE - HOUR) == 0
    assert changes.expire_requests(now=NINE) == 1
    soon.refresh_from_db()
    late.refresh_from_db()
    assert (soon.state, late.state) == (MeetingState.DECLINED, MeetingState.REQUESTED)
    assert soon.cancelled_by == Party.SYSTEM
    assert changes.expire_requests(now=NOW + timedelta(hours=48)) == 1
    late.refresh_from_db()
    assert late.state == MeetingState.DECLINED
    assert held() == []


def test_a_moved_request_has_its_life_anew(owner, clock, settings):
    settings.BOOKING_REQUEST_LIFE = timedelta(hours=48)
    link = make_link(owner, requires_approval=True)
    meeting = book(link, start=NINE + timedelta(days=7))
    moved_at = NOW + timedelta(hours=47)
    later = NINE + timedelta(days=7, hours=1)
    changes.move_meeting(meeting=meeting, start=later, doer=GUEST, now=moved_at)
    assert changes.expire_requests(now=moved_at + timedelta(hours=47)) == 0
    assert changes.expire_requests(now=moved_at + timedelta(hours=48)) == 1


def test_confirmed_meetings_never_expire(link):
    book(link)
    assert changes.expire_requests(now=NINE + timedelta(days=30)) == 0


# --- No-show ---


def test_a_no_show_is_noted_after_the_start_and_taken_back(link):
    meeting = book(link)
    with pytest.raises(Conflict, match="not begun"):
        changes.mark_no_show(meeting=meeting, doer=STAFF, now=NINE - HALF_HOUR)
    noted = changes.mark_no_show(meeting=meeting, doer=STAFF, now=NINE)
    assert (noted.state, noted.sequence, len(held())) == (MeetingState.NO_SHOW, 0, 1)
    later = NINE + timedelta(minutes=1)
    back = changes.mark_no_show(meeting=meeting, doer=STAFF, now=later, is_no_show=False)
    assert back.state == MeetingState.CONFIRMED
    assert history(meeting) == [ChangeKind.NO_SHOW, ChangeKind.ATTENDED]


def test_a_request_is_never_a_no_show(owner, clock):
    with pytest.raises(Conflict):
        changes.mark_no_show(meeting=request_for(owner), doer=STAFF, now=NINE)


# --- Moving ---


def test_moving_swaps_the_hold_and_keeps_the_meeting(link):
    meeting = book(link)
    moved = changes.move_meeting(meeting=meeting, start=TEN, doer=GUEST, now=NOW, message="Later?")
    assert (moved.start_at, moved.end_at) == (TEN, TEN + HALF_HOUR)
    assert (moved.sequence, moved.uid, moved.state) == (1, meeting.uid, MeetingState.CONFIRMED)
    assert held() == [(TEN, TEN + HALF_HOUR)]
    (change,) = changes.changes_of(meeting)
    assert (change.was_start_at, change.start_at, change.message) == (NINE, TEN, "Later?")
    assert book(link, booker=BEN).start_at == NINE


def test_moving_to_where_it_stands_changes_nothing(link):
    meeting = book(link)
    for _twice in range(2):
        moved = changes.move_meeting(meeting=meeting, start=TEN, doer=GUEST, now=NOW)
        assert (moved.sequence, moved.start_at) == (1, TEN)
    assert len(history(meeting)) == 1


def test_moving_may_overlap_its_own_old_time(owner, clock):
    link = make_link(owner, durations=[60], step_minutes=30, buffer_before_minutes=30)
    meeting = book(link, duration=HOUR, start=TEN)
    moved = changes.move_meeting(meeting=meeting, start=TEN + HALF_HOUR, doer=GUEST, now=NOW)
    assert held() == [(TEN, TEN + HALF_HOUR + HOUR)]
    assert moved.start_at == TEN + HALF_HOUR


@pytest.mark.parametrize("doer", [GUEST, STAFF])
@pytest.mark.parametrize("overriding", ["", "The client insists"])
def test_nobody_moves_onto_another_promise(link, doer, overriding):
    meeting = book(link)
    book(link, start=TEN, booker=BEN)
    with pytest.raises(SlotTaken) as refused:
        changes.move_meeting(meeting=meeting, start=TEN, doer=doer, now=NOW, overriding=overriding)
    assert refused.value.nearest
    meeting.refresh_from_db()
    assert (meeting.start_at, meeting.sequence) == (NINE, 0)
    assert len(held()) == 2


def test_a_booker_is_bound_by_the_rules_and_staff_may_set_them_aside(link):
    meeting, evening = book(link), NINE + timedelta(hours=11)
    with pytest.raises(InvalidInput) as refused:
        changes.move_meeting(
            meeting=meeting, start=evening, doer=GUEST, now=NOW, overriding="Let me"
        )
    assert refused.value.field == "start"
    with pytest.raises(InvalidInput) as asked:
        changes.move_meeting(meeting=meeting, start=evening, doer=STAFF, now=NOW)
    assert asked.value.field == "overriding"
    moved = changes.move_meeting(
        meeting=meeting, start=evening, doer=STAFF, now=NOW, overriding="They asked for it"
    )
    assert moved.start_at == evening
    assert moved.receipt["overridden"] == {"reason": "They asked for it", "by": "Alice"}
    assert changes.changes_of(meeting)[0].reason == "They asked for it"


def test_staff_may_set_their_own_buffer_aside_and_nobody_elses(owner, clock):
    link = make_link(owner, buffer_after_minutes=30)
    first = book(link, start=TEN)
    meeting = book(link, start=TEN + 2 * HOUR, booker=BEN)
    near = TEN - HALF_HOUR
    with pytest.raises(InvalidInput) as asked:
        changes.move_meeting(meeting=meeting, start=near, doer=STAFF, now=NOW)
    assert asked.value.field == "overriding"
    changes.move_meeting(meeting=meeting, start=near, doer=STAFF, now=NOW, overriding="Short")
    assert held() == [(near, TEN), (TEN, TEN + HOUR)]
    after = first.end_at
    with pytest.raises(SlotTaken):
        changes.move_meeting(meeting=meeting, start=after, doer=STAFF, now=NOW, overriding="No")


def test_moving_within_a_full_day_counts_it_once(owner, clock):
    link = make_link(owner, max_per_day=1)
    meeting = book(link)
    moved = changes.move_meeting(meeting=meeting, start=TEN, doer=GUEST, now=NOW)
    assert moved.start_at == TEN
    other = book(link, start=NINE + timedelta(days=1), booker=BEN)
    with pytest.raises(SlotTaken):
        changes.move_meeting(meeting=other, start=NINE, doer=GUEST, now=NOW)


def test_a_booker_of_a_closed_link_can_cancel_and_is_told_why_not_move(link):
    meeting = book(link)
    link.is_active = False
    link.save()
    with pytest.raises(Conflict, match="link is closed"):
        changes.move_meeting(meeting=meeting, start=TEN, doer=GUEST, now=NOW)
    moved = changes.move_meeting(meeting=meeting, start=TEN, doer=STAFF, now=NOW)
    assert moved.start_at == TEN
    assert changes.cancel_meeting(meeting=meeting, doer=GUEST, now=NOW).hold is None


def test_staff_move_a_meeting_whose_link_is_deleted(link):
    meeting = book(link)
    link.delete()
    with pytest.raises(Conflict):
        changes.move_meeting(meeting=meeting, start=TEN, doer=GUEST, now=NOW)
    assert changes.move_meeting(meeting=meeting, start=TEN, doer=STAFF, now=NOW).start_at == TEN


def test_a_move_under_approval_is_a_request_again_for_bookers_only(owner, clock):
    meeting = request_for(owner)
    changes.approve_meeting(meeting=meeting, doer=STAFF, now=NOW)
    by_staff = changes.move_meeting(meeting=meeting, start=TEN, doer=STAFF, now=NOW)
    assert by_staff.state == MeetingState.CONFIRMED
    asked = changes.move_meeting(meeting=meeting, start=TEN + HOUR, doer=GUEST, now=NOW)
    assert asked.state == MeetingState.REQUESTED
    assert len(held()) == 1


def test_moving_takes_another_length_that_the_link_offers(link):
    meeting = book(link)
    longer = timedelta(minutes=45)
    moved = changes.move_meeting(meeting=meeting, start=NINE, duration=longer, doer=GUEST, now=NOW)
    assert moved.end_at == NINE + longer
    with pytest.raises(InvalidInput) as refused:
        changes.move_meeting(meeting=meeting, start=TEN, duration=HOUR, doer=GUEST, now=NOW)
    assert refused.value.field == "duration"


@pytest.mark.parametrize("doer", [GUEST, STAFF])
def test_nothing_moves_into_the_past_or_after_its_start(link, doer):
    meeting = book(link)
    with pytest.raises(Conflict):
        changes.move_meeting(meeting=meeting, start=TEN, doer=doer, now=NINE)
    with pytest.raises((InvalidInput, SlotTaken)):
        changes.move_meeting(
            meeting=meeting, start=NOW - HOUR, doer=doer, now=NOW, overriding="Why not"
        )
