"""What follows when a meeting is given on, and what else goes along with its event."""

from __future__ import annotations

import pytest
from django.core import mail

from audit.models import OAuthTokenAccessLog
from booking.enums import MeetingState
from booking.services import changes
from booking.services.delivery import send_link
from calendars.models import Event
from conferencing.models import ZoomMeeting
from tests.booking.conftest import NINE, NOW, book, deliver_all, make_link
from tests.booking.test_changes import HOUR, STAFF, TEN
from tests.booking.test_changes_told import ANN_AT, CY, booked, cancel, check_done, move
from tests.booking.test_delivery import parts_of, to

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["google", "outlook"])
def connection(request, clock, connect, owner):
    return connect(owner, request.param)


@pytest.fixture
def google(clock, connect, client_owner):
    return connect(client_owner, "google")


# --- Handing over ---


def test_a_meeting_given_on_leaves_one_calendar_for_the_other(
    sandbox,
    connect,
    link,
    owner,
    other_owner,
    bob,
    alice,
):
    first = connect(owner, "google")
    their_user = bob if other_owner.kind == "user" else alice
    second = connect(other_owner, "google", email="b@google.example", user=their_user)
    meeting = booked(link)
    changes.reassign_meeting(meeting=meeting, to=other_owner, doer=STAFF, now=NOW)
    deliver_all()
    meeting.refresh_from_db()
    assert (sandbox.events(first), len(sandbox.events(second))) == ([], 1)
    assert meeting.calendar_event_id == Event.objects.get(deleted_at__isnull=True).pk
    read = parts_of(to(ANN_AT)[0])
    assert (read["method"], int(read["ics"]["SEQUENCE"])) == ("REQUEST", 1)
    assert str(read["ics"]["UID"]) == meeting.uid
    assert "your meeting is now with" in read["text/plain"]
    assert "Alice gave you Intro call" in to(other_owner.notice_email)[0].body
    assert "to somebody else" in to(owner.notice_email)[0].body
    changes.reassign_meeting(meeting=meeting, to=owner, doer=STAFF, now=NOW)
    deliver_all()
    assert (len(sandbox.events(first)), sandbox.events(second)) == (1, [])
    assert len(to(owner.notice_email)) == len(to(other_owner.notice_email)) == 2
    check_done()


def test_the_organiser_stays_whom_the_calendars_know(link, other_owner):
    meeting = book(link)
    deliver_all()
    before = parts_of(to(ANN_AT)[0])["ics"]["ORGANIZER"]
    changes.reassign_meeting(meeting=meeting, to=other_owner, doer=STAFF, now=NOW)
    deliver_all()
    assert str(parts_of(to(ANN_AT)[1])["ics"]["ORGANIZER"]) == str(before)


def test_the_organiser_stays_though_the_link_comes_later(link, other_owner):
    meeting = booked(link)
    changes.reassign_meeting(meeting=meeting, to=other_owner, doer=STAFF, now=NOW)
    deliver_all()
    before = parts_of(to(ANN_AT)[0])["ics"]["ORGANIZER"]
    mail.outbox.clear()
    meeting.refresh_from_db()
    meeting.conference_url = "https://meet.example/late"
    send_link(meeting)
    meeting.save()
    deliver_all()
    assert str(parts_of(to(ANN_AT)[0])["ics"]["ORGANIZER"]) == str(before)


def test_what_the_booker_typed_is_in_no_guests_file(link):
    meeting = booked(link, message="My back hurts")
    move(meeting)
    deliver_all()
    assert "My back hurts" in str(parts_of(to(ANN_AT)[0])["ics"]["DESCRIPTION"])
    for letter in to(CY["email"]):
        assert b"My back hurts" not in letter.message().as_bytes()
        assert "back hurts" not in str(parts_of(letter)["ics"].get("DESCRIPTION", ""))


# --- What goes with the event ---


def test_zoom_follows_a_move_and_ends_with_the_meeting(sandbox, google, client_owner, connect):
    connect(client_owner, "zoom", email="desk@zoom.example")
    meeting = booked(make_link(client_owner, conference="zoom"))
    url = meeting.conference_url
    move(meeting)
    deliver_all()
    (room,) = sandbox.store.all("meeting")
    assert room["start_time"].startswith("2026-11-19T09:00")
    meeting.refresh_from_db()
    assert meeting.conference_url == url
    cancel(meeting)
    deliver_all()
    assert [one for one in sandbox.store.all("meeting") if not one.get("deleted")] == []
    assert ZoomMeeting.objects.filter(deleted_at__isnull=True).count() == 0


def test_uses_of_the_account_name_the_meeting_as_their_reason(sandbox, connection, owner):
    meeting = booked(make_link(owner))
    move(meeting)
    cancel(move(meeting, start=TEN + HOUR))
    deliver_all()
    reasons = set(OAuthTokenAccessLog.objects.values_list("reason", flat=True))
    assert "booking.events.delete" in reasons
    assert "calendar.events.delete" not in reasons


def test_the_bookers_language_is_spoken(link):
    from booking.booker import Booker

    booker = Booker(name="Ann", email=ANN_AT, timezone="Europe/Berlin", language="de")
    meeting = book(link, booker=booker)
    deliver_all()
    mail.outbox.clear()
    move(meeting)
    deliver_all()
    (letter,) = to(ANN_AT)
    assert "19. November" in letter.body


def test_no_mail_tells_of_a_no_show(link):
    meeting = booked(link)
    changes.mark_no_show(meeting=meeting, doer=STAFF, now=NINE)
    deliver_all()
    assert mail.outbox == []
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.NO_SHOW
