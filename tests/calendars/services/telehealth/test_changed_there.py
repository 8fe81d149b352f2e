"""Rooms follow events that are changed at the provider, and no stranger's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from calendars.models import Event
from calendars.providers.base import Attendee, EventDraft
from calendars.services import events, relocating
from conferencing.enums import EntrantKind
from conferencing.telehealth.door import Door, standing_of
from conferencing.telehealth.links import join_url
from tests.calendars.services.telehealth.conftest import HOUR, TOMORROW, at_provider, door, room_of

pytestmark = pytest.mark.django_db


def test_start_moved_at_the_provider_moves_the_room(sandbox, google, event, copy_events):
    later = TOMORROW + timedelta(hours=3)
    start, end = ({"dateTime": at.isoformat()} for at in (later, later + HOUR))
    sent = {"start": start, "end": end}
    sandbox.store.change_event(sandbox.calendar(google), event.remote_id, sent)
    copy_events(google)
    assert (room_of(event).start_at, room_of(event).moved_from_at) == (later, TOMORROW)


def test_event_deleted_at_the_provider_calls_it_off_and_restored_opens_it(
    sandbox, google, event, copy_events
):
    room = room_of(event)
    sandbox.store.delete_event(sandbox.calendar(google), event.remote_id)
    copy_events(google)
    room.refresh_from_db()
    assert room.revoked_at is not None
    sandbox.store.change_event(sandbox.calendar(google), event.remote_id, {"status": "confirmed"})
    copy_events(google)
    room.refresh_from_db()
    assert room.revoked_at is None
    assert door(event, TOMORROW) is Door.OPEN


def test_link_taken_out_of_the_text_calls_it_off(sandbox, google, event, copy_events):
    room = room_of(event)
    sent = {"description": "Nothing here.", "location": ""}
    sandbox.store.change_event(sandbox.calendar(google), event.remote_id, sent)
    copy_events(google)
    room.refresh_from_db()
    assert room.revoked_at is not None


def test_copy_of_the_event_at_the_provider_opens_the_same_room(
    sandbox, google, event, copy_events, actor
):
    day_after = TOMORROW + timedelta(days=1)
    sandbox.store.add_event(
        sandbox.calendar(google),
        title="Session",
        start=day_after,
        end=day_after + HOUR,
        description=f"Join: {join_url(event.room_id)}",
    )
    copy_events(google)
    assert door(event, TOMORROW) is Door.OPEN
    assert door(event, day_after) is Door.OPEN
    events.delete_event(event=event, actor=actor)
    assert door(event, day_after) is Door.OPEN


def test_invitation_of_a_stranger_with_the_link_opens_nothing(
    sandbox, google, event, copy_events, actor
):
    another_day = TOMORROW + timedelta(days=3)
    sandbox.store.add_event(
        sandbox.calendar(google),
        title="Come in",
        start=another_day,
        end=another_day + HOUR,
        organizer="stranger@elsewhere.example",
        description=f"Join: {join_url(event.room_id)}",
    )
    copy_events(google)
    assert Event.objects.filter(title="Come in", room_id=event.room_id).exists()
    assert door(event, another_day) is Door.LATE
    events.delete_event(event=event, actor=actor)
    assert room_of(event).revoked_at is not None
    assert door(event, another_day) is Door.OFF


def test_event_of_another_workspace_with_the_link_opens_nothing(
    sandbox, google, event, copy_events, connect, charlie, other_workspace
):
    from workspaces.owners import owner_of_user

    theirs = connect(owner_of_user(charlie, other_workspace), "google", user=charlie)
    another_day = TOMORROW + timedelta(days=3)
    sandbox.store.add_event(
        sandbox.calendar(theirs),
        title="Mine",
        start=another_day,
        end=another_day + HOUR,
        description=f"Join: {join_url(event.room_id)}",
    )
    copy_events(theirs)
    assert door(event, another_day) is Door.LATE
    assert door(event, TOMORROW) is Door.OPEN


def test_disconnected_account_leaves_the_last_known_time(google, event):
    room = room_of(event)
    google.delete()
    room.refresh_from_db()
    assert not Event.objects.exists()
    standing = standing_of(room, EntrantKind.GUEST, TOMORROW)
    assert (standing.door, standing.start_at) == (Door.OPEN, TOMORROW)


def test_event_in_another_calendar_keeps_its_room(sandbox, google, event, copy_events, actor):
    sandbox.store.add_calendar(sandbox.account(google), name="Studio")
    copy_events(google)
    studio = google.calendars.select_related("workspace").get(is_primary=False)
    event = Event.objects.select_related("calendar__workspace").get(pk=event.pk)
    moved = relocating.move_event(event=event, to=studio, actor=actor)
    assert (moved.room_id, moved.pk != event.pk) == (event.room_id, True)
    assert room_of(moved).revoked_at is None
    assert door(moved, TOMORROW) is Door.OPEN


def test_guests_read_our_link_in_the_invitation(google, actor, event):
    changed = events.update_event(
        event=event, draft=EventDraft(attendees=(Attendee("ann@tallship.example"),)), actor=actor
    )
    assert join_url(changed.room_id) in at_provider(changed, actor).description
