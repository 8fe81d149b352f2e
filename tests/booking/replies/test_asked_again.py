"""Who is asked again by a later calendar file: whoever has not answered for the time it names.

RFC 5546, 3.2.2: a REQUEST that changes no time updates an event or confirms it once more, and
leaves what its attendees answered. A calendar that reads NEEDS-ACTION asks them anew.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail as post
from django.utils import timezone
from icalendar import Calendar

from booking.services import changes
from booking.services.delivery import send_link
from booking.services.inviting import change_guests
from tests.booking.conftest import NINE, book, deliver_all, make_link
from tests.booking.ics_reading import file_in
from tests.booking.replies.conftest import ANN, CY, MX, answering, booked, sent
from tests.booking.test_changes import GUEST, STAFF, TEN

pytestmark = pytest.mark.django_db

PROOF = {"authentication_results": f"{MX}; dmarc=pass"}
OMRI = {"name": "Omri Guest", "email": "omri@tallship.example"}


@pytest.fixture
def told(clock):
    """Call it with what is done to a meeting: by reader, each one's answer as their file has it."""

    def done(meeting, what=None, **more):
        clock.shift(timedelta(minutes=1))
        if what is not None:
            what(meeting=meeting, now=timezone.now(), **{"doer": STAFF, **more})
        deliver_all()
        meeting.refresh_from_db()
        found = {}
        for message in post.outbox:
            if (content := file_in(message)) is not None:
                (event,) = Calendar.from_ical(content).walk("VEVENT")
                named = event["attendee"]
                found[message.to[0]] = {
                    str(one).removeprefix("mailto:"): str(one.params["PARTSTAT"])
                    for one in (named if isinstance(named, list) else [named])
                }
        post.outbox.clear()
        return found

    return done


@pytest.fixture
def alone(link):
    made = book(link)
    deliver_all()
    made.refresh_from_db()
    post.outbox.clear()
    return made


def link_came(meeting, now, doer):
    meeting.conference_url = "https://meet.example/late"
    send_link(meeting)
    meeting.save()


def answered(meeting, answer, minutes=0, **more):
    stamp = f"{timezone.now() + timedelta(minutes=minutes):%Y%m%dT%H%M%SZ}"
    sent(meeting, answering(meeting, answer, DTSTAMP=stamp), now=timezone.now(), **more)


@pytest.mark.parametrize("answer", ["ACCEPTED", "TENTATIVE", "DECLINED"])
def test_an_update_that_changes_no_time_keeps_what_was_answered(alone, told, answer):
    answered(alone, answer)
    assert told(alone, link_came)[ANN] == {ANN: answer}
    both = {ANN: answer, OMRI["email"]: "NEEDS-ACTION"}
    found = told(alone, change_guests, add=[OMRI])
    assert (found[ANN], found[OMRI["email"]]) == (both, both)


def test_another_time_asks_again_and_so_does_the_former_one_when_both_were_told(alone, told):
    answered(alone, "ACCEPTED")
    for start in (TEN, NINE):
        found = told(alone, changes.move_meeting, start=start, doer=GUEST)
        assert found[ANN] == {ANN: "NEEDS-ACTION"}
    assert told(alone, link_came)[ANN] == {ANN: "NEEDS-ACTION"}
    answered(alone, "TENTATIVE")
    assert told(alone, change_guests, add=[OMRI])[ANN][ANN] == "TENTATIVE"


def test_a_move_that_nobody_was_told_of_asks_nobody_again(alone, told, clock):
    answered(alone, "ACCEPTED")
    for start in (TEN, NINE):
        changes.move_meeting(meeting=alone, start=start, doer=GUEST, now=timezone.now())
    assert told(alone) == {}
    assert told(alone, link_came)[ANN] == {ANN: "ACCEPTED"}


def test_what_was_answered_to_a_tentative_time_holds_when_that_is_confirmed(owner, told):
    meeting = book(make_link(owner, requires_approval=True))
    told(meeting, changes.approve_meeting)
    assert told(meeting, changes.move_meeting, start=TEN, doer=GUEST)[ANN] == {ANN: "NEEDS-ACTION"}
    answered(meeting, "ACCEPTED")
    assert told(meeting, changes.approve_meeting)[ANN] == {ANN: "ACCEPTED"}


def test_who_was_taken_off_and_is_invited_again_is_asked_anew(alone, told):
    told(alone, change_guests, add=[OMRI])
    omri = OMRI["email"]
    mail = answering(alone, "DECLINED", attendee=omri)
    sent(alone, mail, from_=omri, now=timezone.now(), **PROOF)
    assert told(alone, link_came)[omri][omri] == "DECLINED"
    change_guests(meeting=alone, remove=[omri], doer=STAFF, now=timezone.now())
    deliver_all()
    post.outbox.clear()
    assert told(alone, change_guests, add=[OMRI])[omri][omri] == "NEEDS-ACTION"


def test_what_another_guest_may_have_written_declines_for_nobody(link, told):
    meeting = booked(link)
    answered(meeting, "DECLINED")
    assert told(meeting, link_came)[ANN] == {ANN: "NEEDS-ACTION", CY: "NEEDS-ACTION"}
    answered(meeting, "DECLINED", minutes=1, **PROOF)
    found = told(meeting, change_guests, add=[OMRI])
    assert found[CY] == {ANN: "DECLINED", CY: "NEEDS-ACTION", OMRI["email"]: "NEEDS-ACTION"}


def test_a_mail_that_is_tried_again_says_what_its_first_try_said(alone, told, clock):
    """The answer came between two tries; the same name on other words would be refused."""
    from booking.owners import host_of_meeting
    from booking.services.calendar_files import calendar_file

    begun = timezone.now()
    first = calendar_file(alone, host_of_meeting(alone), now=begun)
    clock.shift(timedelta(minutes=1))
    answered(alone, "ACCEPTED")
    assert calendar_file(alone, host_of_meeting(alone), now=begun) == first
