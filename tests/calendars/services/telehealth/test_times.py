"""Rooms are prepared and closed by their times, those of series at each of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from calendars.enums import Scope
from calendars.models import Event
from calendars.providers.base import EventDraft
from calendars.services import events, series
from common import outbox
from common.models import OutboxMessage
from conferencing.enums import Conference
from conferencing.livekit import LiveKitClient, configured_server
from conferencing.telehealth import rooms
from conferencing.telehealth.door import Door
from tests.calendars.services.telehealth.conftest import (
    HOUR,
    NOW,
    TOMORROW,
    at_provider,
    door,
    room_of,
)

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def deliver():
    for _ in range(5):
        if not outbox.sweep():
            return


def rooms_at_livekit():
    now = timezone.now()
    return LiveKitClient(configured_server(), now=now, time_limit=timedelta(seconds=5)).room_names()


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
