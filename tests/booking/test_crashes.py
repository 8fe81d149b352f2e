"""A worker that dies in the middle: what it had done is found again, what it had not is done."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from booking.models import Meeting
from calendars.models import Event
from common import outbox
from common.enums import OutboxState
from common.outbox.handlers import handler_of
from tests.booking.conftest import book, deliver_all, deliveries, make_link, messages

pytestmark = pytest.mark.django_db

CREATE = {"google": "google.events.insert", "outlook": "microsoft.events.create"}


class Killed(BaseException):
    """What no handler catches, as the end of a process."""


class DyingBackend(EmailBackend):
    """Sends, and then the process ends."""

    deaths: list[str] = []

    def send_messages(self, letters):
        super().send_messages(letters)
        if letters[0].to[0] in self.deaths:
            self.deaths.remove(letters[0].to[0])
            raise Killed


@pytest.fixture(params=["google", "outlook"])
def connection(request, clock, connect, client_owner):
    return connect(client_owner, request.param)


def go_on_after_death(clock):
    """The worker dies; its lease ends, and the sweep of another one finds what is left."""
    with pytest.raises(Killed):
        deliver_all()
    clock.shift(outbox.LEASE + timedelta(seconds=1))
    deliver_all()


def check_all_is_done(sandbox, connection, confirmations=1, notices=1):
    meeting, event = Meeting.objects.get(), Event.objects.get()
    assert meeting.calendar_event_id == event.id
    assert len(sandbox.events(connection)) == 1
    receivers = [letter.to[0] for letter in mail.outbox]
    assert receivers.count("ann@tallship.example") == confirmations
    assert receivers.count("desk@northgate.example") == notices
    assert None not in {meeting.confirmation_sent_at, meeting.notice_sent_at}
    assert {message.state for message in deliveries()} == {OutboxState.SENT}


def test_killed_before_the_provider_acts(sandbox, connection, client_owner, clock):
    sandbox.fault(CREATE[connection.provider], delay=0.1)

    def die(_seconds):
        sandbox.adapter.sleep = None
        raise Killed

    sandbox.adapter.sleep = die
    book(make_link(client_owner))
    go_on_after_death(clock)
    check_all_is_done(sandbox, connection)


def test_killed_when_the_provider_has_acted(sandbox, connection, client_owner, clock):
    book(make_link(client_owner))

    def die(request, status, body):
        if request.method == "POST" and sandbox.calls(CREATE[connection.provider]):
            del sandbox.adapter.after
            raise Killed

    sandbox.adapter.after = die
    go_on_after_death(clock)
    check_all_is_done(sandbox, connection)


def test_killed_between_a_zoom_meeting_and_its_event(
    sandbox, connection, client_owner, connect, clock
):
    connect(client_owner, "zoom", email="desk@zoom.example")
    book(make_link(client_owner, conference="zoom"))

    def die(request):
        if sandbox.store.all("meeting"):
            del sandbox.adapter.before
            raise Killed

    sandbox.adapter.before = die
    go_on_after_death(clock)
    check_all_is_done(sandbox, connection)
    assert len(sandbox.store.all("meeting")) == 1
    assert Meeting.objects.get().conference_url


def test_killed_when_the_event_is_kept(sandbox, connection, client_owner, clock):
    book(make_link(client_owner))
    (event, _notification) = messages()
    claimed = outbox.claim(event.id, event.due_at)
    handler_of(event.kind).handle(claimed)
    clock.shift(outbox.LEASE + timedelta(seconds=1))
    deliver_all()
    check_all_is_done(sandbox, connection)


@pytest.mark.parametrize("receiver", ["ann@tallship.example", "desk@northgate.example"])
def test_killed_between_sending_and_marking_repeats_that_mail_only(
    sandbox, connection, client_owner, clock, settings, receiver
):
    settings.EMAIL_BACKEND = "tests.booking.test_crashes.DyingBackend"
    DyingBackend.deaths = [receiver]
    book(make_link(client_owner))
    go_on_after_death(clock)
    doubled = receiver == "ann@tallship.example"
    check_all_is_done(sandbox, connection, confirmations=1 + doubled, notices=1 + (not doubled))
    first, again = (letter for letter in mail.outbox if letter.to == [receiver])
    # Receivers drop the second by these.
    assert first.extra_headers["Message-ID"] == again.extra_headers["Message-ID"]
    assert first.idempotency_key == again.idempotency_key != ""
    assert first.digest() == again.digest()
