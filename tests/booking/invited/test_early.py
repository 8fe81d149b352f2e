"""Cancellations that come before their invitations: those come to nothing, and nobody is asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail as post

from booking.enums import Answer, InvitationState, MailOutcome
from booking.mail_queries import count_to_answer
from booking.models import EarlyCancellation, IncomingMail, OutsideInvitation
from booking.services.incoming import dismiss, forget_old
from booking.services.invite_addresses import make_address
from booking.services.mail_log import Fate
from common.errors import Conflict
from tests.booking.conftest import NINE, NOW, deliver_all
from tests.booking.invited.conftest import MX, ORG, answer, events, inviting, later, only, sent

pytestmark = pytest.mark.django_db

PROOF = {"authentication_results": f"{MX}; dmarc=pass"}
ASSISTANT = f';SENT-BY="mailto:pa@elsewhere.example":mailto:{ORG}'


@pytest.fixture
def address(user_owner, clock):
    return make_address(user_owner)


def gone(address, **said):
    """A cancellation, which programs send without the times."""
    said = {"DTSTART": None, "DTEND": None, "STATUS": "CANCELLED", "DTSTAMP": later(5), **said}
    return inviting(address, method="CANCEL", **said)


def test_the_late_invitation_is_said_as_called_off(user_owner, alice, address, actor):
    assert sent(address, gone(address, SEQUENCE="1"), message_id="2") is Fate.REVIEW
    assert sent(address, inviting(address), message_id="1") is Fate.NOTED
    found = only()
    assert (found.state, found.sequence, found.start_at) == ("cancelled", 1, NINE)
    assert count_to_answer(alice.memberships.get(workspace=found.workspace), NOW) == 0
    with pytest.raises(Conflict, match="called this event off"):
        answer(user_owner, actor)
    deliver_all()
    assert events() == []
    (letter,) = post.outbox
    assert letter.subject == "Called off: Intro call, Thu 19 Nov"
    assert "You had not answered" in letter.body


def test_nobody_has_to_look_at_the_cancellation_any_more(address):
    sent(address, gone(address, SEQUENCE="1"), message_id="2")
    sent(address, inviting(address), message_id="1")
    assert not IncomingMail.objects.filter(outcome=MailOutcome.REVIEW).exists()
    row = IncomingMail.objects.get(method="CANCEL")
    assert (row.outcome, row.sender, row.invitation_id) == ("done", "", only().pk)
    assert not EarlyCancellation.objects.exists()


def test_its_number_may_be_that_of_the_invitation(address):
    sent(address, gone(address), message_id="2")
    sent(address, inviting(address, DTSTAMP=later(9)), message_id="1")
    assert only().state == InvitationState.CANCELLED


def test_a_later_version_invites(address):
    """Called off, and taken up again: the first invitation never came."""
    sent(address, gone(address, SEQUENCE="1"), message_id="2")
    assert sent(address, inviting(address, SEQUENCE="2"), message_id="3") is Fate.DONE
    assert only().state == InvitationState.PENDING
    assert IncomingMail.objects.get(method="CANCEL").outcome == MailOutcome.REVIEW


def test_a_void_one_can_be_taken_up_again_and_is_not_brought_back_by_repeats(address):
    sent(address, gone(address, SEQUENCE="1"), message_id="2")
    for number in range(2):
        sent(address, inviting(address), message_id=f"late{number}")
        sent(address, gone(address, SEQUENCE="1"), message_id=f"gone{number}")
        assert only().state == InvitationState.CANCELLED
    sent(address, inviting(address, SEQUENCE="2"), message_id="4")
    assert only().state == InvitationState.PENDING


def test_the_same_cancellation_twice_is_one(address):
    assert sent(address, gone(address), message_id="2") is Fate.REVIEW
    assert sent(address, gone(address), message_id="2") is Fate.REPEAT
    assert EarlyCancellation.objects.count() == 1
    assert sent(address, gone(address), message_id="3") is Fate.REVIEW
    sent(address, inviting(address), message_id="1")
    assert OutsideInvitation.objects.count() == 1
    assert not IncomingMail.objects.filter(outcome=MailOutcome.REVIEW).exists()


def test_one_that_was_dismissed_counts_all_the_same(address):
    sent(address, gone(address), message_id="2")
    dismiss(mail=IncomingMail.objects.get(), name="Alice", now=NOW)
    sent(address, inviting(address), message_id="1")
    assert only().state == InvitationState.CANCELLED
    assert IncomingMail.objects.get(method="CANCEL").outcome == MailOutcome.DISMISSED


EVIL = {"from_": "m@evil.example"}
NOT_BELIEVED = {
    "from somebody else": ({}, EVIL, {}),
    "from somebody whom it names itself": (
        {"ORGANIZER": f';SENT-BY="mailto:m@evil.example":mailto:{ORG}'}, EVIL, {},
    ),
    "found forged": ({}, {"authentication_results": f"{MX}; dmarc=fail"}, {}),
    "less proven than the invitation": ({}, {}, PROOF),
    "of another organiser": ({"ORGANIZER": "mailto:m@evil.example"}, EVIL, {}),
    "of another event": ({"UID": "other@elsewhere.example"}, {}, {}),
    "of one occurrence": ({"RECURRENCE-ID": "20261119T080000Z"}, {}, {}),
    "of an earlier version": ({}, {}, {"SEQUENCE": "1"}),
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_BELIEVED)
def test_what_could_not_call_it_off_later_does_not_before(address, case):
    said, headers, invitation = NOT_BELIEVED[case]
    version = {"SEQUENCE": invitation["SEQUENCE"]} if "SEQUENCE" in invitation else {}
    proof = {} if version else invitation
    assert sent(address, gone(address, **said), message_id="2", **headers) is Fate.REVIEW
    assert sent(address, inviting(address, **version), message_id="1", **proof) is Fate.DONE
    assert only().state == InvitationState.PENDING
    assert IncomingMail.objects.get(method="CANCEL").outcome == MailOutcome.REVIEW


def test_of_several_the_right_one_counts(address):
    forged = gone(address, ORGANIZER=f';SENT-BY="mailto:m@evil.example":mailto:{ORG}')
    sent(address, forged, message_id="2", **EVIL)
    sent(address, gone(address), message_id="3", **PROOF)
    sent(address, inviting(address), message_id="1", **PROOF)
    assert only().state == InvitationState.CANCELLED
    (left,) = IncomingMail.objects.filter(outcome=MailOutcome.REVIEW)
    assert left.sender == "m@evil.example"


def test_an_assistant_calls_off_what_they_invited_to(address):
    pa = {"from_": "pa@elsewhere.example"}
    sent(address, gone(address, ORGANIZER=ASSISTANT), message_id="2", **pa)
    sent(address, inviting(address, ORGANIZER=ASSISTANT), message_id="1", **pa)
    assert only().state == InvitationState.CANCELLED


def test_an_owner_passes_the_cancellation_on(user_owner, address):
    mine = user_owner.notice_email
    sent(address, gone(mine), message_id="2", from_=mine, **PROOF)
    sent(address, inviting(mine), message_id="1", **PROOF)
    assert only().state == InvitationState.CANCELLED


def test_what_came_to_somebody_elses_address_counts_there_alone(address, bob_owner):
    sent(make_address(bob_owner), gone(address), message_id="2")
    sent(address, inviting(address), message_id="1")
    assert only().state == InvitationState.PENDING


def test_it_is_forgotten_as_mails_are(address, settings):
    sent(address, gone(address), message_id="2")
    forget_old(NOW + 3 * settings.INBOUND_KEPT)
    # Its mail says so long that the invitation is called off, should it come yet.
    assert EarlyCancellation.objects.exists()
    forget_old(NOW + 3 * settings.INBOUND_KEPT + timedelta(days=1))
    assert not EarlyCancellation.objects.exists()


def test_answers_are_none_of_its_business(user_owner, address, actor):
    """A cancellation of what stands already is followed, and not remembered."""
    sent(address, inviting(address), message_id="1")
    answer(user_owner, actor, Answer.DECLINED)
    assert sent(address, gone(address), message_id="2") is Fate.DONE
    assert not EarlyCancellation.objects.exists()
