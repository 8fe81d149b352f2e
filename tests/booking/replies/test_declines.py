"""A booker who declines: whom it is told, and what becomes of the meeting."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail as post
from django.db import OperationalError, connection

from booking.enums import MeetingState, MessageKind, Party
from booking.services.inviting import change_guests
from booking.services.mail_log import Fate
from common.enums import OutboxState
from common.models import OutboxMessage
from tests.booking import flaky_mail
from tests.booking.conftest import NOW, book, deliver_all, make_link
from tests.booking.replies.conftest import ANN, CY, MX, answering, answers, booked, sent, stamped
from tests.booking.test_changes import GUEST

pytestmark = pytest.mark.django_db


def test_a_decline_tells_the_owner_and_changes_nothing(link, owner):
    meeting = booked(link)
    sent(meeting, answering(meeting, "DECLINED", COMMENT="Sorry, ill"))
    deliver_all()
    meeting.refresh_from_db()
    assert (meeting.state, meeting.sequence) == (MeetingState.CONFIRMED, 0)
    (letter,) = post.outbox
    assert letter.to == [owner.notice_email]
    assert letter.subject.startswith("Ann Other declined Intro call")
    assert "Sorry, ill" in letter.body
    assert f"/meetings/{meeting.pk}" in letter.body


PROOF = {"authentication_results": f"{MX}; dmarc=pass"}


def test_a_decline_frees_the_time_where_the_link_says_so(owner, clock):
    link = make_link(owner, on_decline="free")
    meeting = booked(link)
    sent(meeting, answering(meeting, "DECLINED", COMMENT="Sorry, ill"), **PROOF)
    deliver_all()
    meeting.refresh_from_db()
    assert (meeting.state, meeting.hold) == (MeetingState.CANCELLED, None)
    assert (meeting.cancelled_by, meeting.cancel_reason) == (Party.BOOKER, "Sorry, ill")
    assert {one.to[0] for one in post.outbox} == {ANN, CY, owner.notice_email}
    assert book(link).state == MeetingState.CONFIRMED


def test_a_decline_is_followed_once_the_meeting_is_to_be_had(user_owner, clock):
    meeting = alone(make_link(user_owner, on_decline="free"))
    sent(meeting, answering(meeting, "DECLINED"))

    def locked(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and "cancel_reason" in sql:
            raise OperationalError("canceling statement due to lock timeout")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(locked):
        deliver_all()
    assert OutboxMessage.objects.get(kind=MessageKind.ANSWERED).state == OutboxState.PENDING
    clock.shift(timedelta(minutes=30))
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.CANCELLED


def alone(link):
    """A meeting whose address its booker alone was told."""
    made = book(link)
    deliver_all()
    post.outbox.clear()
    made.refresh_from_db()
    return made


def test_whoever_came_alone_needs_no_proof_for_it(user_owner, clock):
    meeting = alone(make_link(user_owner, on_decline="free"))
    sent(meeting, answering(meeting, "DECLINED"))
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.CANCELLED


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_guest_who_signs_as_the_booker_cancels_nothing(user_owner, clock, is_gone):
    """All who come along know the meeting's address, and go on knowing it."""
    meeting = alone(make_link(user_owner, on_decline="free"))
    meeting = change_guests(meeting=meeting, doer=GUEST, now=NOW, add=[{"name": "Cy", "email": CY}])
    deliver_all()
    if is_gone:
        meeting = change_guests(meeting=meeting, doer=GUEST, now=NOW, remove=[CY])
        deliver_all()
    post.outbox.clear()
    meeting.refresh_from_db()
    assert sent(meeting, answering(meeting, "DECLINED", DTSTAMP=stamped(1))) is Fate.DONE
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.CONFIRMED
    assert [one.to for one in post.outbox] == [[user_owner.notice_email]]
    late = answering(meeting, "DECLINED", DTSTAMP=stamped(2))
    sent(meeting, late, message_id="2", **PROOF)
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.CANCELLED


@pytest.mark.parametrize("minutes", [(1, 2, 3), (1, 1, 1)])
def test_what_is_proven_later_is_not_done_for_what_was_not(user_owner, clock, minutes):
    """Proven, taken back, and forged anew, before anything of it is followed."""
    meeting = booked(make_link(user_owner, on_decline="free"))
    turns = (("DECLINED", PROOF), ("ACCEPTED", {}), ("DECLINED", {}))
    for number, (minute, (answer, proof)) in enumerate(zip(minutes, turns, strict=True)):
        text = answering(meeting, answer, DTSTAMP=stamped(minute))
        assert sent(meeting, text, message_id=str(number), **proof) is Fate.DONE
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.CONFIRMED


def test_a_guests_decline_is_only_shown(owner, clock):
    meeting = booked(make_link(owner, on_decline="free"))
    sent(meeting, answering(meeting, "DECLINED", attendee=CY), from_=CY)
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.CONFIRMED
    assert post.outbox == []
    assert answers(meeting) == {CY: "declined"}


def test_a_decline_that_was_taken_back_at_once_has_no_consequence(client_owner, clock):
    meeting = booked(make_link(client_owner, on_decline="free"))
    sent(meeting, answering(meeting, "DECLINED", DTSTAMP=stamped(1)), message_id="1")
    sent(meeting, answering(meeting, "ACCEPTED", DTSTAMP=stamped(2)), message_id="2")
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.CONFIRMED
    assert post.outbox == []


def test_a_decline_of_what_is_over_has_no_consequence(client_owner, clock):
    meeting = booked(make_link(client_owner, on_decline="free"))
    clock.shift(timedelta(days=2))
    sent(meeting, answering(meeting, "DECLINED"), now=NOW + timedelta(days=2))
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.CONFIRMED
    assert answers(meeting) == {ANN: "declined"}


def test_whoever_changes_their_mind_all_day_fills_nobodys_mailbox(client_link):
    meeting = booked(client_link)
    for minute in range(30):
        answer = "ACCEPTED" if minute % 2 else "DECLINED"
        sent(meeting, answering(meeting, answer, DTSTAMP=stamped(minute)), message_id=str(minute))
        deliver_all()
    assert len(post.outbox) == 6


def test_a_decline_is_told_however_often_the_mail_server_failed_before(
    meeting, owner, clock, settings
):
    """Tries of one notice are one notice: they do not use up how many may be sent in an hour."""
    settings.EMAIL_BACKEND = "tests.booking.flaky_mail.Backend"
    flaky_mail.refuse[:] = [owner.notice_email]
    sent(meeting, answering(meeting, "DECLINED"))
    for _ in range(12):
        deliver_all()
        clock.shift(timedelta(minutes=2))
    flaky_mail.refuse.clear()
    clock.shift(timedelta(minutes=20))
    deliver_all()
    assert [letter.to for letter in post.outbox] == [[owner.notice_email]]
