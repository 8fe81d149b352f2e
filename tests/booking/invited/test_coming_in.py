"""Invitations from outside that come in: which wait for an answer, and which for people."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core import mail as post

from booking.enums import InvitationState, MailReason
from booking.mail_queries import MOST, shown_invitations
from booking.models import IncomingMail, OutsideInvitation
from booking.services.incoming import take_in
from booking.services.invite_addresses import make_address
from booking.services.mail_log import Fate
from tests.booking.conftest import HALF_HOUR, NINE, NOW, deliver_all
from tests.booking.invited.conftest import MX, ORG, events, inviting, only, sent
from tests.booking.mails import calendar, event, line_of, mail, nested, part
from tests.rivals import at_once

pytestmark = pytest.mark.django_db


def test_an_invitation_waits_and_stands_in_no_calendar(owner, address, google):
    assert sent(address, inviting(address, LOCATION="Room 1", DESCRIPTION="<b>Hi</b>")) is Fate.DONE
    found = only()
    assert (found.state, found.organizer, found.guest) == ("pending", ORG, address)
    assert (found.start_at, found.end_at - found.start_at) == (NINE, HALF_HOUR)
    assert (found.title, found.location) == ("Intro call", "Room 1")
    assert (found.owner_kind, found.owner_id) == (owner.kind, owner.id)
    deliver_all()
    assert events() == []
    (letter,) = post.outbox
    assert letter.to == [owner.notice_email]
    assert letter.subject == "Invitation: Intro call, Thu 19 Nov"


def test_words_of_a_mail_stand_a_blank_line_apart(owner, address):
    sent(address, inviting(address))
    deliver_all()
    (letter,) = post.outbox
    assert "\n\nSent to " in letter.body
    assert "\n\n\n" not in letter.body


def test_it_may_name_the_owners_own_mailbox(owner, address):
    """As a mail that the owner's own server passes on."""
    assert sent(address, inviting("x@y.example", owner.notice_email)) is Fate.DONE
    assert only().guest == owner.notice_email


def test_a_connected_account_is_the_owners_too(owner, address, google):
    assert sent(address, inviting(google.connected_email)) is Fate.DONE


FORMS = {
    "a whole day": ({"DTSTART": ";VALUE=DATE:20261119", "DTEND": ";VALUE=DATE:20261121"},
                    datetime(2026, 11, 18, 23, tzinfo=UTC)),
    "a floating time": ({"DTSTART": "20261119T090000", "DTEND": "20261119T093000"}, NINE),
    "a zone by its Windows name": (
        {"DTSTART": ";TZID=Romance Standard Time:20261119T090000",
         "DTEND": ";TZID=Romance Standard Time:20261119T093000"}, NINE),
    "a length": ({"DTEND": None, "DURATION": "PT30M"}, NINE),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_times_are_read_in_every_form(user_owner, clock, form):
    address = make_address(user_owner)
    said, begins = FORMS[form]
    assert sent(address, inviting(address, **said)) is Fate.DONE
    assert only().start_at == begins


REFUSED = {
    "from somebody else": ({}, {"from_": "m@evil.example"}, MailReason.WRONG_SENDER),
    "organised in a display name": (
        {}, {"from_": f'"{ORG}" <m@evil.example>'}, MailReason.WRONG_SENDER,
    ),
    "forged": (
        {}, {"authentication_results": f"{MX}; dmarc=fail"}, MailReason.UNPROVEN,
    ),
    "for somebody else": ({"guests": ["x@y.example"]}, {}, MailReason.NOT_INVITED),
    "for nobody": ({"guests": []}, {}, MailReason.NOT_INVITED),
    "of one occurrence": (
        {"RECURRENCE-ID": "20261119T080000Z"}, {}, MailReason.INSTANCE,
    ),
    "of what is called off": ({"STATUS": "CANCELLED"}, {}, MailReason.MISMATCH),
    "without an organiser": ({"ORGANIZER": None}, {}, MailReason.MALFORMED),
    "an answer": ({"method": "REPLY"}, {}, MailReason.METHOD),
    "published": ({"method": "PUBLISH"}, {}, MailReason.METHOD),
    "an occurrence added": ({"method": "ADD"}, {}, MailReason.METHOD),
    "a cancellation of what nobody knows": (
        {"method": "CANCEL"}, {}, MailReason.UNKNOWN_EVENT,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_invitation_waits_for_people(user_owner, clock, case):
    address = make_address(user_owner)
    said, headers, reason = REFUSED[case]
    said = dict(said)
    guests = said.pop("guests", [address])
    assert sent(address, inviting(*guests, **said), **headers) is Fate.REVIEW
    row = IncomingMail.objects.get()
    assert (row.reason, row.owner_id) == (reason, user_owner.id)
    assert not OutsideInvitation.objects.exists()
    deliver_all()
    assert post.outbox == []


def test_a_series_with_an_exception_is_refused_whole(user_owner, clock):
    address = make_address(user_owner)
    who = line_of("ATTENDEE", f":mailto:{address}")
    exception = event(who, **{"RECURRENCE-ID": "20261126T080000Z"})
    text = calendar(event(who, RRULE="FREQ=WEEKLY;COUNT=3"), exception, method="REQUEST")
    assert sent(address, text) is Fate.REVIEW
    assert IncomingMail.objects.get().reason == MailReason.INSTANCE


def test_an_assistant_may_invite_and_is_named(user_owner, clock):
    address = make_address(user_owner)
    organizer = f';SENT-BY="mailto:pa@elsewhere.example":mailto:{ORG}'
    text = inviting(address, ORGANIZER=organizer)
    assert sent(address, text, from_="pa@elsewhere.example") is Fate.DONE
    assert (only().organizer, only().sender) == (ORG, "pa@elsewhere.example")


def test_an_organiser_of_icloud_is_whom_it_names(user_owner, clock):
    """Its organisers are mailboxes of its own; the person stands in EMAIL (RFC 7986, 6.2)."""
    address = make_address(user_owner)
    icloud = "2_ge3tknrqgy@imip.me.example"
    organizer = f';CN="Ann";EMAIL="ann@icloud.example":mailto:{icloud}'
    text = inviting(address, ORGANIZER=organizer)
    assert sent(address, text, from_="Ann <ann@icloud.example>") is Fate.DONE
    assert (only().organizer, only().sender) == (icloud, "ann@icloud.example")


def test_owners_pass_on_what_came_to_their_own_mailbox(user_owner, clock):
    """By hand: the sender is the owner then, and has to be proven."""
    address, mine = make_address(user_owner), user_owner.notice_email
    proof = {"from_": mine, "authentication_results": f"{MX}; dmarc=pass"}
    assert sent(address, inviting(mine), from_=mine) is Fate.REVIEW
    assert sent(address, inviting(mine), message_id="2", **proof) is Fate.DONE
    assert (only().organizer, only().guest, only().is_proven) == (ORG, mine, True)
    gone = inviting(mine, method="CANCEL")
    assert sent(address, gone, from_=mine, message_id="3") is Fate.REVIEW
    assert sent(address, gone, message_id="4", **proof) is Fate.DONE
    assert only().state == InvitationState.CANCELLED
    deliver_all()
    assert "You had not answered" in post.outbox[-1].body


def test_the_same_mail_twice_is_one(user_owner, clock):
    address = make_address(user_owner)
    text = inviting(address)
    both = nested(part(text, method="REQUEST"), part(text, "application/ics", name="invite.ics"))
    assert sent(address, both) is Fate.DONE
    assert sent(address, both) is Fate.REPEAT
    assert sent(address, both, message_id="<other@elsewhere.example>") is Fate.NOTED
    assert OutsideInvitation.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_rivals_with_one_invitation_make_one(user_owner, clock):
    address = make_address(user_owner)
    raw = mail(part(inviting(address)), from_=ORG, to=address)
    fates = at_once(5, lambda _number: take_in(raw=raw, now=NOW)[0])
    assert sorted(one.name for one in fates) == ["DONE"] + ["REPEAT"] * 4
    assert OutsideInvitation.objects.count() == 1


def test_those_that_wait_are_shown_however_many_were_answered(
    user_owner, alice, workspace, actor, clock
):
    address = make_address(user_owner)
    sent(address, inviting(address, DTSTART="20270119T080000Z", DTEND="20270119T083000Z"))
    waits = only()
    fields = {field.attname: getattr(waits, field.attname) for field in waits._meta.fields}
    del fields["id"]
    fields |= {"state": InvitationState.DECLINED, "start_at": NINE}
    OutsideInvitation.objects.bulk_create(
        OutsideInvitation(**{**fields, "uid": f"u{number}"}) for number in range(MOST)
    )
    member = alice.memberships.get(workspace=workspace)
    shown = shown_invitations(member, NOW)
    assert (len(shown), shown[0]) == (MOST, waits)
