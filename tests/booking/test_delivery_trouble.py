"""Links that come late or never, calendars and mail servers that fail: who is told what, once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail

from booking.enums import MessageKind
from booking.queries import undelivered
from booking.services.delivery import run_now
from calendars.models import Event
from common.enums import OutboxState
from tests.booking import flaky_mail
from tests.booking.conftest import NOW, book, deliver_all, make_link, messages
from tests.booking.test_delivery import parts_of, to

pytestmark = pytest.mark.django_db


@pytest.fixture
def google(clock, connect, client_owner):
    return connect(client_owner, "google")


def test_a_mail_waits_for_the_link(sandbox, google, client_owner, clock):
    sandbox.store.set_setting("meet", {"mode": "pending", "reads": 1})
    meeting = book(make_link(client_owner, conference="meet"))
    deliver_all()
    assert mail.outbox == []
    for _turn in range(4):
        clock.shift(timedelta(seconds=10))
        deliver_all()
    meeting.refresh_from_db()
    assert meeting.conference_url
    assert len(mail.outbox) == 2
    assert meeting.conference_url in parts_of(to("ann@tallship.example")[0])["text/plain"]


def test_a_link_that_is_too_late_follows_as_an_update(sandbox, google, client_owner, clock):
    sandbox.store.set_setting("meet", {"mode": "pending", "reads": 10_000})
    meeting = book(make_link(client_owner, conference="meet"))
    for _turn in range(9):
        deliver_all()
        clock.shift(timedelta(seconds=10))
    (first,) = to("ann@tallship.example")
    read = parts_of(first)
    assert "follows in a second mail" in read["text/plain"]
    assert (int(read["ics"]["SEQUENCE"]), "LOCATION" in read["ics"]) == (0, False)
    for record in sandbox.store.all("event"):
        record["meet"]["reads"] = 0
        sandbox.store.put("event", record["key"], record)
    for _turn in range(9):
        clock.shift(timedelta(seconds=20))
        deliver_all()
    meeting.refresh_from_db()
    (_first, second) = to("ann@tallship.example")
    update = parts_of(second)
    assert update["subject"].startswith("Join link for Thu 19 Nov")
    assert str(update["ics"]["UID"]) == str(read["ics"]["UID"])
    assert (int(update["ics"]["SEQUENCE"]), meeting.sequence) == (1, 1)
    assert str(update["ics"]["LOCATION"]) == meeting.conference_url != ""
    assert second.extra_headers["Message-ID"] != first.extra_headers["Message-ID"]
    assert len(to("desk@northgate.example")) == 1


def test_a_link_that_fails_is_told_to_both(sandbox, google, client_owner, clock):
    sandbox.store.set_setting("meet", {"mode": "failure", "reads": 0})
    meeting = book(make_link(client_owner, conference="meet"))
    for _turn in range(6):
        deliver_all()
        clock.shift(timedelta(seconds=10))
    meeting.refresh_from_db()
    assert (meeting.conference_state, meeting.conference_url) == ("failed", "")
    assert "could not be made" in parts_of(to("ann@tallship.example")[0])["text/plain"]
    assert meeting.conference_note in parts_of(to("desk@northgate.example")[0])["text/plain"]


def test_a_link_that_never_comes_is_told_to_both_after_their_mails(
    sandbox, google, client_owner, clock
):
    sandbox.store.set_setting("meet", {"mode": "pending", "reads": 10_000})
    meeting = book(make_link(client_owner, conference="meet"))
    for _turn in range(40):
        deliver_all()
        clock.shift(timedelta(seconds=30))
    meeting.refresh_from_db()
    assert (meeting.conference_state, meeting.sequence) == ("failed", 0)
    first, last = (parts_of(message) for message in to("ann@tallship.example"))
    assert "follows in a second mail" in first["text/plain"]
    assert last["subject"].startswith("No join link for Thu 19 Nov")
    assert "your meeting stands" in last["text/plain"]
    assert "sends you the way to join" in last["text/plain"]
    assert "ics" not in last
    first, last = (parts_of(message) for message in to("desk@northgate.example"))
    assert "no join link" not in first["text/plain"]
    assert last["subject"].startswith("No join link: Ann Other booked")
    assert "Send them the way to join" in last["text/plain"]
    assert meeting.conference_note in last["text/plain"]
    assert [message.state for message in messages()] == [OutboxState.SENT] * len(messages())


def test_an_event_that_fails_late_takes_its_announced_link_back(
    sandbox, google, client_owner, clock
):
    sandbox.fault("google.events.insert", status=503, reason="backendError", count=None)
    book(make_link(client_owner, conference="meet"))
    deliver_all()
    clock.shift(timedelta(seconds=61))
    deliver_all()
    sandbox.store.clear_faults()
    sandbox.fault("google.events.insert", status=403, reason="forbidden", count=None)
    clock.shift(timedelta(hours=1))
    deliver_all()
    first, last = (parts_of(message) for message in to("ann@tallship.example"))
    assert "follows in a second mail" in first["text/plain"]
    assert last["subject"].startswith("No join link for Thu 19 Nov")
    assert len(to("desk@northgate.example")) == 2


def test_a_conference_outside_the_plan_leaves_the_event_without_one(google, client_owner):
    workspace = client_owner.workspace
    workspace.tier = "free"
    workspace.save()
    meeting = book(make_link(client_owner, conference="zoom"))
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.calendar_event_id == Event.objects.get().id
    assert meeting.conference_state == "failed"
    assert "Advanced" in meeting.conference_note
    assert meeting.conference_note in parts_of(to("desk@northgate.example")[0])["text/plain"]


def test_a_calendar_that_is_down_delays_no_mail_for_long(sandbox, google, client_owner, clock):
    sandbox.fault("google.events.insert", status=503, reason="backendError", count=None)
    meeting = book(make_link(client_owner))
    deliver_all()
    assert mail.outbox == []
    clock.shift(timedelta(seconds=61))
    deliver_all()
    assert len(mail.outbox) == 2
    (notice,) = to("desk@northgate.example")
    assert "Meridian keeps trying" in parts_of(notice)["text/plain"]
    assert "ics" not in parts_of(notice)
    sandbox.store.clear_faults()
    clock.shift(timedelta(hours=1))
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.calendar_event_id == Event.objects.get().id
    assert len(mail.outbox) == 2


def test_an_event_that_can_never_be_made_is_told_with_the_file(sandbox, google, client_owner):
    sandbox.fault("google.events.insert", status=403, reason="forbidden", count=None)
    meeting = book(make_link(client_owner, conference="meet"))
    deliver_all()
    meeting.refresh_from_db()
    (event_message,) = messages(kind=MessageKind.CALENDAR_EVENT)
    assert event_message.state == OutboxState.FAILED
    assert list(undelivered(client_owner.workspace, [meeting])) == [meeting.id]
    notices = [parts_of(message) for message in to("desk@northgate.example")]
    assert [notice["method"] for notice in notices] == ["REQUEST"]
    assert "could not be written to your calendar" in notices[0]["text/plain"]
    assert meeting.conference_state == "failed"


def test_an_event_that_fails_after_the_notice_is_told_once_more(
    sandbox, google, client_owner, clock
):
    sandbox.fault("google.events.insert", status=503, reason="backendError", count=None)
    book(make_link(client_owner))
    deliver_all()
    clock.shift(timedelta(seconds=61))
    deliver_all()
    sandbox.store.clear_faults()
    sandbox.fault("google.events.insert", status=403, reason="forbidden", count=None)
    clock.shift(timedelta(hours=1))
    deliver_all()
    first, second = (parts_of(message) for message in to("desk@northgate.example"))
    assert "ics" not in first
    assert "could not be written" in second["text/plain"]
    assert second["method"] == "REQUEST"
    assert len(to("ann@tallship.example")) == 1


def test_a_mail_server_that_fails_for_one_of_two_repeats_only_that_one(
    link, owner, clock, settings
):
    settings.EMAIL_BACKEND = "tests.booking.flaky_mail.Backend"
    flaky_mail.refuse = [owner.notice_email]
    meeting = book(link)
    deliver_all()
    assert [message.to for message in mail.outbox] == [["ann@tallship.example"]]
    flaky_mail.refuse = []
    clock.shift(timedelta(minutes=5))
    deliver_all()
    assert [message.to for message in mail.outbox] == [
        ["ann@tallship.example"],
        [owner.notice_email],
    ]
    meeting.refresh_from_db()
    assert meeting.confirmation_sent_at < meeting.notice_sent_at


def test_an_address_that_takes_no_mail_keeps_the_notice_from_nobody(link, owner, clock, settings):
    settings.EMAIL_BACKEND = "tests.booking.flaky_mail.Backend"
    flaky_mail.refuse = ["ann@tallship.example"]
    meeting = book(link)
    for _turn in range(14):
        deliver_all()
        clock.shift(timedelta(hours=6))
    assert [message.to for message in mail.outbox] == [[owner.notice_email]]
    meeting.refresh_from_db()
    assert (meeting.confirmation_sent_at, meeting.notice_sent_at) == (None, NOW)
    assert list(undelivered(owner.workspace, [meeting])) == [meeting.id]
    flaky_mail.refuse = []
    assert run_now(meeting, MessageKind.NOTIFICATION) == OutboxState.SENT
    assert [message.to for message in mail.outbox[1:]] == [["ann@tallship.example"]]


def late_letters():
    return [letter for letter in mail.outbox if "your calendar yet" in letter.subject]


def test_an_owner_hears_after_an_hour_that_the_calendar_does_not_answer(
    owner, link, sandbox, connect, clock
):
    """Nothing is to be done by hand while it is still tried: that would make the event twice."""
    connect(owner)
    sandbox.fault("google.events.insert", status=503, count=None)
    meeting = book(link)
    for _turn in range(12):
        deliver_all()
        clock.shift(timedelta(minutes=5))
    assert late_letters() == []
    for _turn in range(12):
        clock.shift(timedelta(minutes=15))
        deliver_all()
    (letter,) = late_letters()
    assert letter.to == [owner.notice_email]
    assert letter.subject.startswith("Not in your calendar yet: ")
    assert "It is tried again for a day" in letter.body
    assert "ics" not in parts_of(letter)
    sandbox.store.clear_faults()
    clock.shift(timedelta(minutes=30))
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.calendar_event_id is not None
    assert len(sandbox.store.all("event")) == 1
    assert len(late_letters()) == 1


def test_an_owner_adds_the_event_by_hand_only_once_it_is_given_up(
    owner, link, sandbox, connect, clock
):
    connect(owner)
    sandbox.fault("google.events.insert", status=503, count=None)
    meeting = book(link)
    for _turn in range(30):
        deliver_all()
        clock.shift(timedelta(hours=1))
    assert len(late_letters()) == 1
    files = [
        letter
        for letter in mail.outbox
        if letter.to == [owner.notice_email] and "ics" in parts_of(letter)
    ]
    assert len(files) == 1
    assert list(undelivered(owner.workspace, [meeting])) == [meeting.id]
