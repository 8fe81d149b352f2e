"""A meeting is given to somebody else, and staff book on behalf; in both modes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from booking.enums import ChangeKind, MeetingState
from booking.errors import SlotTaken
from booking.models import MeetingChange
from booking.owners import owner_of_meeting
from booking.services import changes
from calendars.models import Hold
from common.errors import InvalidInput
from tests.booking.conftest import ANN, HALF_HOUR, NINE, NOW, book, make_link
from tests.booking.test_changes import BEN, STAFF, TEN, held

pytestmark = pytest.mark.django_db


# --- Reassigning ---


def test_a_meeting_is_given_to_somebody_else_with_its_time(link, other_owner):
    meeting = book(link)
    given = changes.reassign_meeting(meeting=meeting, to=other_owner, doer=STAFF, now=NOW)
    assert owner_of_meeting(given).id == other_owner.id
    assert (given.start_at, given.sequence, given.uid) == (NINE, 1, meeting.uid)
    hold = Hold.objects.get()
    assert (hold.owner_id, given.hold_id) == (other_owner.id, hold.pk)
    (change,) = changes.changes_of(meeting)
    assert change.kind == ChangeKind.REASSIGNED
    assert change.was_owner_name
    again = changes.reassign_meeting(meeting=meeting, to=other_owner, doer=STAFF, now=NOW)
    assert again.sequence == 1
    assert book(link, booker=BEN).start_at == NINE


def test_the_booker_is_known_to_the_new_owner(link, other_owner):
    meeting = book(link)
    given = changes.reassign_meeting(meeting=meeting, to=other_owner, doer=STAFF, now=NOW)
    person = getattr(given, "contact", None) or given.prospect
    assert person.email == ANN.email
    assert getattr(person, "client_id", other_owner.id) == other_owner.id


def test_nobody_is_given_what_overlaps_their_promises(link, other_owner):
    meeting = book(link)
    book(make_link(other_owner, slug="theirs"), booker=BEN)
    with pytest.raises(SlotTaken):
        changes.reassign_meeting(
            meeting=meeting, to=other_owner, doer=STAFF, now=NOW, overriding="They must"
        )
    meeting.refresh_from_db()
    assert (owner_of_meeting(meeting).id, meeting.sequence) == (owner_of_meeting(meeting).id, 0)
    assert len(held()) == 2


def test_a_meeting_stays_in_its_workspace_and_mode(
    link, owner, user_owner, client_owner, charlie, other_workspace, workspace
):
    from workspaces.owners import owner_of_user

    meeting = book(link)
    strangers = [owner_of_user(charlie, workspace), owner_of_user(charlie, other_workspace)]
    strangers += [one for one in (user_owner, client_owner) if one.kind != owner.kind]
    for stranger in strangers:
        with pytest.raises(InvalidInput) as refused:
            changes.reassign_meeting(meeting=meeting, to=stranger, doer=STAFF, now=NOW)
        assert refused.value.field == "to"


def test_the_new_owners_hours_are_set_aside_with_a_reason(link, other_owner):
    evening = NINE + timedelta(hours=11)
    meeting = changes.move_meeting(
        meeting=book(link), start=evening, doer=STAFF, now=NOW, overriding="They asked"
    )
    with pytest.raises(InvalidInput) as asked:
        changes.reassign_meeting(meeting=meeting, to=other_owner, doer=STAFF, now=NOW)
    assert asked.value.field == "overriding"
    given = changes.reassign_meeting(
        meeting=meeting, to=other_owner, doer=STAFF, now=NOW, overriding="They agreed"
    )
    assert given.receipt["overridden"]["reason"] == "They agreed"


# --- On behalf ---


def behalf(owner, link=None, start=NINE, **more):
    values = {"submit_key": "k" * 64, "title": "Check-up", "booker": ANN, "duration": HALF_HOUR}
    return changes.book_for(
        owner=owner, link=link, start=start, doer=STAFF, now=NOW, **{**values, **more}
    )


def test_staff_book_with_and_without_a_link_once_each(owner, link):
    guests = [{"name": "Cy", "email": "cy@tallship.example"}, {"name": "", "email": ANN.email}]
    bare = behalf(owner, guests=guests)
    assert behalf(owner).pk == bare.pk
    assert (bare.title, bare.link, bare.state) == ("Check-up", None, MeetingState.CONFIRMED)
    assert bare.guests == guests[:1]
    through = behalf(owner, link, start=TEN, submit_key="l" * 64, title="")
    assert (through.title, through.link) == ("Intro call", link)
    assert MeetingChange.objects.filter(kind=ChangeKind.BOOKED, name="Alice").count() == 2
    assert len(held()) == 2


def test_staff_need_a_title_or_a_link(owner, link):
    with pytest.raises(InvalidInput) as refused:
        behalf(owner, title=" ")
    assert refused.value.field == "title"


def test_staff_set_rules_aside_with_a_reason_and_never_an_overlap(owner, link):
    evening = NINE + timedelta(hours=11)
    with pytest.raises(InvalidInput) as asked:
        behalf(owner, link, start=evening)
    assert asked.value.field == "overriding"
    odd = timedelta(minutes=50)
    late = behalf(owner, link, start=evening, duration=odd, overriding="Only then")
    assert late.receipt["overridden"] == {"reason": "Only then", "by": "Alice"}
    with pytest.raises(SlotTaken):
        behalf(owner, start=evening, submit_key="m" * 64, overriding="Now")


def test_staff_book_through_the_owners_own_links_only(owner, link, other_owner):
    with pytest.raises(InvalidInput) as refused:
        behalf(other_owner, link)
    assert refused.value.field == "link"
