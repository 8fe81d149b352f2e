"""Nobody but who invited changes anything of an invitation."""

from __future__ import annotations

import pytest

from booking.enums import MailOutcome, MailReason
from booking.models import IncomingMail, OutsideInvitation
from booking.services.invite_addresses import make_address
from booking.services.mail_log import Fate
from tests.booking.conftest import deliver_all
from tests.booking.invited.conftest import MX, ORG, events, inviting, sent

pytestmark = pytest.mark.django_db

ATTACKS = {
    "cancelled by somebody else": ({"method": "CANCEL"}, {"from_": "m@evil.example"}),
    "cancelled by somebody the mail names itself": (
        {"method": "CANCEL", "ORGANIZER": f';SENT-BY="mailto:m@evil.example":mailto:{ORG}'},
        {"from_": "m@evil.example"},
    ),
    "changed by somebody the mail names itself": (
        {"SEQUENCE": "9", "ORGANIZER": f';SENT-BY="mailto:m@evil.example":mailto:{ORG}'},
        {"from_": "m@evil.example"},
    ),
    "cancelled by another organiser": (
        {"method": "CANCEL", "ORGANIZER": "mailto:m@evil.example"}, {"from_": "m@evil.example"},
    ),
    "changed, and found forged": (
        {"SEQUENCE": "9"}, {"authentication_results": f"{MX}; dmarc=fail"},
    ),
    "cancelled, and found forged": (
        {"method": "CANCEL"}, {"authentication_results": f"{MX}; dmarc=fail"},
    ),
    "one occurrence cancelled": (
        {"method": "CANCEL", "RECURRENCE-ID": "20261119T080000Z"}, {},
    ),
    "a counter turned down": ({"method": "DECLINECOUNTER"}, {}),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_nobody_else_changes_what_was_accepted(accepted, attack):
    said, headers = ATTACKS[attack]
    before = OutsideInvitation.objects.values().get()
    assert sent(accepted, inviting(accepted, **said), message_id="2", **headers) is Fate.REVIEW
    deliver_all()
    assert OutsideInvitation.objects.values().get() == before
    assert len(events()) == 1
    assert IncomingMail.objects.get(outcome=MailOutcome.REVIEW).words.endswith(".")


def test_the_same_uid_of_another_organiser_is_another_invitation(accepted):
    mine = inviting(accepted, ORGANIZER="mailto:m@evil.example", SEQUENCE="9", SUMMARY="Mine now")
    assert sent(accepted, mine, from_="m@evil.example", message_id="2") is Fate.DONE
    deliver_all()
    assert [one.title for one in events()] == ["Intro call"]
    assert set(OutsideInvitation.objects.values_list("organizer", "state")) == {
        (ORG, "accepted"),
        ("m@evil.example", "pending"),
    }


def test_what_was_proven_once_has_to_be_each_time(user_owner, clock):
    address = make_address(user_owner)
    proof = {"authentication_results": f"{MX}; dmarc=pass"}
    sent(address, inviting(address), **proof)
    gone = inviting(address, method="CANCEL")
    assert sent(address, gone, message_id="2") is Fate.REVIEW
    assert IncomingMail.objects.get(outcome="review").reason == MailReason.UNPROVEN
    assert sent(address, gone, message_id="3", **proof) is Fate.DONE
