"""What the organiser says later: other times, other words, and that it is called off."""

from __future__ import annotations

import pytest
from django.core import mail as post

from booking.enums import Answer, InvitationState
from booking.services import invited
from booking.services.incoming import take_in
from booking.services.invite_addresses import make_address
from booking.services.mail_log import Fate
from common.errors import Conflict
from tests.booking.conftest import NINE, NOW, deliver_all
from tests.booking.invited.conftest import (
    ORG,
    TEN,
    answer,
    events,
    inviting,
    later,
    only,
    replies,
    sent,
)
from tests.booking.mails import mail, part
from tests.rivals import at_once

pytestmark = pytest.mark.django_db


def test_another_time_asks_again_and_the_event_stays(user_owner, accepted, actor):
    moved = {"DTSTART": "20261119T090000Z", "DTEND": "20261119T093000Z"}
    assert sent(accepted, inviting(accepted, SEQUENCE="1", **moved), message_id="2") is Fate.DONE
    deliver_all()
    found = only()
    assert (found.state, found.asks_again, found.start_at) == ("accepted", True, TEN)
    assert [one.start_at for one in events()] == [NINE]
    (letter,) = post.outbox
    assert (letter.to, letter.subject[:8]) == ([user_owner.notice_email], "Changed:")
    answer(user_owner, actor)
    deliver_all()
    assert [one.start_at for one in events()] == [TEN]
    assert not only().asks_again
    assert replies()[0].walk("VEVENT")[0]["SEQUENCE"] == 1


def test_another_title_is_followed_without_asking(accepted):
    sent(accepted, inviting(accepted, DTSTAMP=later(1), SUMMARY="Better name"), message_id="2")
    deliver_all()
    assert [one.title for one in events()] == ["Better name"]
    assert not only().asks_again
    assert post.outbox == []


def test_an_older_version_that_comes_late_changes_nothing(accepted):
    sent(accepted, inviting(accepted, SEQUENCE="2", SUMMARY="Second"), message_id="2")
    assert (
        sent(accepted, inviting(accepted, SEQUENCE="1", SUMMARY="First"), message_id="1")
        is Fate.NOTED
    )
    deliver_all()
    assert [one.title for one in events()] == ["Second"]


def test_an_answer_to_an_earlier_time_is_not_told_as_one_to_the_later(
    user_owner, connect, actor, clock
):
    """Accepted at nine, moved to ten before the organiser was told of it."""
    connect(user_owner, "google")
    address = make_address(user_owner)
    sent(address, inviting(address))
    answer(user_owner, actor)
    moved = {"DTSTART": "20261119T090000Z", "DTEND": "20261119T093000Z"}
    sent(address, inviting(address, SEQUENCE="1", **moved), message_id="2")
    deliver_all()
    assert (replies(), events()) == ([], [])
    answer(user_owner, actor)
    deliver_all()
    (said,) = (one.walk("VEVENT")[0] for one in replies())
    assert (said["SEQUENCE"], said["DTSTART"].dt) == (1, TEN)


def test_a_cancellation_takes_the_event_out_and_tells_the_owner(user_owner, accepted):
    """With the invitation's own number, as Cyrus sends it."""
    gone = inviting(accepted, method="CANCEL", DTSTART=None, DTEND=None, STATUS="CANCELLED")
    assert sent(accepted, gone, message_id="2") is Fate.DONE
    deliver_all()
    assert events() == []
    assert only().state == InvitationState.CANCELLED
    (letter,) = post.outbox
    assert (letter.to, letter.subject[:11]) == ([user_owner.notice_email], "Called off:")
    assert "It is taken out of your calendar" in letter.body
    assert sent(accepted, gone, message_id="3") is Fate.NOTED


def test_a_cancelled_one_is_not_brought_back_by_an_old_mail(accepted):
    sent(accepted, inviting(accepted, method="CANCEL", SEQUENCE="1"), message_id="2")
    late = inviting(accepted, SEQUENCE="1", DTSTAMP=later(2))
    assert sent(accepted, late, message_id="3") is Fate.NOTED
    again = inviting(accepted, SEQUENCE="2", DTSTAMP=later(3))
    assert sent(accepted, again, message_id="4") is Fate.DONE
    deliver_all()
    assert (only().state, events()) == (InvitationState.PENDING, [])


def test_one_that_was_declined_is_asked_anew_at_another_time(user_owner, accepted, actor):
    answer(user_owner, actor, Answer.DECLINED)
    moved = {"DTSTART": "20261119T090000Z", "DTEND": "20261119T093000Z"}
    sent(accepted, inviting(accepted, SEQUENCE="1", **moved), message_id="2")
    assert only().state == InvitationState.PENDING


@pytest.mark.django_db(transaction=True)
def test_an_answer_and_a_cancellation_at_once_leave_nothing(user_owner, connect, actor, clock):
    """Whichever is first: the organiser's word is the last, and no event is left."""
    connect(user_owner, "google")
    address = make_address(user_owner)
    sent(address, inviting(address))
    gone = mail(part(inviting(address, method="CANCEL")), from_=ORG, to=address, message_id="2")
    seen = invited.version_of(only())

    def act(number):
        try:
            return take_in(raw=gone, now=NOW)[0] if number else answer(user_owner, actor, seen=seen)
        except Conflict as refusal:
            return refusal

    at_once(2, act)
    deliver_all()
    assert only().state == InvitationState.CANCELLED
    assert events() == []
    assert (only().event_key, only().calendar_id) == (None, None)
