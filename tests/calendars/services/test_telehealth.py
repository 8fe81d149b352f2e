"""Telehealth rooms that follow their events, on both providers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from audit.enums import AccessReason
from calendars.enums import Scope
from calendars.models import Event
from calendars.providers.base import Attendee, EventDraft
from calendars.providers.joining import with_own_line, without_own_line
from calendars.services import events, mirror, relocating, series, writing
from common import http, outbox
from common.models import OutboxMessage
from conferencing.enums import Conference, EntrantKind, LinkKind
from conferencing.livekit import LiveKitClient, configured_server
from conferencing.models import TelehealthRoom
from conferencing.telehealth import rooms
from conferencing.telehealth.door import Door, standing_of
from conferencing.telehealth.links import join_url
from sandbox.server import create_app
from tests.conftest import SANDBOX_URL
from tests.fidelity.validate import RecordingWSGIAdapter

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
TOMORROW = NOW + timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
NATIVE = {"google": Conference.MEET, "outlook": Conference.TEAMS}


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=True) as traveller:
        yield traveller


@pytest.fixture
def sandbox(sandbox):
    """The stand-ins, strict about both sides of every call."""
    http.mount(f"{SANDBOX_URL}/", RecordingWSGIAdapter(create_app(sandbox.store, SANDBOX_URL)))
    return sandbox


@pytest.fixture
def clinic(workspace):
    """The workspace, with telehealth on."""
    workspace.telehealth_enabled = True
    workspace.save()
    return workspace


@pytest.fixture(params=["google", "outlook"])
def connection(request, clinic, user_owner, connect):
    return connect(user_owner, request.param)


@pytest.fixture
def calendar(connection):
    return connection.calendars.select_related("workspace").get(is_primary=True)


@pytest.fixture
def make(calendar, actor):
    def made(*, start=TOMORROW, conference=None, in_calendar=None, **fields):
        given = {"title": "Session", "start": start, "end": start + HOUR, "timezone": "UTC"}
        wanted = NATIVE[calendar.connection.provider] if conference is None else conference
        draft = EventDraft(**{**given, "conference": wanted, **fields})
        return events.create_event(calendar=in_calendar or calendar, draft=draft, actor=actor)

    return made


def room_of(event) -> TelehealthRoom:
    return TelehealthRoom.objects.get(pk=Event.objects.get(pk=event.pk).room_id)


def at_provider(event, actor):
    with writing.opened_for(event, actor, AccessReason.EVENT_GET) as provider:
        return provider.get_event(mirror.as_remote(event.calendar), event.remote_id)


def deliver():
    for _ in range(5):
        if not outbox.sweep():
            return


def rooms_at_livekit():
    now = timezone.now()
    return LiveKitClient(configured_server(), now=now, time_limit=timedelta(seconds=5)).room_names()


def door(event, now=None):
    return standing_of(room_of(event), EntrantKind.GUEST, now or timezone.now()).door


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


# --- Prepared and closed ---


def test_room_is_prepared_shortly_before(make, clock):
    event = make()
    deliver()
    assert rooms_at_livekit() == []

    clock.move_to(TOMORROW - 11 * MINUTE)
    deliver()
    assert rooms_at_livekit() == []
    clock.move_to(TOMORROW - 9 * MINUTE)
    deliver()
    assert rooms_at_livekit() == [room_of(event).name]
    assert room_of(event).warmed_at is not None


def test_room_that_is_wanted_soon_is_prepared_at_once(make):
    event = make(start=NOW + 5 * MINUTE)
    deliver()
    assert rooms_at_livekit() == [room_of(event).name]


def test_moved_event_is_prepared_for_its_new_time_only(make, actor, clock):
    event = make()
    later = TOMORROW + timedelta(hours=3)
    events.update_event(event=event, draft=EventDraft(start=later, end=later + HOUR), actor=actor)
    clock.move_to(TOMORROW - 9 * MINUTE)
    deliver()
    assert rooms_at_livekit() == []
    clock.move_to(later - 9 * MINUTE)
    deliver()
    assert rooms_at_livekit() == [room_of(event).name]


def test_called_off_room_is_closed_at_livekit(make, actor):
    event = make(start=NOW + 5 * MINUTE)
    deliver()
    events.delete_event(event=event, actor=actor)
    deliver()
    assert rooms_at_livekit() == []
    assert OutboxMessage.objects.filter(kind=rooms.CLOSE_KIND, state="sent").count() == 1


def test_livekit_that_is_down_delays_only_the_preparing(make, sandbox, clock):
    sandbox.fault("livekit.rooms.create", status=503, count=2)
    event = make(start=NOW + 5 * MINUTE)
    deliver()
    assert room_of(event).warmed_at is None
    clock.shift(timedelta(minutes=2))
    deliver()
    clock.shift(timedelta(minutes=2))
    deliver()
    assert room_of(event).warmed_at is not None


def test_refused_key_is_told_on_the_room(make, sandbox):
    sandbox.fault("livekit.*", status=401, count=None)
    event = make(start=NOW + 5 * MINUTE)
    deliver()
    assert "does not accept this installation's key" in room_of(event).last_error
    assert event.conference


# --- Series ---


@pytest.fixture
def weekly(make, clock):
    """Five Mondays at nine in Berlin; the clocks go back before the third."""
    clock.move_to(datetime(2026, 10, 1, tzinfo=UTC))
    start = datetime(2026, 10, 12, 9, tzinfo=ZoneInfo("Europe/Berlin"))
    lines = ("RRULE:FREQ=WEEKLY;COUNT=5",)
    return make(start=start, timezone="Europe/Berlin", recurrence=lines)


def nth(rule, number):
    rows = Event.objects.filter(
        series_remote_id=rule.remote_id, deleted_at__isnull=True
    ).select_related("calendar__workspace")
    return rows.order_by("start_at")[number]


def test_series_has_one_room_that_opens_at_each_of_its_times(weekly):
    occurrences = [nth(weekly, number) for number in range(5)]
    assert {one.room_id for one in occurrences} == {weekly.room_id}

    hours = []
    for one in occurrences:
        hours.append(one.start_at.hour)
        assert door(one, one.start_at - 16 * MINUTE) is Door.EARLY
        assert door(one, one.start_at - 15 * MINUTE) is Door.OPEN
        assert door(one, one.end_at + 60 * MINUTE) is Door.OPEN
    assert hours == [7, 7, 8, 8, 8]
    assert door(occurrences[4], occurrences[4].end_at + 61 * MINUTE) is Door.LATE


def test_each_time_of_a_series_is_prepared(weekly, clock):
    for number in range(3):
        one = nth(weekly, number)
        clock.move_to(one.start_at - 9 * MINUTE)
        rooms.look_at_due_rooms(timezone.now())
        deliver()
        assert rooms_at_livekit() == [room_of(one).name], number
        room = room_of(one)
        assert (room.start_at, room.moved_from_at) == (one.start_at, None)


def test_deleted_occurrence_does_not_open_it(weekly, actor):
    second, third = nth(weekly, 1), nth(weekly, 2)
    series.delete_event(event=second, actor=actor, scope=Scope.THIS)
    assert door(third, second.start_at) is Door.EARLY
    assert door(third, third.start_at) is Door.OPEN
    series.delete_event(event=third, actor=actor, scope=Scope.ALL)
    assert room_of(weekly).revoked_at is not None


def test_later_half_of_a_series_keeps_the_room(weekly, actor):
    third = nth(weekly, 2)
    later = third.start_at + timedelta(hours=2)
    done = series.update_event(
        event=third,
        draft=EventDraft(start=later, end=later + HOUR, timezone="Europe/Berlin"),
        actor=actor,
        scope=Scope.FOLLOWING,
    )
    assert done.event.room_id == weekly.room_id
    first = nth(weekly, 0)
    assert door(first, first.start_at) is Door.OPEN
    assert door(first, later) is Door.OPEN
    assert door(first, third.start_at - 10 * MINUTE) is Door.EARLY


def test_conference_taken_off_a_series_calls_its_room_off(weekly, actor):
    if weekly.calendar.connection.provider == "outlook":
        pytest.skip("Outlook cannot take a Teams meeting off an event.")
    room = room_of(weekly)
    series.update_event(
        event=nth(weekly, 1),
        draft=EventDraft(conference=Conference.NONE),
        actor=actor,
        scope=Scope.ALL,
    )
    room.refresh_from_db()
    assert room.revoked_at is not None
    assert set(Event.objects.values_list("room_id", flat=True)) == {None}


def test_conference_taken_off_the_later_half_leaves_the_first_one_its_room(weekly, actor):
    if weekly.calendar.connection.provider == "outlook":
        pytest.skip("Outlook cannot take a Teams meeting off an event.")
    done = series.update_event(
        event=nth(weekly, 2),
        draft=EventDraft(conference=Conference.NONE, title="By telephone"),
        actor=actor,
        scope=Scope.FOLLOWING,
    )
    first = nth(weekly, 0)
    assert done.event.room_id is None
    assert "/join/" not in at_provider(done.event, actor).description
    assert door(first, first.start_at) is Door.OPEN
    assert door(first, done.event.start_at) is Door.LATE


# --- Changed at the provider ---


@pytest.fixture
def google(clinic, user_owner, connect, copy_events):
    connection = connect(user_owner, "google")
    copy_events(connection)
    return connection


@pytest.fixture
def event(google, actor):
    calendar = google.calendars.select_related("workspace").get(is_primary=True)
    draft = EventDraft(
        title="Session",
        start=TOMORROW,
        end=TOMORROW + HOUR,
        timezone="UTC",
        conference=Conference.MEET,
    )
    return events.create_event(calendar=calendar, draft=draft, actor=actor)


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
