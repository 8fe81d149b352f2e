"""What people do to a meeting's event in Google or Outlook, and what comes over it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core import mail

from booking.booker import Booker
from booking.enums import ChangeKind, Clash, MeetingState, Party
from booking.models import MeetingChange
from booking.services.changes import move_meeting
from booking.wording import DASH
from calendars.models import Event, Hold
from calendars.services import connections, mirror
from tests.booking.conftest import (
    BERLIN,
    HALF_HOUR,
    LATER,
    NINE,
    book,
    deliver_all,
    make_link,
    messages,
)
from tests.booking.test_changes import STAFF

pytestmark = pytest.mark.django_db

TEN = NINE + timedelta(hours=1)
BEN = Booker(name="Ben Next", email="ben@tallship.example", timezone="Europe/Berlin")


@pytest.fixture(params=["google", "outlook"])
def connection(request, clock, connect, owner):
    return connect(owner, request.param)


@pytest.fixture
def google(clock, connect, owner):
    return connect(owner, "google")


@pytest.fixture
def alices(clock, connect, user_owner):
    return connect(user_owner, "google")


def booked(connection, look, owner, **fields):
    meeting = book(make_link(owner, **fields))
    deliver_all()
    look(connection)
    mail.outbox.clear()
    meeting.refresh_from_db()
    assert meeting.calendar_event_id is not None
    return meeting


def test_the_meeting_follows_its_event(connection, owner, side, look):
    meeting = booked(connection, look, owner)
    side(connection).move(TEN, timedelta(hours=1))
    look(connection)
    meeting.refresh_from_db()
    assert (meeting.start_at, meeting.end_at) == (TEN, TEN + timedelta(hours=1))
    assert (meeting.state, meeting.clash) == (MeetingState.CONFIRMED, Clash.NONE)
    hold = Hold.objects.get()
    assert (hold.held_from, hold.held_until) == (TEN, TEN + timedelta(hours=1))
    change = MeetingChange.objects.get(meeting_id=meeting.pk)
    assert (change.kind, change.by, change.was_start_at) == (
        ChangeKind.MOVED,
        Party.PROVIDER,
        NINE,
    )


def test_an_event_dragged_about_is_followed_once(connection, owner, side, look, copy_events):
    meeting = booked(connection, look, owner)
    hand = side(connection)
    for hours in (1, 2, 3):
        hand.move(NINE + timedelta(hours=hours))
        copy_events(connection, now=datetime.now(BERLIN))
    look(connection)
    meeting.refresh_from_db()
    assert meeting.start_at == NINE + timedelta(hours=3)
    assert MeetingChange.objects.filter(meeting_id=meeting.pk).count() == 1


def test_a_deleted_event_cancels_its_meeting(connection, owner, side, look):
    meeting = booked(connection, look, owner)
    side(connection).delete()
    look(connection)
    meeting.refresh_from_db()
    assert (meeting.state, meeting.cancelled_by) == (MeetingState.CANCELLED, Party.PROVIDER)
    assert not Hold.objects.exists()


def test_everybody_in_a_group_follows(google, owner, side, look):
    link = make_link(owner, seats=3)
    guests = [book(link), book(link, booker=BEN)]
    deliver_all()
    look(google)
    hand = side(google)
    hand.move(NINE + timedelta(minutes=15))
    look(google)
    for meeting in guests:
        meeting.refresh_from_db()
        assert meeting.start_at == NINE + timedelta(minutes=15)
    hold = Hold.objects.get()
    assert (hold.held_from, hold.held_until) == (meeting.start_at, meeting.end_at)
    hand.delete()
    look(google)
    for meeting in guests:
        meeting.refresh_from_db()
        assert meeting.state == MeetingState.CANCELLED
    assert not Hold.objects.exists()


def test_a_deletion_undone_at_once_cancels_nothing(google, owner, side, look, copy_events, sandbox):
    meeting = booked(google, look, owner)
    hand = side(google)
    (record,) = sandbox.events(google)
    hand.delete()
    copy_events(google, now=datetime.now(BERLIN))
    assert Event.objects.get().deleted_at is not None
    sandbox.store.change_event(hand.calendar, record["body"]["id"], {"status": "confirmed"})
    look(google)
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.CONFIRMED


def test_a_copy_that_lost_the_event_by_mistake_cancels_nothing(connection, owner, look):
    """Before anybody is told that a meeting is off, the provider is asked."""
    meeting = booked(connection, look, owner)
    event = Event.objects.get()
    mirror.bury(event, datetime.now(BERLIN))
    look(connection)
    meeting.refresh_from_db()
    event.refresh_from_db()
    assert (meeting.state, event.deleted_at) == (MeetingState.CONFIRMED, None)


def test_disconnecting_the_account_cancels_nothing(connection, owner, look, actor, clock):
    meeting = booked(connection, look, owner)
    connections.disconnect(connection=connection, actor=actor)
    clock.shift(LATER)
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.CONFIRMED


def test_a_time_promised_to_somebody_else_is_not_followed_to(connection, owner, side, look):
    meeting = booked(connection, look, owner)
    hand = side(connection)
    other = book(meeting.link, start=TEN)
    deliver_all()
    mail.outbox.clear()
    hand.move(TEN)
    look(connection)
    meeting.refresh_from_db()
    other.refresh_from_db()
    assert (meeting.start_at, meeting.clash) == (NINE, Clash.OCCUPIED)
    assert (other.start_at, other.clash) == (TEN, Clash.NONE)
    (letter,) = mail.outbox
    assert letter.to == [owner.notice_email]
    assert "where another meeting is promised" in letter.body
    assert "Ann Other was told nothing" in letter.body
    hand.move(NINE)
    look(connection)
    meeting.refresh_from_db()
    assert (meeting.clash, meeting.clash_at, len(mail.outbox)) == (Clash.NONE, None, 1)


def test_the_past_and_a_whole_day_are_not_followed_to(google, owner, side, look):
    meeting = booked(google, look, owner)
    hand = side(google)
    hand.move(NINE - timedelta(days=2))
    look(google)
    meeting.refresh_from_db()
    assert (meeting.start_at, meeting.clash) == (NINE, Clash.PAST)
    day = {"dateTime": None, "timeZone": None}
    hand.change({"start": {**day, "date": "2026-11-20"}, "end": {**day, "date": "2026-11-21"}})
    look(google)
    meeting.refresh_from_db()
    assert (meeting.start_at, meeting.clash) == (NINE, Clash.ALL_DAY)
    assert len(mail.outbox) == 2


def test_our_own_changes_of_the_event_are_none(connection, owner, look):
    meeting = booked(connection, look, owner)
    assert not messages(kind="booking.event_changed")
    assert not MeetingChange.objects.filter(meeting_id=meeting.pk).exists()


def test_a_later_event_over_a_meeting_is_shown_and_told_once(connection, owner, side, look):
    meeting = booked(connection, look, owner)
    hand = side(connection)
    hand.add(NINE + timedelta(minutes=15))
    look(connection)
    meeting.refresh_from_db()
    dentist = Event.objects.get(title="Dentist")
    assert (meeting.clash, meeting.clash_event_id) == (Clash.EVENT_OVER_IT, dentist.pk)
    (letter,) = mail.outbox
    assert letter.to == [owner.notice_email]
    assert "Dentist" not in letter.body + letter.alternatives[0][0]
    assert "Something else stands in your calendar" in letter.body
    look(connection)
    assert len(mail.outbox) == 1


def test_a_clash_ends_with_its_event(google, owner, side, look, sandbox):
    meeting = booked(google, look, owner)
    hand = side(google)
    record = hand.add(NINE)
    look(google)
    sandbox.store.delete_event(hand.calendar, record["body"].get("id") or record["id"])
    look(google)
    meeting.refresh_from_db()
    assert (meeting.clash, meeting.clash_event_id) == (Clash.NONE, None)


@pytest.mark.parametrize("start", [NINE - HALF_HOUR, NINE + HALF_HOUR])
def test_an_event_beside_a_meeting_is_no_clash(google, owner, side, look, start):
    meeting = booked(google, look, owner)
    side(google).add(start)
    look(google)
    meeting.refresh_from_db()
    assert (meeting.clash, mail.outbox) == (Clash.NONE, [])


def test_a_calendar_that_does_not_count_is_in_nobodys_way(google, owner, side, look):
    meeting = booked(google, look, owner)
    google.calendars.update(counts_as_busy=False)
    side(google).add(NINE)
    look(google)
    meeting.refresh_from_db()
    assert meeting.clash == Clash.NONE


def test_a_colleagues_event_is_in_nobodys_way(
    google, owner, look, connect, bob, bob_owner, sandbox
):
    meeting = booked(google, look, owner)
    theirs = connect(bob_owner, "google", email="bob@google.example", user=bob)
    calendar = sandbox.calendar(theirs)
    sandbox.store.add_event(calendar, title="Dentist", start=NINE, end=NINE + HALF_HOUR)
    look(theirs)
    meeting.refresh_from_db()
    assert Event.objects.filter(title="Dentist").exists()
    assert meeting.clash == Clash.NONE


def test_the_meetings_page_says_what_came_over_it(alices, user_owner, side, look, sign_in, alice):
    meeting = booked(alices, look, user_owner)
    side(alices).add(NINE + timedelta(minutes=15))
    look(alices)
    browser = sign_in(alice)
    listed = browser.get("/meetings?period=needs").content.decode()
    assert "Something came over it" in listed
    page = browser.get(f"/meetings/{meeting.pk}").content.decode()
    assert "Something else stands in the calendar at this time." in page
    assert f"09:15 {DASH} 09:45" in page
    assert "Dentist" not in page


def test_a_change_that_could_not_be_sent_holds_nothing_up(google, owner, side, look, sandbox):
    """The owner was asked to move the event by hand; until then it does not move the meeting."""
    meeting = booked(google, look, owner)
    hand = side(google)
    sandbox.fault("google.events.patch", status=403, reason="forbidden", count=None)
    move_meeting(meeting=meeting, start=TEN, doer=STAFF, now=datetime.now(BERLIN))
    deliver_all()
    assert messages(kind="booking.calendar_event", state="failed")
    hand.change({"summary": "Call Ann"})
    hand.add(TEN)
    look(google)
    meeting.refresh_from_db()
    assert (meeting.start_at, meeting.clash) == (TEN, Clash.EVENT_OVER_IT)
    assert not messages(kind="booking.event_changed", state="pending")
    hand.move(TEN)
    look(google)
    meeting.refresh_from_db()
    assert (meeting.start_at, meeting.event_is_due) == (TEN, False)
    hand.delete()
    look(google)
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.CANCELLED


def test_a_running_meeting_that_takes_longer_worries_nobody(google, owner, side, look, clock):
    meeting = booked(google, look, owner)
    hand = side(google)
    clock.move_to(NINE + timedelta(minutes=10))
    hand.move(NINE, timedelta(minutes=45))
    look(google)
    meeting.refresh_from_db()
    assert (meeting.clash, mail.outbox) == (Clash.NONE, [])
