"""A Zoom meeting goes where its event goes, whoever moved it and whatever Zoom says meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from calendars.enums import ConferenceState, Scope
from calendars.models import Calendar, Event
from calendars.providers.base import EventDraft
from calendars.services import events, relocating, series, sync
from calendars.services.zoom_rooms import ZOOM_LINK_KIND
from common import outbox
from common.models import OutboxMessage
from conferencing.enums import Conference, LinkFailure
from conferencing.models import ZoomConnection, ZoomMeeting
from conferencing.services.upkeep import sweep_zoom

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
NINE = datetime(2026, 11, 19, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
CREATE = "zoom.meetings.create"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(params=["google", "outlook"])
def calendar(request, connect, user_owner, copy_events):
    connection = connect(user_owner, request.param)
    connect(user_owner, "zoom")
    copy_events(connection)
    return connection.calendars.get()


@pytest.fixture
def google(connect, user_owner, copy_events):
    connection = connect(user_owner, "google")
    connect(user_owner, "zoom")
    copy_events(connection)
    return connection.calendars.get()


@pytest.fixture
def make(actor):
    def made(calendar, **given):
        draft = {
            "title": "Board",
            "start": NINE,
            "end": NINE + HOUR,
            "timezone": "Europe/Berlin",
            "conference": Conference.ZOOM,
            **given,
        }
        return events.create_event(calendar=calendar, draft=EventDraft(**draft), actor=actor)

    return made


@pytest.fixture
def rooms(sandbox):
    """What stands at Zoom: topic, start and minutes of each."""

    def found():
        return sorted(
            (one["topic"], one["start_time"] if one["type"] == 2 else None, one["duration"])
            for one in sandbox.store.all("meeting")
        )

    return found


def change(event, actor, scope=Scope.THIS, **given):
    fresh = Event.objects.get(pk=event.pk)
    return series.update_event(event=fresh, draft=EventDraft(**given), actor=actor, scope=scope)


def state_of(event):
    event = Event.objects.get(pk=event.pk)
    return event.conference, event.conference_state, event.conference_failure


def pass_time(clock, delta):
    clock.shift(delta)
    outbox.sweep()
    sweep_zoom()


# --- Changes made here ---


def test_room_follows_title_and_time(calendar, make, actor, rooms):
    event = make(calendar)
    assert rooms() == [("Board", "2026-11-19T08:00:00Z", 60)]
    change(event, actor, title="Council", start=NINE + HOUR, end=NINE + 3 * HOUR)
    assert rooms() == [("Council", "2026-11-19T09:00:00Z", 120)]


def test_room_that_could_not_follow_does_so_later(calendar, make, actor, rooms, sandbox, clock):
    event = make(calendar)
    sandbox.fault("zoom.meetings.update", status=503)
    change(event, actor, title="Council")
    assert rooms()[0][0] == "Board"
    pass_time(clock, timedelta(minutes=10))
    assert rooms()[0][0] == "Council"


@pytest.mark.parametrize("fault", [{}, {"status": 503}, {"status": 429, "reason": 429}])
def test_room_goes_with_its_event(calendar, make, actor, rooms, sandbox, clock, fault):
    event = make(calendar)
    if fault:
        sandbox.fault("zoom.meetings.delete", **fault)
    events.delete_event(event=event, actor=actor)
    pass_time(clock, timedelta(minutes=30))
    assert rooms() == []


def test_event_that_is_brought_back_has_a_room_again(calendar, make, actor, rooms, clock):
    """Deleted, and created again with what it was made with."""
    key = "a" * 32
    events.delete_event(event=make(calendar, idempotency_key=key), actor=actor)
    again = make(calendar, idempotency_key="b" * 32)
    pass_time(clock, timedelta(days=2))
    assert len(rooms()) == 1
    room = ZoomMeeting.objects.get(join_url=again.conference_url)
    assert room.is_there


def test_other_kind_of_meeting_takes_the_room_away_and_back(
    google, make, actor, rooms, sandbox, clock
):
    sandbox.store.set_setting("meet", {"mode": "immediate"})
    event = make(google)
    change(event, actor, conference=Conference.MEET)
    assert rooms() == []
    change(event, actor, conference=Conference.ZOOM)
    assert len(rooms()) == 1
    assert state_of(event) == ("zoom", ConferenceState.READY, "")
    change(event, actor, conference=Conference.NONE)
    pass_time(clock, timedelta(days=2))
    assert rooms() == []


def test_room_of_a_series_has_its_name_and_serves_all_of_it(calendar, make, actor, rooms, clock):
    event = make(calendar, recurrence=("RRULE:FREQ=WEEKLY;COUNT=4",))
    ((topic, start, _),) = rooms()
    assert (topic, start) == ("Board", None)
    change(event, actor, scope=Scope.ALL, title="Council")
    pass_time(clock, timedelta(minutes=10))
    assert [room[0] for room in rooms()] == ["Council"]
    one = Event.objects.filter(recurrence=[], deleted_at=None).order_by("start_at")[2]
    change(one, actor, title="Only this one", start=one.start_at + HOUR, end=one.end_at + HOUR)
    events.delete_event(event=Event.objects.get(pk=one.pk), actor=actor)
    pass_time(clock, timedelta(days=1))
    assert [room[:2] for room in rooms()] == [("Council", None)]
    rule = Event.objects.exclude(recurrence=[]).get(deleted_at=None)
    series.delete_event(event=rule, actor=actor, scope=Scope.ALL)
    assert rooms() == []


def test_event_that_becomes_a_series_keeps_a_room_that_does_not_run_out(
    google, make, actor, sandbox, clock
):
    event = make(google)
    change(event, actor, recurrence=("RRULE:FREQ=WEEKLY;COUNT=30",))
    pass_time(clock, timedelta(minutes=10))
    (record,) = sandbox.store.all("meeting")
    assert record["type"] == 3


def test_room_stays_with_an_event_that_moves_to_another_calendar(
    google, make, actor, rooms, sandbox, clock
):
    event = make(google)
    account = sandbox.account(google.connection)
    sandbox.store.add_calendar(account, name="Second")
    sync.sync_connection(connection=google.connection, actor=actor, now=timezone.now())
    to = Calendar.objects.get(name="Second")
    moved = relocating.move_event(event=event, to=to, actor=actor)
    pass_time(clock, timedelta(days=2))
    assert len(rooms()) == 1
    change(moved, actor, title="Council")
    assert rooms()[0][0] == "Council"


# --- Changes made at the calendar ---


def remote(sandbox, event):
    return sandbox.calendar(event.calendar.connection), event.remote_id


def test_event_deleted_at_its_provider_takes_the_room_along(
    calendar, make, actor, rooms, sandbox, clock, copy_events
):
    sandbox.store.delete_event(*remote(sandbox, make(calendar)))
    clock.shift(timedelta(minutes=1))
    copy_events(calendar.connection)
    pass_time(clock, timedelta(minutes=5))
    assert len(rooms()) == 1
    pass_time(clock, timedelta(minutes=20))
    assert rooms() == []


def test_event_moved_at_google_moves_the_room(google, make, rooms, sandbox, clock, copy_events):
    where, remote_id = remote(sandbox, make(google))
    times = {
        "start": {"dateTime": "2026-11-20T10:00:00Z"},
        "end": {"dateTime": "2026-11-20T10:30:00Z"},
    }
    sandbox.store.change_event(where, remote_id, {"summary": "Council", **times})
    clock.shift(timedelta(minutes=1))
    copy_events(google.connection)
    pass_time(clock, timedelta(minutes=10))
    assert rooms() == [("Council", "2026-11-20T10:00:00Z", 30)]


def test_event_moved_at_google_to_another_calendar_keeps_its_room(
    google, make, actor, rooms, sandbox, clock, copy_events
):
    event = make(google)
    sandbox.store.add_calendar(sandbox.account(google.connection), name="Second")
    copy_events(google.connection)
    to = Calendar.objects.get(name="Second")
    copy = make(to, conference=Conference.NONE, description=event.description)
    where, remote_id = remote(sandbox, event)
    sandbox.store.delete_event(where, remote_id)
    clock.shift(timedelta(minutes=1))
    copy_events(google.connection)
    pass_time(clock, timedelta(days=1))
    assert Event.objects.get(pk=copy.pk).conference_url == event.conference_url
    assert len(rooms()) == 1


def test_room_outlives_a_calendar_that_was_disconnected(calendar, make, rooms, clock):
    """Its guests still have the link; only our copy is gone."""
    make(calendar)
    calendar.connection.delete()
    pass_time(clock, timedelta(days=30))
    assert len(rooms()) == 1


@pytest.mark.parametrize("again", ["here", "there"])
def test_room_that_was_deleted_at_zoom_by_hand_is_replaced_when_its_event_changes(
    google, make, actor, sandbox, clock, copy_events, again
):
    event = make(google)
    (record,) = sandbox.store.all("meeting")
    sandbox.store.drop("meeting", str(record["id"]))
    if again == "here":
        change(event, actor, title="Council")
    else:
        sandbox.store.change_event(*remote(sandbox, event), {"summary": "Council"})
        clock.shift(timedelta(minutes=1))
        copy_events(google.connection)
    pass_time(clock, timedelta(minutes=10))
    outbox.sweep()
    (made,) = sandbox.store.all("meeting")
    event = Event.objects.get(pk=event.pk)
    assert (made["topic"], event.conference_state) == ("Council", ConferenceState.READY)
    assert str(made["id"]) in event.conference_url
    assert event.description.count("Join with Zoom") == 1
    assert str(record["id"]) not in event.description + event.location


# --- Zoom that makes none for now ---


def test_event_is_saved_and_its_room_comes_by_itself(calendar, make, rooms, sandbox, clock):
    sandbox.fault(CREATE, status=503, count=2)
    event = make(calendar)
    assert state_of(event) == ("zoom", ConferenceState.FAILED, LinkFailure.UNREACHABLE)
    assert event.conference_note == "Zoom did not answer. It is tried again by itself."
    pass_time(clock, timedelta(minutes=1))
    note = Event.objects.get(pk=event.pk).conference_note
    assert note == "Zoom did not answer. It is tried again by itself."
    pass_time(clock, timedelta(minutes=10))
    assert state_of(event) == ("zoom", ConferenceState.READY, "")
    assert len(rooms()) == 1


def test_daily_limit_is_waited_for_until_midnight(calendar, make, rooms, sandbox, clock):
    sandbox.store.set_setting("zoom.daily_limit", 0)
    event = make(calendar)
    assert state_of(event) == ("zoom", ConferenceState.FAILED, LinkFailure.LIMITED)
    assert (
        event.conference_note
        == "Zoom takes no more meetings today. It is tried again after 00:00 UTC."
    )
    asked = len(sandbox.calls(CREATE))
    pass_time(clock, timedelta(hours=14))
    assert len(sandbox.calls(CREATE)) == asked
    sandbox.store.set_setting("zoom.daily_limit", 100)
    pass_time(clock, timedelta(hours=2))
    assert state_of(event) == ("zoom", ConferenceState.READY, "")
    assert len(rooms()) == 1


@pytest.mark.parametrize("how", [{"lost": True}, {"delay": 60}, {"status": 200, "body": "{"}])
def test_room_whose_answer_was_lost_is_the_one_that_is_used(
    calendar, make, rooms, sandbox, clock, how
):
    sandbox.fault(CREATE, **how)
    event = make(calendar)
    pass_time(clock, timedelta(minutes=1))
    assert state_of(event) == ("zoom", ConferenceState.READY, "")
    pass_time(clock, timedelta(days=1))
    assert len(rooms()) == 1
    (record,) = sandbox.store.all("meeting")
    assert str(record["id"]) in Event.objects.get(pk=event.pk).conference_url


def test_repeat_of_the_whole_request_brings_the_link_too(calendar, make, rooms, sandbox, clock):
    sandbox.fault(CREATE, lost=True)
    key = "a" * 32
    first = make(calendar, idempotency_key=key)
    again = make(calendar, idempotency_key=key)
    assert (again.pk, again.conference_state) == (first.pk, ConferenceState.READY)
    pass_time(clock, timedelta(hours=1))
    assert len(rooms()) == 1
    assert len(sandbox.events(calendar.connection)) == 1


def test_what_is_decided_is_not_tried_again_by_itself(calendar, make, sandbox):
    sandbox.fault(CREATE, status=403, reason=200)
    event = make(calendar)
    assert state_of(event)[2] == LinkFailure.REFUSED
    assert "by itself" not in event.conference_note
    assert not OutboxMessage.objects.filter(kind=ZOOM_LINK_KIND).exists()


def test_link_that_is_given_up_says_so_no_longer(calendar, make, sandbox, clock):
    sandbox.fault(CREATE, status=503, count=None)
    event = make(calendar)
    for _ in range(20):
        pass_time(clock, timedelta(hours=1))
    note = Event.objects.get(pk=event.pk).conference_note
    assert note == "Zoom did not answer."


def test_event_that_is_deleted_meanwhile_gets_no_room(calendar, make, actor, rooms, sandbox, clock):
    sandbox.fault(CREATE, lost=True)
    event = make(calendar)
    events.delete_event(event=event, actor=actor)
    pass_time(clock, timedelta(minutes=10))
    pass_time(clock, timedelta(hours=2))
    assert rooms() == []


def test_account_that_was_disconnected_meanwhile_is_said(calendar, make, sandbox, clock):
    sandbox.fault(CREATE, status=503)
    event = make(calendar)
    ZoomConnection.objects.all().delete()
    pass_time(clock, timedelta(minutes=1))
    assert state_of(event)[2] == LinkFailure.RECONNECT
    assert "not connected" in Event.objects.get(pk=event.pk).conference_note
