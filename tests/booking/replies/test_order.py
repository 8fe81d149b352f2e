"""Several mails, and meetings that moved meanwhile: which counts, whatever comes first."""

from __future__ import annotations

import pytest
from django.core import mail as post

from booking import inbound
from booking.enums import MessageKind
from booking.models import IncomingMail, MeetingAnswer
from booking.services import changes
from booking.services.answers import answers_of, is_current
from booking.services.incoming import take_in
from booking.services.mail_log import Fate
from common.models import OutboxMessage
from tests.booking.conftest import NINE, NOW, deliver_all, make_link
from tests.booking.mails import mail, part
from tests.booking.replies.conftest import ANN, answering, answers, booked, sent, stamped
from tests.booking.test_changes import GUEST, TEN
from tests.rivals import at_once

pytestmark = pytest.mark.django_db


def test_the_later_of_two_answers_stands_whatever_comes_first(client_link):
    meeting = booked(client_link)
    assert (
        sent(meeting, answering(meeting, "TENTATIVE", DTSTAMP=stamped(20)), message_id="2")
        is Fate.DONE
    )
    early = answering(meeting, "ACCEPTED", DTSTAMP=stamped(10))
    assert sent(meeting, early, message_id="1") is Fate.NOTED
    assert answers(meeting) == {ANN: "tentative"}
    assert (
        sent(meeting, answering(meeting, "ACCEPTED", DTSTAMP=stamped(30)), message_id="3")
        is Fate.DONE
    )
    assert answers(meeting) == {ANN: "accepted"}


def test_a_replay_under_another_message_id_changes_nothing(client_link):
    meeting = booked(client_link)
    first, second = (
        answering(meeting, DTSTAMP=stamped(1)),
        answering(meeting, "DECLINED", DTSTAMP=stamped(2)),
    )
    sent(meeting, first, message_id="a")
    sent(meeting, second, message_id="b")
    assert sent(meeting, first, message_id="c") is Fate.NOTED
    assert sent(meeting, second, message_id="d") is Fate.NOTED
    assert answers(meeting) == {ANN: "declined"}


TIED = [
    ["ACCEPTED", "DECLINED"],
    ["DECLINED", "ACCEPTED"],
    ["DECLINED", "ACCEPTED", "DECLINED"],
    ["TENTATIVE", "DECLINED", "ACCEPTED"],
]


@pytest.mark.parametrize("said", TIED)
def test_of_answers_with_one_stamp_the_last_that_came_stands(client_link, said):
    """As of programs that stamp each answer with the invitation's own time."""
    meeting = booked(client_link)
    for number, answer in enumerate(said):
        text = answering(meeting, answer, DTSTAMP=stamped(1))
        assert sent(meeting, text, message_id=str(number)) is Fate.DONE
        assert answers(meeting) == {ANN: answer.lower()}
    again = answering(meeting, said[-1], DTSTAMP=stamped(1))
    assert sent(meeting, again, message_id="again") is Fate.NOTED
    earlier = answering(meeting, said[0], DTSTAMP=stamped(0))
    assert sent(meeting, earlier, message_id="early") is Fate.NOTED
    assert answers(meeting) == {ANN: said[-1].lower()}


def test_a_second_decline_with_the_stamp_of_the_first_is_told_too(client_link, clock):
    meeting = booked(client_link)
    for number, answer in enumerate(["DECLINED", "ACCEPTED", "DECLINED"]):
        sent(meeting, answering(meeting, answer, DTSTAMP=stamped(1)), message_id=str(number))
        deliver_all()
    assert [one.subject[:18] for one in post.outbox] == ["Ann Other declined"] * 2


def test_the_same_mail_twice_is_one(client_link):
    meeting = booked(client_link)
    assert sent(meeting, answering(meeting)) is Fate.DONE
    again = {"received": "from somewhere else", "x_hop": "2"}
    assert sent(meeting, answering(meeting), **again) is Fate.REPEAT
    assert IncomingMail.objects.count() == 1


def test_an_answer_to_an_earlier_time_is_recorded_and_does_not_count(client_link):
    meeting = booked(client_link)
    old = answering(meeting, "DECLINED")
    changes.move_meeting(meeting=meeting, start=TEN, doer=GUEST, now=NOW)
    deliver_all()
    meeting.refresh_from_db()
    assert sent(meeting, old) is Fate.DONE
    (answer,) = MeetingAnswer.objects.all()
    assert (answer.answer, answer.sequence) == ("declined", 0)
    assert not is_current(answer, meeting)
    assert not OutboxMessage.objects.filter(kind=MessageKind.ANSWERED).exists()


def test_an_answer_stops_counting_when_the_meeting_moves(client_link):
    meeting = booked(client_link)
    sent(meeting, answering(meeting))
    moved = changes.move_meeting(meeting=meeting, start=TEN, doer=GUEST, now=NOW)
    assert not is_current(answers_of([moved])[moved.pk][ANN], moved)


def test_an_answer_counts_to_what_its_reader_was_told_last(client_link):
    """Moved away and back within a moment: nobody is told, and calendars know the first version."""
    meeting = booked(client_link)
    changes.move_meeting(meeting=meeting, start=TEN, doer=GUEST, now=NOW)
    changes.move_meeting(meeting=meeting, start=NINE, doer=GUEST, now=NOW)
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.sequence == 2
    assert sent(meeting, answering(meeting, SEQUENCE="0")) is Fate.DONE
    assert is_current(MeetingAnswer.objects.get(), meeting)


@pytest.mark.django_db(transaction=True)
def test_rivals_with_one_mail_have_one_effect(client_owner, clock):
    meeting = booked(make_link(client_owner, on_decline="free"))
    raw = mail(part(answering(meeting, "DECLINED")), to=inbound.reply_address(meeting.pk))
    fates = at_once(8, lambda _number: take_in(raw=raw, now=NOW)[0])
    assert sorted(one.name for one in fates) == ["DONE"] + ["REPEAT"] * 7
    assert MeetingAnswer.objects.count() == IncomingMail.objects.count() == 1
    assert OutboxMessage.objects.filter(kind=MessageKind.ANSWERED).count() == 1
