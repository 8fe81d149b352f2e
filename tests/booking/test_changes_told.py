"""What follows a change: the event moves along, and everybody is told once, with their file."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core import mail

from booking.services import changes
from calendars.models import Event
from common.enums import OutboxState
from tests.booking import flaky_mail
from tests.booking.conftest import ANN, NINE, NOW, book, deliver_all, deliveries, make_link
from tests.booking.test_changes import GUEST, HOUR, STAFF, TEN
from tests.booking.test_delivery import parts_of, to

pytestmark = pytest.mark.django_db
ANN_AT = "ann@tallship.example"
CY = {"name": "Cy Guest", "email": "cy@tallship.example"}


@pytest.fixture(params=["google", "outlook"])
def connection(request, clock, connect, owner):
    return connect(owner, request.param)


@pytest.fixture
def google(clock, connect, client_owner):
    return connect(client_owner, "google")


def booked(link, **more):
    """A meeting that everybody knows of."""
    meeting = book(link, **more)
    meeting.guests = [CY]
    meeting.save()
    deliver_all()
    mail.outbox.clear()
    meeting.refresh_from_db()
    return meeting


def move(meeting, start=TEN, doer=GUEST, **more):
    return changes.move_meeting(meeting=meeting, start=start, doer=doer, now=NOW, **more)


def cancel(meeting, doer=GUEST, **more):
    return changes.cancel_meeting(meeting=meeting, doer=doer, now=NOW, **more)


def approve(meeting):
    return changes.approve_meeting(meeting=meeting, doer=STAFF, now=NOW)


def check_done():
    assert {message.state for message in deliveries()} == {OutboxState.SENT}


# --- Moving ---


def test_a_move_takes_the_event_along_and_tells_everybody_once(sandbox, connection, owner):
    meeting = booked(make_link(owner))
    move(meeting, message="The train is late")
    deliver_all()
    meeting.refresh_from_db()
    assert len(sandbox.events(connection)) == 1
    event = Event.objects.get(deleted_at__isnull=True)
    assert (event.start_at, event.pk) == (TEN, meeting.calendar_event_id)
    assert meeting.event_is_due is False
    assert sorted(message.to[0] for message in mail.outbox) == sorted(
        [ANN_AT, CY["email"], owner.notice_email]
    )
    for address in (ANN_AT, CY["email"]):
        read = parts_of(to(address)[0])
        assert read["method"] == "REQUEST"
        assert (int(read["ics"]["SEQUENCE"]), str(read["ics"]["UID"])) == (1, meeting.uid)
        assert read["ics"]["DTSTART"].dt == TEN
        assert read["subject"].startswith("Moved: Thu 19 Nov, 04:00 New York")
        for text in (read["text/plain"], read["text/html"]):
            assert "Thursday 19 November 2026, 03:00" in text
            assert "New York (EST" in text
            assert "The train is late" in text
    host = parts_of(to(owner.notice_email)[0])
    assert "ics" not in host
    assert "Ann Other moved Intro call. Its new time is:" in host["text/plain"]
    assert "10:00" in host["text/plain"]
    move(meeting)
    deliver_all()
    assert len(mail.outbox) == 3
    check_done()


def test_a_meeting_moved_twice_is_told_once_with_the_time_that_was_known(link, owner):
    meeting = booked(link)
    move(meeting)
    move(meeting, start=TEN + HOUR, doer=STAFF)
    deliver_all()
    (letter,) = to(ANN_AT)
    read = parts_of(letter)
    assert (int(read["ics"]["SEQUENCE"]), read["ics"]["DTSTART"].dt) == (2, TEN + HOUR)
    assert "Before: Thursday 19 November 2026, 03:00" in read["text/plain"]
    assert "04:00 \N{EN DASH}" not in read["text/plain"]
    assert "Alice moved your meeting." in read["text/plain"]
    check_done()


def test_moved_there_and_back_before_anybody_heard_says_nothing(link):
    meeting = booked(link)
    move(meeting)
    move(meeting, start=NINE)
    deliver_all()
    assert mail.outbox == []
    check_done()


def test_moved_before_the_confirmation_went_is_booked_at_the_new_time(link):
    move(book(link))
    deliver_all()
    (letter,) = to(ANN_AT)
    read = parts_of(letter)
    assert read["ics"]["DTSTART"].dt == TEN
    assert "you are booked" in read["text/plain"]


def test_the_old_time_is_open_to_others_though_the_event_has_not_moved_yet(
    sandbox, connection, owner
):
    link = make_link(owner)
    meeting = booked(link)
    move(meeting)
    assert book(link).start_at == NINE


# --- Cancelling ---


def test_a_cancellation_deletes_the_event_and_takes_the_files_back(sandbox, connection, owner):
    meeting = booked(make_link(owner))
    cancel(meeting, doer=STAFF, message="The office is closed")
    deliver_all()
    assert sandbox.events(connection) == []
    assert Event.objects.filter(deleted_at__isnull=True).count() == 0
    for address in (ANN_AT, CY["email"]):
        read = parts_of(to(address)[0])
        assert (read["method"], str(read["ics"]["STATUS"])) == ("CANCEL", "CANCELLED")
        assert (int(read["ics"]["SEQUENCE"]), str(read["ics"]["UID"])) == (1, meeting.uid)
        assert "Alice cancelled this meeting." in read["text/plain"]
        assert "The office is closed" in read["text/plain"]
        assert "/m/" not in read["text/plain"]
        assert [one for one in read["text/plain"].split("\n") if one != one.strip()] == []
    assert len(to(owner.notice_email)) == 1
    cancel(meeting)
    deliver_all()
    assert len(mail.outbox) == 3
    check_done()


def test_an_event_that_is_gone_already_is_no_trouble(sandbox, connection, owner):
    meeting = booked(make_link(owner))
    side = "google.events.delete" if connection.provider == "google" else "microsoft.events.delete"
    sandbox.fault(side, status=404)
    cancel(meeting)
    deliver_all()
    check_done()


def test_cancelled_before_anything_left_makes_no_event_and_sends_no_file(
    sandbox, connection, owner
):
    cancel(book(make_link(owner)))
    deliver_all()
    assert sandbox.events(connection) == []
    (letter,) = mail.outbox
    read = parts_of(letter)
    assert (letter.to, "ics" in read) == ([ANN_AT], False)
    assert read["subject"].startswith("Cancelled:")
    check_done()


def test_moved_and_cancelled_at_once_says_cancelled_only(link, owner):
    meeting = booked(link)
    move(meeting)
    cancel(meeting)
    deliver_all()
    (letter,) = to(ANN_AT)
    read = parts_of(letter)
    assert (read["method"], int(read["ics"]["SEQUENCE"])) == ("CANCEL", 2)
    check_done()


def test_an_owner_without_calendar_gets_files_of_every_change(link, owner):
    meeting = booked(link)
    move(meeting)
    deliver_all()
    cancel(meeting)
    deliver_all()
    moved, cancelled = (parts_of(letter) for letter in to(owner.notice_email))
    assert (moved["method"], int(moved["ics"]["SEQUENCE"])) == ("REQUEST", 1)
    assert (cancelled["method"], int(cancelled["ics"]["SEQUENCE"])) == ("CANCEL", 2)
    organizers = {str(read["ics"]["ORGANIZER"]) for read in (moved, cancelled)}
    assert len(organizers) == 1


def test_an_address_that_takes_no_mail_keeps_none_from_the_others(link, owner, settings, clock):
    meeting = booked(link)
    settings.EMAIL_BACKEND = "tests.booking.flaky_mail.Backend"
    flaky_mail.refuse[:] = [CY["email"]]
    cancel(meeting)
    deliver_all()
    assert sorted(letter.to[0] for letter in mail.outbox) == sorted([ANN_AT, owner.notice_email])
    flaky_mail.refuse.clear()
    clock.shift(timedelta(minutes=5))
    deliver_all()
    assert len(mail.outbox) == 3
    check_done()


# --- Requests ---


def test_a_request_asks_its_owner_and_is_told_when_approved(sandbox, connection, owner):
    link = make_link(owner, requires_approval=True)
    meeting = booked(link)
    assert sandbox.events(connection) == []
    approve(meeting)
    deliver_all()
    meeting.refresh_from_db()
    assert len(sandbox.events(connection)) == 1
    assert meeting.calendar_event_id == Event.objects.get().pk
    read = parts_of(to(ANN_AT)[0])
    assert read["subject"].startswith("Confirmed:")
    assert (read["method"], int(read["ics"]["SEQUENCE"])) == ("REQUEST", 1)
    assert str(read["ics"]["STATUS"]) == "CONFIRMED"
    assert "Alice confirmed your meeting." in read["text/plain"]
    guest = parts_of(to(CY["email"])[0])
    assert "Ann Other booked this meeting with" in guest["text/plain"]
    approve(meeting)
    deliver_all()
    assert len(mail.outbox) == 3
    check_done()


def test_the_owner_is_asked_with_a_link_to_the_meeting(owner, clock):
    meeting = book(make_link(owner, requires_approval=True))
    deliver_all()
    (notice,) = to(owner.notice_email)
    assert f"/meetings/{meeting.pk}" in notice.body
    assert "/m/" in to(ANN_AT)[0].body


def test_a_declined_request_that_was_never_invited_gets_no_file(owner, clock):
    meeting = booked(make_link(owner, requires_approval=True))
    changes.decline_meeting(meeting=meeting, doer=STAFF, now=NOW, message="Not this week")
    deliver_all()
    read = parts_of(to(ANN_AT)[0])
    assert "ics" not in read
    assert "Alice cannot take this meeting." in read["text/plain"]
    assert "Not this week" in read["text/plain"]
    assert to(CY["email"]) == []


def test_an_expired_request_says_that_nobody_answered(owner, clock):
    booked(make_link(owner, requires_approval=True))
    changes.expire_requests(now=NINE)
    deliver_all()
    assert "nobody confirmed your request in time" in parts_of(to(ANN_AT)[0])["text/plain"]
    assert "Nobody answered the request" in to(owner.notice_email)[0].body


def test_a_move_under_approval_takes_the_event_and_leaves_it_tentative(sandbox, connection, owner):
    meeting = booked(make_link(owner, requires_approval=True))
    approve(meeting)
    deliver_all()
    mail.outbox.clear()
    move(meeting)
    deliver_all()
    assert sandbox.events(connection) == []
    read = parts_of(to(ANN_AT)[0])
    assert (read["method"], str(read["ics"]["STATUS"])) == ("REQUEST", "TENTATIVE")
    assert int(read["ics"]["SEQUENCE"]) == 2
    approve(meeting)
    deliver_all()
    (event,) = Event.objects.filter(deleted_at__isnull=True)
    assert event.start_at == TEN
    assert len(sandbox.events(connection)) == 1
    changes.cancel_meeting(meeting=meeting, doer=GUEST, now=NOW)
    deliver_all()
    assert sandbox.events(connection) == []
    check_done()


# --- Files ---


@pytest.mark.parametrize("as_guest", [True, False])
def test_who_books_with_themselves_is_not_named_as_organiser(client_owner, clock, as_guest):
    """A calendar that finds its own address as organiser does not offer to add the event."""
    own = client_owner.notice_email
    desk = {"name": "Desk", "email": own.upper()}
    who = {"guests": [desk]} if as_guest else {"booker": replace(ANN, email=own)}
    meeting = book(make_link(client_owner), **who)
    deliver_all()
    cancel(meeting)
    deliver_all()
    mine = [parts_of(one)["ics"] for one in to(own) + to(own.upper())]
    assert len(mine) == 4
    for file in mine:
        attendees = file["ATTENDEE"] if isinstance(file["ATTENDEE"], list) else [file["ATTENDEE"]]
        organizer = str(file["ORGANIZER"]).lower()
        assert organizer == "mailto:bookings@meridian.example"
        assert organizer not in [str(one).lower() for one in attendees]


def test_who_was_never_told_of_it_reads_whole_lines(client_link):
    """No file goes along, and the sentence after the one about it began with a blank."""
    cancel(book(client_link))
    deliver_all()
    (letter,) = to(ANN_AT)
    lines = letter.body.splitlines()
    assert "You can also answer this mail." in lines
    assert [line for line in lines if line != line.strip()] == []


@pytest.mark.parametrize("state", ["booked", "moved", "cancelled"])
def test_the_owner_reads_who_comes_along(client_link, state):
    """Their mails named the booker alone."""
    nameless = {"name": "", "email": "dora@tallship.example"}
    meeting = book(client_link, guests=[CY, nameless])
    if state != "booked":
        deliver_all()
        mail.outbox.clear()
        meeting.refresh_from_db()
        (move if state == "moved" else cancel)(meeting)
    deliver_all()
    (letter,) = to("desk@northgate.example")
    ((html, _kind),) = letter.alternatives
    who = "Cy Guest, dora@tallship.example"
    assert f"\nWho: Ann Other, {ANN_AT}\nGuests: {who}\nWhat: Intro call" in letter.body
    assert html.count(who) == 1


def test_the_owner_reads_of_no_guests_where_there_are_none(client_link):
    book(client_link)
    deliver_all()
    (letter,) = to("desk@northgate.example")
    assert "Guests" not in letter.body
