"""The address for invitations, and how much of what came to it is kept, and how long."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail as post

from booking import inbound
from booking.enums import Answer
from booking.models import OutsideInvitation
from booking.services.incoming import forget_old
from booking.services.invite_addresses import address_of, drop_address, make_address
from booking.services.mail_log import Fate
from tests.booking.conftest import NOW, deliver_all
from tests.booking.invited.conftest import answer, inviting, sent

pytestmark = pytest.mark.django_db


def test_a_new_address_ends_the_former(owner, address):
    newer = make_address(owner)
    assert newer != address
    assert address_of(owner) == newer
    assert sent(address, inviting(address)) is Fate.NOBODY
    assert sent(newer, inviting(newer)) is Fate.DONE


def test_without_an_address_nobody_is_invited(owner, address):
    drop_address(owner)
    assert address_of(owner) == ""
    assert sent(address, inviting(address)) is Fate.NOBODY


def test_whoever_left_the_workspace_has_no_address(bob_owner, bob_membership, clock):
    address = make_address(bob_owner)
    bob_membership.delete()
    assert sent(address, inviting(address)) is Fate.NOBODY


def test_an_address_for_invitations_takes_no_answers(user_owner, clock):
    address = make_address(user_owner)
    assert inbound.read_address(address.replace("invite+", "reply+")) is None


def test_a_flood_of_invitations_fills_nobodys_mailbox(user_owner, clock):
    address = make_address(user_owner)
    for number in range(40):
        sent(address, inviting(address, UID=f"u{number}@x.example"), message_id=str(number))
    deliver_all()
    assert (OutsideInvitation.objects.count(), len(post.outbox)) == (40, 12)


def test_what_is_long_over_is_forgotten(user_owner, clock):
    address = make_address(user_owner)
    sent(address, inviting(address))
    forget_old(NOW + timedelta(days=29))
    assert OutsideInvitation.objects.count() == 1
    forget_old(NOW + timedelta(days=40))
    assert OutsideInvitation.objects.count() == 0


def test_a_series_is_kept_while_it_stands(user_owner, clock, actor):
    address = make_address(user_owner)
    sent(address, inviting(address, RRULE="FREQ=WEEKLY"))
    answer(user_owner, actor)
    forget_old(NOW + timedelta(days=400))
    assert OutsideInvitation.objects.count() == 1
    answer(user_owner, actor, Answer.DECLINED)
    forget_old(NOW + timedelta(days=400))
    assert OutsideInvitation.objects.count() == 0
