"""Zoom meetings that are still being made while their bookings change hands or are a group's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from booking.models import Meeting
from booking.services import changes
from booking.services.messages import event_key
from booking.services.zoom_rooms import uses
from conferencing.models import ZoomMeeting
from conferencing.services.upkeep import sweep_zoom
from tests.booking.conftest import NOW, book, deliver_all, make_link
from tests.booking.test_changes import BEN, GUEST, STAFF
from tests.factories import make_client
from workspaces.owners import ClientOwner

pytestmark = pytest.mark.django_db

INSERT = {"google": "google.events.insert", "outlook": "microsoft.events.create"}


@pytest.fixture(params=["google", "outlook"])
def provider(request, clock, connect, client_owner):
    connect(client_owner, request.param)
    connect(client_owner, "zoom", email="desk@zoom.example")
    return request.param


@pytest.fixture
def southgate(provider, connect, workspace):
    client = make_client(workspace, "Southgate", primary_contact_email="south@gate.example")
    owner = ClientOwner(workspace=workspace, client=client)
    connect(owner, provider, email="south@cal.example")
    connect(owner, "zoom", email="south@zoom.example")
    return owner


def go_on(clock, hours):
    """The calendar stays down; whoever looks after Zoom meetings passes every hour."""
    for _hour in range(hours):
        clock.shift(timedelta(hours=1))
        deliver_all(1)
        sweep_zoom()


def try_again(clock):
    """The first try failed, and whatever comes after it in its queue waits for the next one."""
    clock.shift(timedelta(minutes=1))
    deliver_all(1)


def rooms():
    return {room.intent_key: room for room in ZoomMeeting.objects.filter(deleted_at=None)}


def test_room_of_a_meeting_that_was_handed_over_waits_for_its_event(
    provider, southgate, client_owner, sandbox, clock
):
    """Its event is wished for with another key then, and the former owner's room goes."""
    fault = sandbox.fault(INSERT[provider], status=503, count=None)
    meeting = book(make_link(client_owner, conference="zoom"))
    deliver_all(1)
    former = set(rooms())
    meeting = changes.reassign_meeting(meeting=meeting, to=southgate, doer=STAFF, now=NOW)
    try_again(clock)
    (kept,) = set(rooms()) - former
    assert kept == event_key(meeting).hex
    said = uses(list(rooms().values()))
    assert said[rooms()[kept].pk].is_live
    assert [said[rooms()[one].pk].is_live for one in former] == [False]
    go_on(clock, 2)
    assert kept in rooms()
    sandbox.store.drop("fault", fault["id"])
    go_on(clock, 1)
    meeting = Meeting.objects.get()
    assert set(rooms()) == {kept}
    assert meeting.conference_url == rooms()[kept].join_url


def test_what_is_known_of_a_room_is_the_same_alone_and_among_others(
    provider, southgate, client_owner, sandbox, clock
):
    sandbox.fault(INSERT[provider], status=503, count=None)
    meeting = book(make_link(client_owner, conference="zoom"))
    deliver_all(1)
    changes.reassign_meeting(meeting=meeting, to=southgate, doer=STAFF, now=NOW)
    try_again(clock)
    every = list(ZoomMeeting.objects.all())
    assert len(every) == 2
    assert uses(every) == uses(every[:1]) | uses(every[1:])


def test_room_of_a_group_waits_for_its_event_while_somebody_is_left(
    provider, client_owner, sandbox, clock
):
    sandbox.fault(INSERT[provider], status=503, count=None)
    link = make_link(client_owner, conference="zoom", seats=3)
    ann, ben = book(link), book(link, booker=BEN)
    deliver_all(1)
    (room,) = rooms().values()
    assert room.intent_key == ann.group_id.hex
    changes.cancel_meeting(meeting=ann, doer=GUEST, now=NOW)
    assert uses([room])[room.pk].is_live
    clock.shift(timedelta(minutes=5))
    changes.cancel_meeting(meeting=ben, doer=GUEST, now=NOW)
    ben.refresh_from_db()
    # Nobody has met there since the last one went.
    assert uses([room])[room.pk].ended_at == ben.updated_at
