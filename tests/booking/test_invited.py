"""Invitations from outside: nothing stands in a calendar before its owner has answered, and nobody
but who invited changes anything of it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail as post
from icalendar import Calendar as ICalendar

from booking import inbound
from booking.enums import Answer, InvitationState, MailOutcome, MailReason
from booking.models import IncomingMail, OutsideInvitation
from booking.services import invited
from booking.services.incoming import forget_old, take_in
from booking.services.invite_addresses import address_of, drop_address, make_address
from booking.services.mail_log import Fate
from calendars.models import Event
from common.errors import Conflict, NotFound
from tests.booking.conftest import HALF_HOUR, NINE, NOW, deliver_all
from tests.booking.mails import calendar, event, line_of, mail, nested, part
from tests.rivals import at_once

pytestmark = pytest.mark.django_db

HERE, MX = "inbound.example", "mx.ours.example"
ORG = "org@elsewhere.example"
TEN = NINE + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _mail_comes_in(settings):
    settings.INBOUND_DOMAIN, settings.INBOUND_AUTHSERV_ID = HERE, MX


@pytest.fixture
def address(owner, clock):
    return make_address(owner)


@pytest.fixture
def google(clock, connect, owner):
    return connect(owner, "google")


def inviting(*guests, method="REQUEST", lines=(), **said):
    """The calendar text of an invitation."""
    who = [line_of("ATTENDEE", f";RSVP=TRUE:mailto:{one}") for one in guests]
    return calendar(event(*who, *lines, **said), method=method)


def sent(address, content, *, now=NOW, method="", **headers):
    content = part(content, method=method) if isinstance(content, str) else content
    headers = {"from_": f"Org <{ORG}>", "to": address, "subject": "Invitation", **headers}
    (fate,) = take_in(raw=mail(content, **headers), now=now)
    return fate


def only():
    return OutsideInvitation.objects.get()


def answer(owner, actor, said=Answer.ACCEPTED, *, now=NOW, seen=None):
    found = only()
    return invited.answer_invitation(
        invitation=found,
        owner=owner,
        answer=said,
        actor=actor,
        name="Alice",
        seen=invited.version_of(found) if seen is None else seen,
        now=now,
    )


def events():
    return list(Event.objects.filter(deleted_at__isnull=True))


def replies():
    """The files mailed to the organiser, oldest first."""
    return [
        ICalendar.from_ical(file.get_payload(decode=True))
        for letter in post.outbox
        if letter.to == [ORG]
        for file in letter.attachments
    ]


def later(minute):
    return f"20261118T09{minute + 10:02}00Z"


# --- Coming in ---


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


# --- Answering ---


@pytest.mark.parametrize("provider", ["google", "outlook"])
def test_accepted_it_stands_in_the_calendar_and_its_organiser_is_told(
    owner, address, connect, actor, sandbox, provider
):
    connection = connect(owner, provider)
    sent(address, inviting(address, SEQUENCE="3", LOCATION="Room 1"))
    deliver_all()
    post.outbox.clear()
    answer(owner, actor)
    deliver_all()
    (made,) = events()
    assert (made.start_at, made.title, made.location) == (NINE, "Intro call", "Room 1")
    assert made.is_busy
    assert made.attendees == []
    assert f"Organised by {ORG}" in made.description
    assert len(sandbox.events(connection)) == 1
    (file,) = replies()
    (said,) = file.walk("VEVENT")
    assert (file["METHOD"], said["UID"], said["SEQUENCE"]) == ("REPLY", "u1@meridian.example", 3)
    assert str(said["ATTENDEE"]) == f"mailto:{address}"
    assert said["ATTENDEE"].params["PARTSTAT"] == "ACCEPTED"
    assert str(said["ORGANIZER"]) == f"mailto:{ORG}"
    (letter,) = post.outbox
    assert letter.reply_to == [owner.notice_email]


def test_the_same_answer_again_tells_nobody_again(owner, address, google, actor):
    sent(address, inviting(address))
    for _turn in range(2):
        answer(owner, actor)
        deliver_all()
    assert (len(replies()), len(events())) == (1, 1)


def test_each_answer_is_told_and_followed(owner, address, google, actor):
    sent(address, inviting(address))
    titles = []
    for said in (Answer.TENTATIVE, Answer.ACCEPTED, Answer.DECLINED, Answer.ACCEPTED):
        answer(owner, actor, said)
        deliver_all()
        titles.append([one.title for one in events()])
    assert titles == [["Maybe: Intro call"], ["Intro call"], [], ["Intro call"]]
    told = [one.walk("VEVENT")[0]["ATTENDEE"].params["PARTSTAT"] for one in replies()]
    assert told == ["TENTATIVE", "ACCEPTED", "DECLINED", "ACCEPTED"]


def test_declined_at_once_nothing_stands_anywhere(owner, address, google, actor):
    sent(address, inviting(address))
    answer(owner, actor, Answer.DECLINED)
    deliver_all()
    assert events() == []
    assert len(replies()) == 1


def test_answers_that_were_outrun_are_not_told(owner, address, google, actor):
    sent(address, inviting(address))
    answer(owner, actor, Answer.ACCEPTED)
    answer(owner, actor, Answer.DECLINED)
    deliver_all()
    assert [one.walk("VEVENT")[0]["ATTENDEE"].params["PARTSTAT"] for one in replies()] == [
        "DECLINED"
    ]
    assert events() == []


def test_without_a_calendar_the_answer_is_told_all_the_same(owner, address, actor):
    sent(address, inviting(address))
    answer(owner, actor)
    deliver_all()
    assert len(replies()) == 1
    assert only().state == InvitationState.ACCEPTED


def test_a_series_is_kept_as_one(owner, address, google, actor):
    zone = ";TZID=Europe/Berlin:20261119T"
    said = {"DTSTART": f"{zone}090000", "DTEND": f"{zone}093000", "RRULE": "FREQ=WEEKLY;COUNT=3"}
    sent(address, inviting(address, **said))
    answer(owner, actor)
    deliver_all()
    starts = sorted(one.start_at for one in events() if not one.recurrence)
    assert starts == [NINE + timedelta(weeks=week) for week in range(3)]


def test_a_whole_day_is_kept_as_one(owner, address, google, actor):
    sent(address, inviting(address, DTSTART=";VALUE=DATE:20261119", DTEND=None))
    answer(owner, actor)
    deliver_all()
    (made,) = events()
    assert made.is_all_day
    assert only().start_on == date(2026, 11, 19)


def test_what_repeats_too_often_is_refused_in_a_sentence(user_owner, actor, clock):
    address = make_address(user_owner)
    sent(address, inviting(address, RRULE="FREQ=SECONDLY"))
    with pytest.raises(Conflict, match="It repeats in a way that is not kept here"):
        answer(user_owner, actor)
    assert answer(user_owner, actor, Answer.DECLINED).state == InvitationState.DECLINED


def test_what_is_over_can_only_be_declined(user_owner, actor, clock):
    address = make_address(user_owner)
    sent(address, inviting(address))
    with pytest.raises(Conflict, match="This event is over"):
        answer(user_owner, actor, now=NOW + timedelta(days=3))


def test_an_answer_is_to_what_was_looked_at(user_owner, actor, clock):
    address = make_address(user_owner)
    sent(address, inviting(address))
    seen = invited.version_of(only())
    sent(address, inviting(address, SEQUENCE="1", DTSTAMP=later(0)), message_id="2")
    with pytest.raises(Conflict, match="changed this invitation meanwhile"):
        answer(user_owner, actor, seen=seen)


def test_nobody_answers_for_another(user_owner, bob_owner, actor, clock):
    address = make_address(user_owner)
    sent(address, inviting(address))
    with pytest.raises(NotFound):
        answer(bob_owner, actor)


def test_an_event_that_its_owner_deleted_stays_deleted(user_owner, connect, actor, clock):
    connection = connect(user_owner, "google")
    assert connection
    address = make_address(user_owner)
    sent(address, inviting(address))
    answer(user_owner, actor)
    deliver_all()
    Event.objects.update(deleted_at=NOW)
    sent(address, inviting(address, SEQUENCE="1", DTSTAMP=later(0), SUMMARY="New"), message_id="2")
    deliver_all()
    assert events() == []


def test_an_event_that_could_not_be_made_is_said_and_tried_again(
    user_owner, connect, actor, clock, sandbox
):
    connect(user_owner, "google")
    address = make_address(user_owner)
    sent(address, inviting(address))
    sandbox.fault("google.events.insert", status=403, reason="forbidden", count=None)
    answer(user_owner, actor)
    deliver_all()
    assert only().note.startswith("It is not in the calendar as answered.")
    sandbox.store.clear_faults()
    answer(user_owner, actor)
    deliver_all()
    assert (len(events()), only().note) == (1, "")


def test_an_event_whose_making_was_never_answered_is_found_again(
    user_owner, connect, actor, clock, sandbox
):
    connection = connect(user_owner, "google")
    address = make_address(user_owner)
    sent(address, inviting(address))
    sandbox.fault("google.events.insert", lost=True)
    answer(user_owner, actor)
    deliver_all()
    clock.shift(timedelta(minutes=5))
    deliver_all()
    assert len(sandbox.events(connection)) == len(events()) == 1


# --- What the organiser says later ---


@pytest.fixture
def accepted(user_owner, connect, actor, clock):
    """Alice's address, with an invitation that she accepted."""
    connect(user_owner, "google")
    address = make_address(user_owner)
    sent(address, inviting(address))
    answer(user_owner, actor)
    deliver_all()
    post.outbox.clear()
    return address


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


def test_a_cancellation_takes_the_event_out_and_tells_the_owner(user_owner, accepted):
    """With the invitation's own number, as Cyrus sends it."""
    gone = inviting(accepted, method="CANCEL", DTSTART=None, DTEND=None, STATUS="CANCELLED")
    assert sent(accepted, gone, message_id="2") is Fate.DONE
    deliver_all()
    assert events() == []
    assert only().state == InvitationState.CANCELLED
    (letter,) = post.outbox
    assert (letter.to, letter.subject[:11]) == ([user_owner.notice_email], "Called off:")
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


# --- The address ---


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
