"""Answers to invitations: nothing stands in a calendar before its owner has answered."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core import mail as post

from booking.enums import Answer, InvitationState
from booking.services import invited
from booking.services.invite_addresses import make_address
from calendars.models import Event
from common.errors import Conflict, NotFound
from tests.booking import flaky_mail
from tests.booking.conftest import NINE, NOW, deliver_all
from tests.booking.invited.conftest import ORG, answer, events, inviting, later, only, replies, sent
from tests.rivals import at_once

pytestmark = pytest.mark.django_db


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


def test_each_answer_is_stamped_later_than_the_one_before(owner, address, google, actor, clock):
    """Answers within one second had one stamp, and the organiser's calendar kept either."""
    sent(address, inviting(address))
    for said in (Answer.TENTATIVE, Answer.ACCEPTED, Answer.DECLINED):
        answer(owner, actor, said)
        deliver_all()
    clock.shift(timedelta(minutes=1))
    answer(owner, actor, Answer.ACCEPTED, now=NOW + timedelta(minutes=1))
    deliver_all()
    stamps = [one.walk("VEVENT")[0]["DTSTAMP"].dt for one in replies()]
    assert stamps == [NOW + timedelta(seconds=number) for number in (0, 1, 2, 60)]


def test_an_answer_that_is_mailed_again_says_the_same(owner, address, actor, clock, settings):
    """Its stamp is that of the answer, however often a mail server made it wait."""
    sent(address, inviting(address))
    deliver_all()
    settings.EMAIL_BACKEND = "tests.booking.flaky_mail.Backend"
    flaky_mail.refuse[:] = [ORG]
    answer(owner, actor)
    deliver_all()
    assert replies() == []
    flaky_mail.refuse[:] = []
    clock.shift(timedelta(hours=1))
    deliver_all()
    (said,) = (one.walk("VEVENT")[0] for one in replies())
    assert said["DTSTAMP"].dt == NOW


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


@pytest.mark.django_db(transaction=True)
def test_two_who_accept_at_once_make_one_event_and_one_answer(user_owner, connect, actor, clock):
    connection = connect(user_owner, "google")
    assert connection
    address = make_address(user_owner)
    sent(address, inviting(address))
    at_once(4, lambda _number: answer(user_owner, actor))
    deliver_all()
    assert (len(events()), len(replies()), only().answer_count) == (1, 1, 1)
