"""Changes in Google or Outlook that a meeting cannot follow, and ones that race with ours."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.db import connection

from booking.clash_words import clash_line
from booking.enums import Clash, MeetingState
from booking.services import external
from booking.services.changes import cancel_meeting, mark_no_show
from calendars.models import Event, Hold
from calendars.services import mirror
from common import outbox
from common.models import OutboxMessage
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
from tests.booking.test_changes import GUEST, STAFF
from tests.booking.test_crashes import Killed
from tests.booking.test_external import BEN, TEN, booked

pytestmark = pytest.mark.django_db


MINUTE = timedelta(minutes=1)
LENGTHS = [
    (4 * MINUTE, Clash.TOO_SHORT, "shorter than 5 minutes"),
    (timedelta(days=1) + MINUTE, Clash.TOO_LONG, "longer than a day"),
]


@pytest.fixture
def google(clock, connect, owner):
    return connect(owner, "google")


def during_the_next_read(sandbox, act):
    """While the provider is asked for the event, somebody else does this."""

    def once(request):
        if request.method == "GET" and "/events/" in request.url:
            del sandbox.adapter.before
            act()

    sandbox.adapter.before = once


def ask_the_provider_next_time():
    """Our copy loses the event by mistake, so that the provider is asked for it."""
    mirror.bury(Event.objects.get(), datetime.now(BERLIN))


@contextmanager
def die_at_insert(table, number):
    """The process ends while it writes the row of that number to the table."""
    seen = []

    def watch(execute, sql, params, many, context):
        if sql.startswith(f'INSERT INTO "{table}"'):
            seen.append(sql)
            if len(seen) == number:
                raise Killed
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield


@pytest.mark.parametrize(("length", "clash", "words"), LENGTHS)
@pytest.mark.parametrize("seats", [1, 3])
def test_a_length_that_no_meeting_has_is_said_to_be_that(
    google, owner, side, look, length, clash, words, seats
):
    meeting = booked(google, look, owner, seats=seats)
    guests = [meeting]
    if seats > 1:
        guests.append(book(meeting.link, booker=BEN))
        deliver_all()
        mail.outbox.clear()
    hand = side(google)
    hand.move(TEN, length)
    look(google)
    for one in guests:
        one.refresh_from_db()
        assert (one.start_at, one.end_at, one.clash) == (NINE, NINE + HALF_HOUR, clash)
    assert {letter.to[0] for letter in mail.outbox} == {owner.notice_email}
    for said in (mail.outbox[0].body, clash_line(meeting, owner.zone)[0]):
        assert words in " ".join(said.split())
        assert "passed" not in said
    hand.move(TEN, timedelta(minutes=5))
    look(google)
    meeting.refresh_from_db()
    assert (meeting.start_at, meeting.end_at) == (TEN, TEN + 5 * MINUTE)
    assert meeting.clash == Clash.NONE


def test_a_meeting_whose_guest_was_missed_leaves_its_moved_event_to_the_owner(
    google, owner, side, look, clock
):
    meeting = booked(google, look, owner)
    clock.move_to(NINE + 10 * MINUTE)
    mark_no_show(meeting=meeting, doer=STAFF, now=datetime.now(BERLIN))
    side(google).move(TEN)
    look(google)
    meeting.refresh_from_db()
    assert (meeting.state, meeting.start_at) == (MeetingState.NO_SHOW, NINE)
    assert meeting.clash == Clash.REFUSED
    assert not messages(kind="booking.event_changed", state="failed")
    (letter,) = mail.outbox
    assert "the meeting could not follow" in " ".join(letter.body.split())


def test_a_meeting_called_off_while_its_event_is_read_fails_nothing(
    google, owner, side, look, sandbox, clock
):
    meeting = booked(google, look, owner)
    side(google).move(TEN)
    ask_the_provider_next_time()
    during_the_next_read(
        sandbox,
        lambda: cancel_meeting(meeting=meeting, doer=GUEST, now=datetime.now(BERLIN)),
    )
    clock.shift(LATER)
    deliver_all()
    assert messages(kind="booking.event_changed", state="pending")
    clock.shift(LATER)
    deliver_all()
    meeting.refresh_from_db()
    assert (meeting.state, meeting.start_at, meeting.clash) == (
        MeetingState.CANCELLED,
        NINE,
        Clash.NONE,
    )
    assert {one.state for one in messages(kind="booking.event_changed")} == {"sent"}


def test_a_change_that_goes_on_being_refused_is_shown_to_the_owner(
    google, owner, side, look, sandbox, clock
):
    meeting = booked(google, look, owner)
    clock.move_to(NINE + 10 * MINUTE)
    side(google).move(TEN)
    ask_the_provider_next_time()
    OutboxMessage.objects.filter(kind="booking.event_changed").update(
        created_at=datetime.now(BERLIN) - external._PATIENCE
    )
    during_the_next_read(
        sandbox, lambda: mark_no_show(meeting=meeting, doer=STAFF, now=datetime.now(BERLIN))
    )
    clock.shift(LATER)
    deliver_all()
    meeting.refresh_from_db()
    assert (meeting.clash, meeting.clash_event_id) == (Clash.REFUSED, Event.objects.get().pk)
    assert not messages(kind="booking.event_changed", state="failed")
    # The notice comes after another look at what was just read.
    clock.shift(LATER)
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.clash == Clash.REFUSED
    assert len(mail.outbox) == 1


def test_a_deleted_group_whose_cancelling_stopped_halfway_is_cancelled_in_whole(
    google, owner, side, look, sandbox, clock
):
    """Who waits for approval has no event, and so nothing that would cancel it by itself."""
    link = make_link(owner, seats=3)
    ann = book(link)
    deliver_all()
    link.requires_approval = True
    link.save()
    ben = book(link, booker=BEN)
    look(google)
    side(google).delete()
    with die_at_insert("meeting_changes", 2), pytest.raises(Killed):
        look(google)
    assert [type(ann).objects.get(pk=one.pk).state for one in (ann, ben)] == [
        MeetingState.CONFIRMED,
        MeetingState.CANCELLED,
    ]
    clock.shift(outbox.LEASE + MINUTE)
    deliver_all()
    for one in (ann, ben):
        one.refresh_from_db()
        assert one.state == MeetingState.CANCELLED
    assert not Hold.objects.exists()
