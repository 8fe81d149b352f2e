"""The life of a meeting as calendars see it: mails read out of the transport, in order.

RFC 5546, 2.1.4: whoever organises raises SEQUENCE with each change of time or state. 2.1.5: who
reads takes the higher SEQUENCE, and of equals the later DTSTAMP. So no reader may ever get a file
that a calendar would have to drop, or two files of one SEQUENCE that differ in time or state.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from booking.booker import Booker
from booking.enums import IS_OFF, MeetingState
from booking.owners import host_of_meeting, tables_for
from booking.services import changes
from booking.services.delivery import send_link
from booking.services.inviting import change_guests
from common import outbox
from common.errors import DomainError
from common.models import OutboxMessage
from tests.booking.conftest import ANN, NINE, NOW, book, deliver_all, make_link
from tests.booking.ics_reading import file_in, read_by_ical, read_by_icalendar
from tests.booking.test_changes import GUEST, HOUR, STAFF, TEN
from tests.factories import make_client, make_user, make_workspace
from workspaces.owners import ClientOwner

CY = {"name": "Cy Guest", "email": "cy@tallship.example"}
MINUTE = timedelta(minutes=1)


class Calendars:
    """Everybody's calendar, each fed with the files its owner was mailed, as RFC 5546 has it."""

    def __init__(self):
        self.files = {}

    def collect(self):
        """Read the transport; check what must hold of every file and of each after another."""
        for message in mail.outbox:
            content = file_in(message)
            if content is None:
                continue
            read = read_by_icalendar(content)
            assert read == read_by_ical(content)
            (address,) = message.to
            before = self.files.setdefault(address, [])
            for one in before:
                assert one.uid == read.uid
                assert read.organizer[0] == one.organizer[0], "A calendar takes it from no other."
            if before:
                self.follows(before[-1], read)
            before.append(read)
            assert address in [attendee for attendee, _name in read.attendees]
            assert address != read.organizer[0]
        mail.outbox.clear()

    def follows(self, last, read):
        assert read.sequence >= last.sequence
        assert read.stamp >= last.stamp
        if read.sequence == last.sequence:
            assert (read.start, read.end, read.status) == (last.start, last.end, last.status)
        if last.method == "CANCEL":
            assert read.method == "REQUEST", "It was taken back already."
            assert read.sequence > last.sequence

    def sequences(self, address):
        return [one.sequence for one in self.files[address]]


# --- Lives that everybody has ---


@pytest.mark.django_db
def test_book_move_move_cancel_counts_from_nought_to_three(link, owner, clock):
    calendars = Calendars()

    def told():
        deliver_all()
        calendars.collect()
        clock.shift(MINUTE)

    meeting = book(link, guests=[CY])
    told()
    for start in (TEN, TEN + HOUR):
        meeting = changes.move_meeting(meeting=meeting, start=start, doer=GUEST, now=timezone.now())
        told()
    changes.cancel_meeting(meeting=meeting, doer=STAFF, now=timezone.now())
    told()
    assert set(calendars.files) == {ANN.email, CY["email"], owner.notice_email}
    for address, files in calendars.files.items():
        assert [one.sequence for one in files] == [0, 1, 2, 3], address
        assert {one.uid for one in files} == {meeting.uid}
        assert [one.method for one in files] == ["REQUEST", "REQUEST", "REQUEST", "CANCEL"]
        assert [one.start for one in files] == [NINE, TEN, TEN + HOUR, TEN + HOUR]
        assert [one.status for one in files] == ["CONFIRMED"] * 3 + ["CANCELLED"]


@pytest.mark.django_db
def test_a_life_with_approval_a_late_link_and_another_host(owner, other_owner, clock):
    calendars, link = Calendars(), make_link(owner, requires_approval=True)

    def told(what=None, **more):
        if what is not None:
            what(meeting=meeting, now=timezone.now(), **{"doer": STAFF, **more})
        deliver_all()
        calendars.collect()
        clock.shift(MINUTE)
        meeting.refresh_from_db()

    meeting = book(link, guests=[CY])
    told()
    assert calendars.files == {}
    told(changes.approve_meeting)
    meeting.conference_url = "https://meet.example/late"
    send_link(meeting)
    meeting.save()
    told()
    told(changes.move_meeting, start=TEN)
    told(changes.reassign_meeting, to=other_owner)
    told(changes.cancel_meeting)
    assert calendars.sequences(ANN.email) == [1, 2, 3, 4, 5]
    # A guest hears of the link, too; whom it was with, of nothing after it was taken from them.
    assert calendars.sequences(CY["email"]) == [1, 2, 3, 4, 5]
    # A link is its host's, and goes with them.
    assert [one.location for one in calendars.files[ANN.email]] == [
        "", *["https://meet.example/late"] * 2, "", "",
    ]  # fmt: skip
    assert calendars.files[ANN.email][-1].method == "CANCEL"
    former = calendars.files[owner.notice_email]
    assert [one.method for one in former] == ["REQUEST", "REQUEST", "CANCEL"]
    assert [one.method for one in calendars.files[other_owner.notice_email]] == [
        "REQUEST",
        "CANCEL",
    ]


# --- Any life ---


class Lives(RuleBasedStateMachine):
    """A meeting with whatever befalls it, and a worker that comes when it comes.

    Its mails are collected as calendars would: `Calendars` checks each file against those before.
    """

    @initialize(asks=st.booleans(), guest=st.booleans())
    def booked(self, asks, guest):
        mail.outbox.clear()
        self.calendars = Calendars()
        self.travel = time_machine.travel(NOW, tick=False)
        self.clock = self.travel.start()
        # Undone at the end, as a test of its own would be; the log may be written inside.
        self.undone = transaction.atomic()
        self.undone._from_testcase = True
        self.undone.__enter__()
        self.owners = _owners()
        link = make_link(self.owners[0], slug=f"life-{id(self)}", requires_approval=asks)
        self.meeting = book(
            link,
            booker=Booker(name="Ann Other", email=ANN.email, timezone="Europe/Berlin"),
            guests=[CY] if guest else [],
            now=timezone.now(),
        )

    def _try(self, what, **more):
        """Do it, or be refused: a refusal must change nothing that anybody is told."""
        with suppress(DomainError):
            what(meeting=self._fresh(), now=timezone.now(), **more)

    def _fresh(self):
        return tables_for(self.meeting).meetings().get(pk=self.meeting.pk)

    @rule(hours=st.integers(0, 6), doer=st.sampled_from([GUEST, STAFF]))
    def moved(self, hours, doer):
        self._try(changes.move_meeting, start=NINE + hours * HOUR, doer=doer)

    @rule()
    def approved(self):
        self._try(changes.approve_meeting, doer=STAFF)

    @rule()
    def declined(self):
        self._try(changes.decline_meeting, doer=STAFF)

    @rule(number=st.integers(0, 1))
    def given(self, number):
        self._try(changes.reassign_meeting, to=self.owners[number], doer=STAFF)

    @rule(comes=st.booleans(), who=st.sampled_from(["cy", "omri"]))
    def guests_changed(self, comes, who):
        address = f"{who}@tallship.example"
        guest = [{"name": "", "email": address}]
        more = {"add": guest} if comes else {"remove": [address]}
        self._try(change_guests, doer=GUEST, **more)

    @precondition(lambda self: self._fresh().state == MeetingState.CONFIRMED)
    @rule(number=st.integers(0, 3))
    def link_came(self, number):
        meeting = self._fresh()
        meeting.conference_url = f"https://meet.example/{number}"
        send_link(meeting)
        meeting.save()

    @rule(doer=st.sampled_from([GUEST, STAFF]))
    def cancelled(self, doer):
        self._try(changes.cancel_meeting, doer=doer)

    @rule(rows=st.integers(1, 3))
    def worker_came(self, rows):
        """A few rows only: what was written since may already be among what they tell."""
        outbox.sweep(limit=rows)
        self.calendars.collect()
        self.clock.shift(MINUTE)

    @rule()
    def a_row_ran_twice(self):
        """A worker died after it had sent, and before it said so."""
        done = OutboxMessage.objects.filter(state="sent").order_by("-created_at", "-pk")[:2]
        for message in done:
            OutboxMessage.objects.filter(pk=message.pk).update(state="pending")

    @invariant()
    def the_transport_is_read(self):
        self.calendars.collect()

    def teardown(self):
        if not hasattr(self, "undone"):
            return
        try:
            deliver_all(rounds=30)
            self.calendars.collect()
            self._last_files_are_true()
        finally:
            transaction.set_rollback(True)
            self.undone.__exit__(None, None, None)
            self.travel.stop()

    def _last_files_are_true(self):
        meeting = self._fresh()
        is_off = meeting.state in IS_OFF
        host = host_of_meeting(meeting).notice_email
        for address, files in self.calendars.files.items():
            last = files[-1]
            is_former = address not in {ANN.email, host, *(one["email"] for one in meeting.guests)}
            if is_off or is_former:
                assert last.method == "CANCEL", address
                continue
            asked = meeting.state == MeetingState.REQUESTED
            assert last.status == ("TENTATIVE" if asked else "CONFIRMED")
            assert (last.start, last.end) == (meeting.start_at, meeting.end_at)
        if meeting.state == MeetingState.CONFIRMED:
            assert ANN.email in self.calendars.files
            assert host in self.calendars.files


def _owners():
    workspace = make_workspace("Acme", owner=make_user("Alice"))
    return [
        ClientOwner(
            workspace=workspace,
            client=make_client(workspace, name, primary_contact_email=f"desk@{name}.example"),
        )
        for name in ("northgate", "southgate")
    ]


@pytest.mark.django_db
def test_whatever_befalls_a_meeting_calendars_can_follow(settings_of_lives):
    run_state_machine_as_test(Lives, settings=settings_of_lives)


@pytest.fixture
def settings_of_lives():
    return settings(
        max_examples=30,
        stateful_step_count=14,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
