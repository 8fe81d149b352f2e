"""Who is reminded, and of whom: guests, hosts and groups, and nobody of what is off."""

from __future__ import annotations

from dataclasses import replace

import pytest

from booking.enums import MeetingState
from booking.services import changes, reminding
from booking.services.wiping import wipe_meeting
from tests.booking.conftest import ANN, deliver_all, make_link
from tests.booking.reminding.conftest import (
    CY,
    DAY,
    HOUR,
    NEXT_WEEK,
    booked,
    decline,
    now,
    reminding_link,
    to_whom,
)
from tests.booking.test_changes import GUEST, STAFF
from tests.factories import make_client
from workspaces.owners import ClientOwner

pytestmark = pytest.mark.django_db


def test_whoever_it_is_with_is_reminded_where_the_link_says_so(owner, clock, post):
    booked(reminding_link(owner, 60, reminders_to_owner=True))
    letters = post(NEXT_WEEK - HOUR)
    assert to_whom(letters) == sorted([ANN.email, owner.notice_email])
    (to_host,) = [one for one in letters if one.to == [owner.notice_email]]
    assert "09:00" in to_host.body
    assert "A reminder of Intro call with Ann Other." in to_host.body
    assert "List-Unsubscribe" not in to_host.extra_headers


def test_whom_a_group_is_with_is_reminded_once_of_all_of_it(owner, clock, post):
    link = reminding_link(owner, 60, seats=4, reminders_to_owner=True)
    names = ("Ann Other", "Ben Two", "Cleo Three", "Dan Four")
    seats = [
        booked(link, booker=replace(ANN, name=name, email=f"{name[:3].lower()}@tallship.example"))
        for name in names
    ]
    changes.cancel_meeting(meeting=seats[0], doer=GUEST, now=now())
    deliver_all()
    letters = post(NEXT_WEEK - HOUR)
    assert to_whom(letters) == sorted(
        [owner.notice_email, *(one.booker_email for one in seats[1:])]
    )
    (to_host,) = [one for one in letters if one.to == [owner.notice_email]]
    assert to_host.subject == "Reminder: Thu 26 Nov, 09:00 Berlin: Intro call with 3 guests"
    assert [name in to_host.body for name in names] == [False, True, True, True]


def test_what_is_off_or_asked_for_is_not_reminded_of(client_owner, clock, post):
    link = reminding_link(client_owner, 60)
    cancelled = booked(link)
    changes.cancel_meeting(meeting=cancelled, doer=GUEST, now=now())
    waiting = make_link(client_owner, slug="asks", requires_approval=True, reminders=[60])
    request = booked(waiting)
    deliver_all()
    assert request.state == MeetingState.REQUESTED
    assert [one.subject for one in post(NEXT_WEEK - HOUR)] == []


def test_an_approved_request_is_reminded_of(client_owner, clock, post):
    request = booked(make_link(client_owner, requires_approval=True, reminders=[60]))
    reminding.look_ahead(now=now())
    changes.approve_meeting(meeting=request, doer=STAFF, now=now())
    deliver_all()
    assert to_whom(post(NEXT_WEEK - HOUR)) == [ANN.email]


def test_a_meeting_given_to_another_names_whom_it_is_with_now(client_owner, workspace, clock, post):
    other = ClientOwner(workspace, make_client(workspace, name="Southgate"))
    meeting = booked(reminding_link(client_owner, 60))
    changes.reassign_meeting(
        meeting=meeting, to=other, doer=STAFF, now=now(), overriding="Handed over"
    )
    deliver_all()
    (letter,) = post(NEXT_WEEK - HOUR)
    assert "Southgate" in letter.subject
    assert "Northgate" not in letter.body


def test_who_was_taken_off_the_guests_is_not_reminded(client_owner, clock, post):
    meeting = booked(reminding_link(client_owner, 60), guests=[CY])
    changes.change_guests(meeting=meeting, remove=[CY["email"]], doer=GUEST, now=now())
    deliver_all()
    assert to_whom(post(NEXT_WEEK - HOUR)) == [ANN.email]


@pytest.mark.parametrize("who", [ANN.email, CY["email"]])
def test_who_declined_is_not_reminded_unless_it_was_moved_since(client_owner, clock, post, who):
    meeting = booked(reminding_link(client_owner, 1440, 60), guests=[CY])
    decline(meeting, who)
    (other,) = {ANN.email, CY["email"]} - {who}
    assert to_whom(post(NEXT_WEEK - DAY)) == [other]
    to = NEXT_WEEK + DAY
    changes.move_meeting(meeting=meeting, start=to, doer=STAFF, now=now(), overriding="Late")
    deliver_all()
    assert to_whom(post(to - HOUR)) == [ANN.email, CY["email"]]


@pytest.mark.parametrize("who", [ANN.email, CY["email"]])
def test_who_is_said_to_decline_by_a_mail_that_anybody_who_comes_may_have_sent_is_reminded(
    client_owner, clock, post, who
):
    meeting = booked(reminding_link(client_owner, 60), guests=[CY])
    decline(meeting, who, is_sure=False)
    assert to_whom(post(NEXT_WEEK - HOUR)) == [ANN.email, CY["email"]]


def test_an_erased_booker_is_reminded_of_nothing(client_owner, clock, post):
    meeting = booked(reminding_link(client_owner, 60))
    wipe_meeting(meeting, now())
    assert post(NEXT_WEEK - HOUR) == []
