"""What one Meridian mails, another takes in: invitations, changes and that a meeting is off."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.core import mail as post

from booking.enums import Answer, InvitationState, MailReason
from booking.models import IncomingMail, OutsideInvitation
from booking.services import changes
from booking.services.incoming import take_in
from booking.services.invite_addresses import make_address
from booking.services.mail_log import Fate
from tests.booking.conftest import ANN, NOW, book, deliver_all
from tests.booking.invited.conftest import HERE, MX, TEN, answer, only
from tests.booking.test_changes import GUEST

pytestmark = pytest.mark.django_db

PROOF = f"Authentication-Results: {MX}; dmarc=pass\r\n".encode()


@pytest.fixture
def theirs(bob_owner, clock):
    """Bob's address for invitations, at which he books a meeting elsewhere."""
    return make_address(bob_owner)


@pytest.fixture(params=["", HERE])
def meeting(request, client_link, theirs, settings):
    """Sent without a domain for incoming mail, and with one."""
    settings.INBOUND_DOMAIN = request.param
    made = book(client_link, booker=replace(ANN, email=theirs))
    deliver_all()
    return made


def brought(address, settings, *, head=b"", sender=b"bookings@meridian.example"):
    """Take in the last mail that went to that address, as its server got it."""
    settings.INBOUND_DOMAIN, was = HERE, settings.INBOUND_DOMAIN
    letter = [one for one in post.outbox if one.to == [address]][-1]
    raw = letter.message().as_bytes(linesep="\r\n")
    raw = raw.replace(b"<bookings@meridian.example>", b"<" + sender + b">")
    (fate,) = take_in(raw=head + raw, recipients=[address], now=NOW)
    settings.INBOUND_DOMAIN = was
    return fate


@pytest.mark.parametrize("head", [b"", PROOF])
def test_an_invitation_waits_for_its_answer(meeting, theirs, settings, head):
    """It was sent by another mailbox than its organiser's, and waited for review."""
    assert brought(theirs, settings, head=head) is Fate.DONE
    found = only()
    assert (found.sender, found.guest) == ("bookings@meridian.example", theirs)
    assert (found.state, found.start_at) == (InvitationState.PENDING, meeting.start_at)


def test_changes_and_the_end_of_it_follow(meeting, theirs, bob_owner, actor, settings):
    brought(theirs, settings)
    changes.move_meeting(meeting=meeting, start=TEN, doer=GUEST, now=NOW)
    deliver_all()
    assert brought(theirs, settings) is Fate.DONE
    assert only().start_at == TEN
    settings.INBOUND_DOMAIN = HERE
    answer(bob_owner, actor, Answer.ACCEPTED)
    meeting.refresh_from_db()
    changes.cancel_meeting(meeting=meeting, doer=GUEST, now=NOW)
    deliver_all()
    assert brought(theirs, settings) is Fate.DONE
    assert only().state == InvitationState.CANCELLED


def test_a_mailbox_that_the_file_does_not_name_speaks_for_nobody(meeting, theirs, settings):
    assert brought(theirs, settings, sender=b"m@evil.example") is Fate.REVIEW
    assert IncomingMail.objects.get().reason == MailReason.WRONG_SENDER
    assert not OutsideInvitation.objects.exists()
