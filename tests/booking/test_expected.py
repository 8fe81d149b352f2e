"""A change that is meant for the meeting as the caller saw it, and for no other."""

from __future__ import annotations

import pytest

from booking.enums import MeetingState
from booking.errors import ChangedMeanwhile
from booking.models import MeetingChange
from booking.services import changes
from tests.booking.conftest import NINE, NOW, book, make_link
from tests.booking.test_api_meetings import caller, post, staff  # noqa: F401 -- fixtures
from tests.booking.test_changes import GUEST, HOUR, STAFF, TEN
from tests.booking.test_rivals import at_once

NOON = NINE + 3 * HOUR
ED = "ed@tallship.example"


def move(meeting, start, **more):
    return changes.move_meeting(meeting=meeting, start=start, doer=STAFF, now=NOW, **more)


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["cancel", "move", "reassign", "approve", "decline", "guests"])
def test_nothing_is_done_to_what_changed_since(owner, clock, other_owner, how):
    link = make_link(owner, requires_approval=True)
    meeting = book(link)
    changes.move_meeting(meeting=meeting, start=TEN, doer=GUEST, now=NOW)
    common = {"meeting": meeting, "doer": STAFF, "now": NOW}
    act = {
        "cancel": lambda **more: changes.cancel_meeting(**common, **more),
        "move": lambda **more: changes.move_meeting(**common, start=NOON, **more),
        "reassign": lambda **more: changes.reassign_meeting(**common, to=other_owner, **more),
        "approve": lambda **more: changes.approve_meeting(**common, **more),
        "decline": lambda **more: changes.decline_meeting(**common, **more),
        "guests": lambda **more: changes.change_guests(**common, add=[{"email": ED}], **more),
    }[how]
    with pytest.raises(ChangedMeanwhile):
        act(expected_sequence=0)
    meeting.refresh_from_db()
    assert (meeting.state, meeting.start_at, meeting.sequence) == (MeetingState.REQUESTED, TEN, 1)
    assert meeting.guests == []
    done = act(expected_sequence=1)
    assert done.sequence == 2
    # The same once more is the same success, whatever was expected.
    if how != "reassign":
        assert act(expected_sequence=1).sequence == 2


@pytest.mark.django_db
def test_link_that_came_since_is_no_change_of_anybodys(link):
    meeting = book(link)
    type(meeting).objects.update(sequence=1)
    cancelled = changes.cancel_meeting(meeting=meeting, doer=STAFF, now=NOW, expected_sequence=0)
    assert cancelled.state == MeetingState.CANCELLED


@pytest.mark.django_db(transaction=True)
def test_rivals_with_the_same_old_state_act_once(owner, clock):
    meeting = book(make_link(owner))
    starts = [TEN, NOON, NOON + HOUR, NOON + 2 * HOUR]
    answers = at_once(lambda number: move(meeting, starts[number], expected_sequence=0), 4)
    refused = [one for one in answers if isinstance(one, ChangedMeanwhile)]
    assert len(refused) == 3, answers
    assert MeetingChange.objects.count() == 1


@pytest.mark.django_db
def test_the_api_takes_it_with_every_change(client_link, staff):  # noqa: F811 -- a fixture
    meeting = book(client_link)
    answer = post(staff, meeting, "move", start=TEN.isoformat(), expected_sequence=0)
    assert (answer.status_code, answer.json()["sequence"]) == (200, 1)
    answer = post(staff, meeting, "guests", add=[{"email": ED}], expected_sequence=0)
    assert (answer.status_code, answer.json()["code"]) == (409, "changed_meanwhile")
    answer = post(staff, meeting, "cancel", expected_sequence=0)
    assert (answer.status_code, answer.json()["code"]) == (409, "changed_meanwhile")
    assert post(staff, meeting, "cancel", expected_sequence=-1).status_code == 400
    assert post(staff, meeting, "cancel", expected_sequence=1).status_code == 200
