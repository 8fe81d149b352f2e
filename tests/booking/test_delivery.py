"""What follows a booking: the event on the owner's calendar, then both mails, each once."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from django.core import mail
from icalendar import Calendar as ICalendar

from audit.models import OAuthTokenAccessLog
from booking.enums import MessageKind
from booking.services.delivery import run_now
from calendars.models import Event, Hold
from common.enums import OutboxState
from common.errors import Conflict
from tests.booking.conftest import NINE, NOW, book, deliver_all, make_link, messages

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["google", "outlook"])
def connection(request, clock, connect, owner):
    return connect(owner, request.param)


@pytest.fixture
def google(clock, connect, client_owner):
    return connect(client_owner, "google")


def parts_of(message):
    """Subject, plain text, HTML and calendar file of a sent mail, as a mail program reads them."""
    parsed = message_from_bytes(message.message().as_bytes(), policy=default)
    found = {"subject": parsed["Subject"]}
    for part in parsed.walk():
        kind = part.get_content_type()
        if kind in {"text/plain", "text/html"} and not part.get_filename():
            found[kind] = part.get_content()
        elif kind == "text/calendar":
            found["method"] = part.get_param("method")
            found["ics"] = ICalendar.from_ical(part.get_payload(decode=True)).walk("VEVENT")[0]
    return found


def to(address):
    return [message for message in mail.outbox if message.to == [address]]


def test_the_meeting_stands_on_the_booking_calendar_with_its_link(sandbox, connection, owner):
    sandbox.store.set_setting("meet", {"mode": "immediate"})
    meeting = book(make_link(owner, conference="auto"), message="The plans")
    deliver_all()
    meeting.refresh_from_db()
    event = Event.objects.get()
    assert (meeting.calendar_event_id, meeting.calendar_id) == (event.id, event.calendar_id)
    assert event.calendar.connection == connection
    assert (event.start_at, event.end_at) == (meeting.start_at, meeting.end_at)
    assert event.title == "Intro call: Ann Other"
    assert event.attendees == []
    assert meeting.conference == {"google": "meet", "outlook": "teams"}[connection.provider]
    assert meeting.conference_url.startswith("https://")
    assert meeting.conference_url == event.conference_url


def test_what_was_typed_is_no_markup_in_the_calendar(sandbox, google, client_owner):
    """Google shows a description's HTML, links among it."""
    typed = '<a href="https://evil.example">Move it here</a> 1 < 2 <!-- -->'
    book(make_link(client_owner), message=typed)
    deliver_all()
    (event,) = sandbox.events(google)
    assert event["body"]["description"].endswith(
        '< a href="https://evil.example">Move it here< /a> 1 < 2 < !-- -->'
    )


def test_both_mails_carry_the_link_and_are_marked(sandbox, google, client_owner):
    sandbox.store.set_setting("meet", {"mode": "immediate"})
    meeting = book(make_link(client_owner, conference="meet"))
    deliver_all()
    meeting.refresh_from_db()
    assert (meeting.confirmation_sent_at, meeting.notice_sent_at) == (NOW, NOW)
    (confirmation,), (notice,) = to("ann@tallship.example"), to("desk@northgate.example")
    for message in (confirmation, notice):
        read = parts_of(message)
        assert meeting.conference_url in read["text/plain"]
        assert meeting.conference_url in read["text/html"]
    booker, owner = parts_of(confirmation), parts_of(notice)
    assert booker["method"] == "REQUEST"
    assert str(booker["ics"]["LOCATION"]) == meeting.conference_url
    assert int(booker["ics"]["SEQUENCE"]) == 0
    assert "ics" not in owner
    assert "It stands in your calendar." in owner["text/plain"]


def test_no_calendar_means_no_event_and_a_file_for_the_owner(link, owner):
    meeting = book(link)
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.calendar_event_id is None
    assert Event.objects.count() == 0
    (notice,) = to(owner.notice_email)
    read = parts_of(notice)
    assert (read["method"], str(read["ics"]["UID"])) == ("REQUEST", meeting.uid)
    assert "mailto:" + owner.notice_email not in str(read["ics"]["ORGANIZER"])
    assert "No calendar is connected" in read["text/plain"]


def test_nothing_is_sent_or_made_twice(sandbox, google, client_owner):
    sandbox.store.set_setting("meet", {"mode": "immediate"})
    meeting = book(make_link(client_owner, conference="meet"))
    deliver_all()
    for message in messages():
        message.state = OutboxState.PENDING
        message.save()
    deliver_all()
    assert len(mail.outbox) == 2
    assert len(sandbox.calls("google.events.insert")) == 1
    meeting.refresh_from_db()
    assert run_now(meeting, MessageKind.NOTIFICATION) == OutboxState.SENT
    assert len(mail.outbox) == 2


def test_an_answer_that_was_lost_makes_no_second_event(sandbox, connection, owner, clock):
    create = {"google": "google.events.insert", "outlook": "microsoft.events.create"}
    sandbox.fault(create[connection.provider], lost=True)
    meeting = book(make_link(owner))
    deliver_all()
    clock.shift(timedelta(minutes=1))
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.calendar_event_id == Event.objects.get().id
    assert len(sandbox.store.all("event")) == 1


def test_nobody_to_tell_is_no_failure(client_link, northgate):
    northgate.primary_contact_email = ""
    northgate.save()
    meeting = book(client_link)
    deliver_all()
    meeting.refresh_from_db()
    assert [message.to for message in mail.outbox] == [["ann@tallship.example"]]
    assert (meeting.confirmation_sent_at, meeting.notice_sent_at) == (NOW, None)
    assert {message.state for message in messages()} == {OutboxState.SENT}


def test_a_request_sends_a_receipt_without_file_and_makes_no_event(sandbox, google, client_owner):
    meeting = book(make_link(client_owner, requires_approval=True))
    deliver_all()
    (receipt,), (notice,) = to("ann@tallship.example"), to("desk@northgate.example")
    assert receipt.subject.startswith("Requested: Thu 19 Nov, 03:00 New York")
    assert "ics" not in parts_of(receipt)
    assert "ics" not in parts_of(notice)
    assert "Confirm or decline" in parts_of(notice)["text/plain"]
    assert sandbox.calls("google.events.insert") == []
    with pytest.raises(Conflict):
        run_now(meeting, MessageKind.CALENDAR_EVENT)


def test_each_use_of_the_token_is_logged_with_its_own_reason(sandbox, google, client_owner):
    before = OAuthTokenAccessLog.objects.count()
    book(make_link(client_owner))
    deliver_all()
    rows = OAuthTokenAccessLog.objects.order_by("seq").values_list("reason", "actor_kind")
    assert list(rows)[before:] == [
        ("booking.busy.confirm", "task"),
        ("booking.events.create", "task"),
    ]


def test_the_own_event_never_counts_as_busy(sandbox, connection, owner, copy_events):
    link = make_link(owner)
    meeting = book(link)
    deliver_all()
    copy_events(connection)
    meeting.refresh_from_db()
    meeting.state, meeting.hold = "cancelled", None
    meeting.save()
    Hold.objects.all().delete()
    assert book(link, start=NINE).start_at == NINE
