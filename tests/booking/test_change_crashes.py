"""A worker that dies while a change is carried out, and answers that are lost on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail

from audit.actors import task_actor
from booking.models import Meeting
from booking.services import changes
from calendars.models import Event
from calendars.services.events import refresh_event
from common import outbox
from common.enums import OutboxState
from tests.booking.conftest import NOW, book, deliver_all, deliveries, make_link, messages
from tests.booking.test_changes import GUEST, HOUR, STAFF, TEN
from tests.booking.test_crashes import CREATE, DyingBackend, Killed, go_on_after_death
from tests.booking.test_delivery import parts_of, to
from tests.factories import make_client
from workspaces.owners import ClientOwner

pytestmark = pytest.mark.django_db

ANN_AT = "ann@tallship.example"
UPDATE = {"google": "google.events.patch", "outlook": "microsoft.events.update"}
DELETE = {"google": "google.events.delete", "outlook": "microsoft.events.delete"}


@pytest.fixture(params=["google", "outlook"])
def connection(request, clock, connect, client_owner):
    return connect(client_owner, request.param)


def move(meeting, start=TEN):
    return changes.move_meeting(meeting=meeting, start=start, doer=GUEST, now=NOW)


def cancel(meeting):
    return changes.cancel_meeting(meeting=meeting, doer=GUEST, now=NOW)


def settled(meeting):
    """Everybody knows of the meeting, and it stands in the calendar."""
    deliver_all()
    mail.outbox.clear()
    meeting.refresh_from_db()
    return meeting


def die_after(sandbox, operation):
    """The process ends when that answer arrives."""

    def die(request, status, body):
        if sandbox.calls(operation):
            del sandbox.adapter.after
            raise Killed

    sandbox.adapter.after = die


def later(clock):
    """Rows that wait to be tried again are due, and leases have ended."""
    for _turn in range(3):
        clock.shift(outbox.LEASE + timedelta(minutes=1))
        deliver_all()


def check_done():
    assert {message.state for message in deliveries()} == {OutboxState.SENT}


def test_cancelled_while_the_answer_of_the_create_is_lost(sandbox, connection, client_owner, clock):
    sandbox.fault(CREATE[connection.provider], lost=True)
    meeting = book(make_link(client_owner))
    outbox.sweep()
    assert len(sandbox.events(connection)) == 1
    cancel(meeting)
    later(clock)
    assert sandbox.events(connection) == []
    check_done()


def test_killed_once_the_event_is_made_and_cancelled_before_anybody_looked(
    sandbox, connection, client_owner, clock
):
    meeting = book(make_link(client_owner))
    die_after(sandbox, CREATE[connection.provider])
    with pytest.raises(Killed):
        deliver_all()
    cancel(meeting)
    later(clock)
    assert sandbox.events(connection) == []
    assert Event.objects.filter(deleted_at__isnull=True).count() == 0
    check_done()


def test_cancelled_while_the_create_is_under_way(sandbox, connection, client_owner, clock):
    meeting = book(make_link(client_owner))

    def cancel_meanwhile(request, status, body):
        if sandbox.calls(CREATE[connection.provider]):
            del sandbox.adapter.after
            cancel(meeting)

    sandbox.adapter.after = cancel_meanwhile
    later(clock)
    assert Meeting.objects.get().state == "cancelled"
    assert sandbox.events(connection) == []
    check_done()


def test_moved_while_the_answer_of_the_create_is_lost(sandbox, connection, client_owner, clock):
    sandbox.fault(CREATE[connection.provider], lost=True)
    meeting = book(make_link(client_owner))
    outbox.sweep()
    move(meeting)
    later(clock)
    assert len(sandbox.events(connection)) == 1
    event, meeting = Event.objects.get(), Meeting.objects.get()
    assert (event.start_at, meeting.calendar_event_id) == (TEN, event.pk)
    assert meeting.event_is_due is False
    check_done()


def test_moved_while_the_create_is_under_way(sandbox, connection, client_owner, clock):
    meeting = book(make_link(client_owner))

    def move_meanwhile(request, status, body):
        if sandbox.calls(CREATE[connection.provider]):
            del sandbox.adapter.after
            move(meeting)

    sandbox.adapter.after = move_meanwhile
    later(clock)
    (event,) = Event.objects.all()
    assert (event.start_at, len(sandbox.events(connection))) == (TEN, 1)
    check_done()


@pytest.mark.parametrize("how", ["killed", "lost", "down"])
def test_a_move_reaches_the_calendar_whatever_happens_to_its_answer(
    sandbox, connection, client_owner, clock, how
):
    meeting = settled(book(make_link(client_owner)))
    move(meeting)
    operation = UPDATE[connection.provider]
    if how == "killed":
        die_after(sandbox, operation)
        go_on_after_death(clock)
    else:
        sandbox.fault(operation, **({"lost": True} if how == "lost" else {"status": 503}))
        deliver_all()
    later(clock)
    (event,) = Event.objects.all()
    assert event.start_at == TEN
    assert len(to(ANN_AT)) == 1
    check_done()


def test_moved_there_and_back_around_a_death_stands_where_it_was(
    sandbox, connection, client_owner, clock
):
    """Our copy still had the first time, so that nothing seemed to be left to do."""
    meeting = settled(book(make_link(client_owner)))
    start = meeting.start_at
    move(meeting)
    die_after(sandbox, UPDATE[connection.provider])
    with pytest.raises(Killed):
        deliver_all()
    move(meeting, start=start)
    later(clock)
    there = refresh_event(event=Event.objects.get(), actor=task_actor("tests"))
    assert there.start_at == start
    check_done()


@pytest.mark.parametrize("how", ["killed", "lost", "down"])
def test_a_cancellation_reaches_the_calendar_whatever_happens_to_its_answer(
    sandbox, connection, client_owner, clock, how
):
    meeting = settled(book(make_link(client_owner)))
    cancel(meeting)
    operation = DELETE[connection.provider]
    if how == "killed":
        die_after(sandbox, operation)
        go_on_after_death(clock)
    else:
        sandbox.fault(operation, **({"lost": True} if how == "lost" else {"status": 503}))
        deliver_all()
    later(clock)
    assert sandbox.events(connection) == []
    assert Event.objects.filter(deleted_at__isnull=True).count() == 0
    assert [parts_of(letter)["method"] for letter in to(ANN_AT)] == ["CANCEL"]
    check_done()


def test_given_on_while_the_create_is_under_way_leaves_one_event(
    sandbox, client_owner, connect, workspace, clock
):
    south = ClientOwner(workspace=workspace, client=make_client(workspace, "Southgate"))
    first = connect(client_owner, "google")
    second = connect(south, "google", email="south@google.example")
    meeting = book(make_link(client_owner))

    def give_meanwhile(request, status, body):
        if sandbox.calls(CREATE["google"]):
            del sandbox.adapter.after
            changes.reassign_meeting(meeting=meeting, to=south, doer=STAFF, now=NOW)

    sandbox.adapter.after = give_meanwhile
    later(clock)
    assert (sandbox.events(first), len(sandbox.events(second))) == ([], 1)
    event = Event.objects.get(deleted_at__isnull=True)
    assert Meeting.objects.get().calendar_event_id == event.pk
    check_done()


@pytest.mark.parametrize("receiver", [ANN_AT, "desk@northgate.example"])
def test_killed_between_sending_and_marking_a_change_repeats_that_mail_only(
    connection, client_owner, clock, settings, receiver
):
    meeting = settled(book(make_link(client_owner)))
    settings.EMAIL_BACKEND = "tests.booking.test_crashes.DyingBackend"
    move(meeting)
    DyingBackend.deaths = [receiver]
    go_on_after_death(clock)
    receivers = [letter.to[0] for letter in mail.outbox]
    assert receivers.count(receiver) == 2
    assert len(receivers) == 3
    first, again = to(receiver)
    assert first.extra_headers["Message-ID"] == again.extra_headers["Message-ID"]
    assert first.idempotency_key == again.idempotency_key != ""
    assert first.digest() == again.digest()
    check_done()


def test_a_confirmation_that_may_have_gone_is_taken_back_by_a_cancellation(
    connection, client_owner, clock, settings
):
    """The process died after the mail had gone, and the meeting was called off before the next
    one looked: the booker's calendar has it, though nothing says so.
    """
    settings.EMAIL_BACKEND = "tests.booking.test_crashes.DyingBackend"
    DyingBackend.deaths = [ANN_AT]
    meeting = book(make_link(client_owner))
    with pytest.raises(Killed):
        deliver_all()
    cancel(meeting)
    later(clock)
    invited, cancelled = (parts_of(letter) for letter in to(ANN_AT))
    assert (invited["method"], cancelled["method"]) == ("REQUEST", "CANCEL")
    assert int(cancelled["ics"]["SEQUENCE"]) > int(invited["ics"]["SEQUENCE"])
    ids = [letter.extra_headers["Message-ID"] for letter in to(ANN_AT)]
    assert len(set(ids)) == 2
    check_done()


def test_no_request_follows_a_cancellation(connection, client_owner, clock):
    """Rows of earlier steps that come late say what is true by then."""
    meeting = settled(book(make_link(client_owner)))
    move(meeting)
    move(meeting, start=TEN + HOUR)
    cancel(meeting)
    deliver_all()
    for message in messages(kind="booking.notification"):
        message.state = OutboxState.PENDING
        message.save()
    deliver_all()
    assert [parts_of(letter)["method"] for letter in to(ANN_AT)] == ["CANCEL"]


def test_an_event_that_cannot_follow_is_told_to_its_owner(sandbox, connection, client_owner, clock):
    meeting = settled(book(make_link(client_owner)))
    cancel(meeting)
    sandbox.fault(DELETE[connection.provider], status=403, count=None)
    for _turn in range(8):
        clock.shift(timedelta(hours=4))
        deliver_all()
    title = "Not changed in your calendar: "
    told = [letter for letter in to("desk@northgate.example") if letter.subject.startswith(title)]
    (letter,) = told
    assert "does not take place" in letter.body
    assert "Delete the event there by hand." in letter.body
