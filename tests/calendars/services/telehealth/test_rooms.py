"""Which events get a room, what edits do to it, and the line in their text."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from calendars.providers.base import EventDraft
from calendars.providers.joining import with_own_line, without_own_line
from calendars.services import events
from conferencing.enums import Conference, EntrantKind, LinkKind
from conferencing.models import TelehealthRoom
from conferencing.telehealth import rooms
from conferencing.telehealth.door import Door, standing_of
from conferencing.telehealth.links import join_url
from tests.calendars.services.telehealth.conftest import (
    HOUR,
    NATIVE,
    TOMORROW,
    at_provider,
    door,
    room_of,
)

pytestmark = pytest.mark.django_db


# --- Which events get one ---


@pytest.mark.parametrize("text", ["Bring the list.", "", "<p><b>Bring</b> the list.</p>"])
def test_event_with_a_conference_gets_our_link_first_and_keeps_the_providers(make, actor, text):
    event = make(description=text)

    url = join_url(room_of(event).pk)
    remote = at_provider(event, actor)
    assert remote.description.count(url) >= 1
    assert without_own_line(remote.description) == text == event.description
    assert (remote.location, event.location) == (url, "")
    assert event.conference == NATIVE[event.calendar.connection.provider]
    assert (room_of(event).start_at, room_of(event).end_at) == (TOMORROW, TOMORROW + HOUR)


def test_place_that_was_given_stays_the_place(make, actor):
    event = make(location="Room 4")
    assert (at_provider(event, actor).location, event.location) == ("Room 4", "Room 4")
    assert event.room_id is not None


def test_event_without_a_conference_gets_none(make, actor):
    event = make(conference=Conference.NONE)
    assert event.room_id is None
    assert not TelehealthRoom.objects.exists()


def test_workspace_without_telehealth_gets_none(make, clinic, calendar):
    clinic.telehealth_enabled = False
    clinic.save()
    calendar.workspace.refresh_from_db()
    assert make().room_id is None


def test_installation_without_livekit_gets_none(make, settings):
    settings.LIVEKIT_API_KEY = ""
    event = make()
    assert event.room_id is None
    assert event.conference


def test_zoom_link_stands_after_ours(make, connect, user_owner, actor):
    connect(user_owner, "zoom")
    event = make(conference=Conference.ZOOM, description="Bring the list.")
    ours, zoom = join_url(room_of(event).pk), event.conference_url

    remote = at_provider(event, actor)
    assert remote.description.index(ours) < remote.description.index(zoom)
    assert remote.location == ours
    assert zoom.startswith("http")
    assert ours not in event.description
    changed = events.update_event(
        event=event, draft=EventDraft(description="Another text."), actor=actor
    )
    again = at_provider(event, actor).description
    assert again.index("Another text.") < again.index(ours) < again.index(zoom)
    assert (again.count(f"Join: {ours}"), again.count(f"Join with Zoom: {zoom}")) == (1, 1)
    assert (changed.room_id, changed.conference_url) == (event.room_id, zoom)


def test_repeat_with_the_same_key_has_the_same_room(make):
    first = make(idempotency_key="a" * 32)
    again = make(idempotency_key="a" * 32)
    assert (first.pk, first.room_id) == (again.pk, again.room_id)
    assert TelehealthRoom.objects.count() == 1


def test_event_that_was_refused_leaves_a_room_that_nobody_can_enter(make, sandbox, clock):
    sandbox.fault("google.events.insert", status=403, reason="forbidden")
    sandbox.fault("microsoft.events.create", status=403)
    with pytest.raises(Exception, match=r"\w"):
        make()
    room = TelehealthRoom.objects.get()
    assert standing_of(room, EntrantKind.GUEST, timezone.now()).door is Door.UNKNOWN
    clock.shift(timedelta(hours=2))
    rooms.look_at_due_rooms(timezone.now())
    assert not TelehealthRoom.objects.exists()


# --- Edits ---


@pytest.mark.parametrize("text", ["Another text.", "", "<p><i>Another</i> text.</p>"])
def test_another_description_neither_loses_nor_doubles_it(make, actor, text):
    event = make(description="Bring the list.")
    changed = events.update_event(event=event, draft=EventDraft(description=text), actor=actor)

    remote = at_provider(event, actor)
    assert without_own_line(remote.description) == text == changed.description
    line = without_own_line(remote.description) != remote.description
    assert line
    assert remote.description.count("Join: ") == 1
    assert changed.room_id == event.room_id
    assert room_of(event).revoked_at is None


def test_moved_event_takes_its_room_along(make, actor):
    event = make()
    later = TOMORROW + timedelta(hours=3)
    events.update_event(event=event, draft=EventDraft(start=later, end=later + HOUR), actor=actor)

    room = room_of(event)
    assert (room.start_at, room.end_at, room.moved_from_at) == (later, later + HOUR, TOMORROW)
    assert door(event, TOMORROW) is Door.EARLY
    assert door(event, later) is Door.OPEN


def test_conference_taken_off_calls_the_room_off(make, actor, calendar):
    if calendar.connection.provider == "outlook":
        pytest.skip("Outlook cannot take a Teams meeting off an event.")
    event = make(description="Bring the list.")
    room = room_of(event)
    changed = events.update_event(
        event=event, draft=EventDraft(conference=Conference.NONE), actor=actor
    )

    room.refresh_from_db()
    assert room.revoked_at is not None
    assert changed.room_id is None
    remote = at_provider(event, actor)
    assert (remote.description, remote.location) == ("Bring the list.", "")
    assert standing_of(room, EntrantKind.GUEST, TOMORROW).door is Door.OFF
    back = events.update_event(
        event=changed, draft=EventDraft(conference=Conference.MEET), actor=actor
    )
    assert back.room_id not in {None, room.pk}
    room.refresh_from_db()
    assert room.revoked_at is not None


def test_conference_that_comes_later_brings_a_room(make, actor, calendar):
    event = make(conference=Conference.NONE, description="Bring the list.")
    wanted = NATIVE[calendar.connection.provider]
    changed = events.update_event(event=event, draft=EventDraft(conference=wanted), actor=actor)
    assert changed.room_id is not None
    assert changed.description == "Bring the list."
    assert door(changed, TOMORROW) is Door.OPEN


def test_deleted_event_calls_it_off_and_no_link_opens_it(make, actor):
    event = make()
    room = room_of(event)
    events.delete_event(event=event, actor=actor)

    room.refresh_from_db()
    assert room.revoked_at is not None
    assert standing_of(room, EntrantKind.GUEST, TOMORROW).door is Door.OFF


@pytest.mark.parametrize("text", ["See {0} before.", "<p>See <b>{0}</b> before.</p>"])
def test_link_of_another_room_in_somebodys_words_is_not_the_events(make, actor, text):
    other = make(start=TOMORROW + 3 * HOUR)
    quoted = text.format(join_url(other.room_id))
    event = make(description=quoted)
    assert event.room_id not in {None, other.room_id}
    assert event.description == quoted
    changed = events.update_event(event=event, draft=EventDraft(title="New"), actor=actor)
    assert changed.room_id == event.room_id
    assert door(other, TOMORROW) is Door.EARLY


# --- The line in a text ---


@pytest.mark.parametrize(
    "text",
    ["", "One", "One\n\nTwo", "<p>One</p>", "<p>One</p><ul><li>Two</li></ul>", "Join: us"],
)
def test_line_goes_in_and_out_of_a_text(text):
    from uuid import uuid4

    url = join_url(uuid4(), LinkKind.GUEST)
    once = with_own_line(text, url)
    assert url in once
    assert without_own_line(once) == text
    assert with_own_line(once, url) == once
    other = join_url(uuid4(), LinkKind.GUEST)
    assert with_own_line(once, other).count("/join/") == once.count("/join/")
