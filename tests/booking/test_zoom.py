"""A booking's Zoom link: it comes late, not at all, or has to stay while somebody was sent it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail

from booking.models import Meeting
from calendars.models import Event
from calendars.providers.base import EventDraft
from calendars.services import events
from calendars.services.link_retry import retry_link
from common import outbox
from conferencing.enums import LinkFailure
from conferencing.models import ZoomConnection, ZoomMeeting
from conferencing.services.upkeep import sweep_zoom
from tests.booking.conftest import book, deliver_all, make_link
from tests.booking.test_delivery import parts_of, to
from workspaces.enums import Tier

pytestmark = pytest.mark.django_db

CREATE = "zoom.meetings.create"
BOOKER, OWNER = "ann@tallship.example", "desk@northgate.example"


@pytest.fixture(params=["google", "outlook"])
def zoom(request, clock, connect, client_owner):
    connect(client_owner, request.param)
    return connect(client_owner, "zoom", email="desk@zoom.example")


@pytest.fixture
def booked(zoom, client_owner):
    def made():
        meeting = book(make_link(client_owner, conference="zoom"))
        deliver_all()
        meeting.refresh_from_db()
        return meeting

    return made


def later(clock, delta):
    clock.shift(delta)
    deliver_all()
    sweep_zoom()
    deliver_all()
    return Meeting.objects.get()


def rooms(sandbox):
    return [str(one["id"]) for one in sandbox.store.all("meeting")]


def text_to(address, which=-1):
    return parts_of(to(address)[which])["text/plain"]


@pytest.mark.parametrize("how", [{"status": 503}, {"lost": True}, {"delay": 60}])
def test_mails_wait_a_moment_for_a_link_that_zoom_gives_at_the_second_try(
    booked, sandbox, clock, how
):
    sandbox.fault(CREATE, **how)
    meeting = booked()
    assert meeting.calendar_event_id is not None
    assert mail.outbox == []
    meeting = later(clock, timedelta(seconds=20))
    assert meeting.conference_url
    assert len(to(BOOKER)) == len(to(OWNER)) == 1
    assert meeting.conference_url in text_to(BOOKER)
    assert len(rooms(sandbox)) == 1


def test_link_that_comes_after_the_daily_limit_follows_in_a_second_mail(booked, sandbox, clock):
    sandbox.store.set_setting("zoom.daily_limit", 0)
    meeting = booked()
    words = "Zoom takes no more meetings today. It is tried again after 00:00 UTC."
    assert (meeting.conference_state, meeting.conference_note) == ("failed", words)
    assert words in text_to(OWNER)
    assert len(to(BOOKER)) == 1
    sandbox.store.set_setting("zoom.daily_limit", 100)
    meeting = later(clock, timedelta(hours=16))
    assert len(to(BOOKER)) == 2
    assert meeting.conference_url in text_to(BOOKER)
    assert parts_of(to(BOOKER)[-1])["ics"]["SEQUENCE"] == 1


def test_owner_hears_when_a_link_that_was_tried_for_hours_is_given_up(booked, sandbox, clock):
    sandbox.fault(CREATE, status=503, count=None)
    booked()
    for _ in range(12):
        meeting = later(clock, timedelta(hours=1))
    assert meeting.conference_note == "Zoom did not answer."
    assert len(to(BOOKER)) == 1
    assert parts_of(to(OWNER)[-1])["subject"].startswith("No join link")


def test_link_is_asked_for_again_after_the_account_is_connected_again(
    booked, sandbox, clock, connect, client_owner, actor
):
    ZoomConnection.objects.update(state="reconnect_needed")
    meeting = booked()
    assert meeting.conference_state == "failed"
    assert "Zoom is not connected" in text_to(OWNER)
    ZoomConnection.objects.update(state="active")
    event = Event.objects.select_related("calendar__workspace").get()
    assert (event.conference, event.conference_state) == ("zoom", "failed")
    retry_link(event=event, actor=actor)
    meeting = later(clock, timedelta(seconds=5))
    assert meeting.conference_url
    assert meeting.conference_url in text_to(BOOKER)


def test_booking_promises_no_other_try_once_the_plan_has_no_zoom(booked, sandbox, clock, workspace):
    sandbox.fault(CREATE, status=503)
    booked()
    type(workspace).objects.update(tier=Tier.FREE)
    meeting = later(clock, timedelta(minutes=1))
    assert meeting.conference_failure == LinkFailure.PLAN
    assert meeting.conference_note.startswith("Zoom is on the ")
    assert "by itself" not in text_to(OWNER)


def deleted_at_zoom(sandbox, actor, title="Council"):
    """Somebody deletes the meeting there; a change of its event brings it to light."""
    (room,) = rooms(sandbox)
    sandbox.store.drop("meeting", room)
    event = Event.objects.select_related("calendar__workspace", "workspace").get()
    events.update_event(event=event, draft=EventDraft(title=title), actor=actor)


def test_booker_gets_each_link_that_takes_the_place_of_one_deleted_at_zoom(
    booked, sandbox, clock, actor
):
    meeting = booked()
    for mails in (2, 3):
        was = meeting.conference_url
        deleted_at_zoom(sandbox, actor, f"Council {mails}")
        meeting = later(clock, timedelta(minutes=1))
        (room,) = rooms(sandbox)
        assert room in meeting.conference_url != was
        assert len(to(BOOKER)) == mails
        assert meeting.conference_url in text_to(BOOKER)
    assert len(to(OWNER)) == 1


def test_link_that_was_deleted_at_zoom_goes_where_there_can_be_no_other(
    booked, sandbox, clock, actor, workspace
):
    meeting = booked()
    type(workspace).objects.update(tier=Tier.FREE)
    dead = meeting.conference_url
    deleted_at_zoom(sandbox, actor)
    meeting = later(clock, timedelta(minutes=1))
    event = Event.objects.get()
    assert dead not in f"{event.description} {event.location}"
    assert (event.conference, event.conference_state) == ("zoom", "failed")
    assert event.conference_note.startswith("The Zoom meeting was deleted at Zoom. Zoom is on the ")
    assert (meeting.conference_url, meeting.conference_state) == ("", "failed")
    assert [parts_of(one)["subject"].split(" for ")[0] for one in to(BOOKER)][1:] == [
        "No join link"
    ]


def test_link_that_was_deleted_at_zoom_says_so_when_there_comes_no_other(
    booked, sandbox, clock, actor
):
    booked()
    sandbox.fault(CREATE, status=503, count=None)
    deleted_at_zoom(sandbox, actor)
    for _ in range(20):
        later(clock, timedelta(hours=1))
    note = Event.objects.get().conference_note
    assert note == (
        "The Zoom meeting was deleted at Zoom. Zoom did not answer. Choose another meeting link."
    )


def test_room_stays_while_the_booker_has_its_link_though_the_event_was_deleted(
    booked, sandbox, clock, actor
):
    meeting = booked()
    event = Event.objects.select_related("calendar__workspace", "workspace").get()
    events.delete_event(event=event, actor=actor)
    later(clock, timedelta(days=2))
    assert rooms(sandbox)
    Meeting.objects.filter(pk=meeting.pk).update(state="cancelled")
    later(clock, timedelta(days=1))
    assert rooms(sandbox) == []


def test_room_of_an_event_that_could_not_be_made_is_deleted(zoom, client_owner, sandbox, clock):
    operation = "google.events.insert"
    if zoom.client.calendar_connections.get().provider == "outlook":
        operation = "microsoft.events.create"
    sandbox.fault(operation, status=400, count=None)
    book(make_link(client_owner, conference="zoom"))
    deliver_all()
    later(clock, timedelta(days=2))
    assert rooms(sandbox) == []
    assert not ZoomMeeting.objects.filter(deleted_at=None).exists()


def test_room_waits_for_an_event_that_is_tried_again_for_long(zoom, client_owner, sandbox, clock):
    operation = "google.events.insert"
    if zoom.client.calendar_connections.get().provider == "outlook":
        operation = "microsoft.events.create"
    fault = sandbox.fault(operation, status=503, count=None)
    book(make_link(client_owner, conference="zoom"))
    outbox.sweep()
    for _ in range(3):
        later(clock, timedelta(minutes=20))
    (made,) = rooms(sandbox)
    sandbox.store.drop("fault", fault["id"])
    meeting = later(clock, timedelta(hours=1))
    assert rooms(sandbox) == [made]
    assert made in meeting.conference_url
