"""Meeting links that come late, or never."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from audit.enums import AccessReason
from audit.models import OAuthTokenAccessLog
from calendars.enums import ConferenceState
from calendars.models import Event
from calendars.providers.base import EventDraft
from calendars.services import conferences, events
from calendars.services.settling import NO_LINK, await_forgotten
from common import outbox
from common.enums import OutboxState
from common.models import OutboxMessage
from conferencing.enums import Conference, LinkFailure

pytestmark = pytest.mark.django_db

START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=1)


@pytest.fixture
def pending(connect, user_owner, sandbox, actor):
    """An event whose Meet link needs two more reads."""
    sandbox.store.set_setting("meet", {"mode": "pending", "reads": 2})
    calendar = connect(user_owner, "google").calendars.get()
    draft = EventDraft(
        title="Board", start=START, end=START + timedelta(hours=1), conference=Conference.MEET
    )
    return events.create_event(calendar=calendar, draft=draft, actor=actor)


def deliver(seconds=0):
    with time_machine.travel(timezone.now() + timedelta(seconds=seconds), tick=False):
        return outbox.deliver(OutboxMessage.objects.get().pk)


def state():
    event = Event.objects.get()
    return event.conference_state, bool(event.conference_url), event.conference_note


def test_the_link_is_waited_for_until_it_is_there(pending):
    assert state() == (ConferenceState.PENDING, False, "")
    states = [deliver(seconds) for seconds in (0, 5, 20)]
    assert states == [OutboxState.PENDING, OutboxState.PENDING, OutboxState.SENT]
    assert state() == (ConferenceState.READY, True, "")


def test_every_look_is_logged_as_a_read_by_the_task(pending):
    deliver()
    row = OAuthTokenAccessLog.objects.order_by("seq").last()
    assert (row.reason, row.actor_kind) == (AccessReason.EVENT_GET, "task")


def test_waiting_does_not_count_as_an_attempt(pending):
    deliver()
    assert OutboxMessage.objects.get().attempts == 0


def test_a_link_that_does_not_come_is_given_up_and_said(pending, sandbox):
    sandbox.store.set_setting("meet", {"mode": "pending", "reads": 999})
    (record,) = sandbox.events(pending.calendar.connection)
    record["meet"]["reads"] = 999
    sandbox.store.put("event", record["key"], record)
    deliver()
    assert deliver(61) == OutboxState.SENT
    assert state() == (ConferenceState.FAILED, False, NO_LINK)


def test_what_was_given_up_stays_so_until_the_link_comes(pending, sandbox, copy_events):
    conferences.link_failed(pending, LinkFailure.LATE, NO_LINK)
    connection = pending.calendar.connection
    copy_events(connection)
    assert state() == (ConferenceState.FAILED, False, NO_LINK)
    for _ in range(3):
        copy_events(connection)
    assert state() == (ConferenceState.READY, True, "")


def test_choosing_again_starts_over(pending, sandbox, actor):
    conferences.link_failed(pending, LinkFailure.LATE, NO_LINK)
    sandbox.store.set_setting("meet", {"mode": "immediate", "reads": 0})
    event = Event.objects.select_related("calendar").get()
    for conference in (Conference.NONE, Conference.MEET):
        event = events.update_event(
            event=event, draft=EventDraft(conference=conference), actor=actor
        )
    assert (event.conference_state, event.conference_note) == (ConferenceState.READY, "")


def test_a_refused_link_is_a_state_of_the_event(connect, user_owner, sandbox, actor):
    sandbox.store.set_setting("meet", {"mode": "failure", "reads": 0})
    calendar = connect(user_owner, "google").calendars.get()
    draft = EventDraft(start=START, end=START + timedelta(hours=1), conference=Conference.MEET)
    events.create_event(calendar=calendar, draft=draft, actor=actor)
    deliver()
    assert state()[0] == ConferenceState.FAILED


def test_personal_outlook_account_without_link_says_so(connect, user_owner, sandbox, actor):
    sandbox.store.add_account("microsoft", email="me@outlook.example", kind="personal")
    calendar = connect(user_owner, "outlook", email="me@outlook.example").calendars.get()
    calendar.allowed_conferences = ["teams"]
    calendar.save()
    draft = EventDraft(start=START, end=START + timedelta(hours=1), conference=Conference.TEAMS)
    event = events.create_event(calendar=calendar, draft=draft, actor=actor)
    assert (event.conference, event.conference_state) == ("teams", ConferenceState.FAILED)
    assert event.conference_note


def test_an_event_deleted_meanwhile_ends_the_waiting(pending, sandbox):
    sandbox.store.delete_event(sandbox.calendar(pending.calendar.connection), pending.remote_id)
    assert deliver() == OutboxState.SENT
    assert Event.objects.get().deleted_at is not None


def test_a_provider_that_is_down_is_asked_again(pending, sandbox):
    sandbox.fault("google.events.get", status=503)
    assert deliver() == OutboxState.PENDING
    assert OutboxMessage.objects.get().attempts == 1


def test_it_is_known_since_when_the_link_is_as_it_is_and_how_often_it_was_asked_for(
    pending, copy_events
):
    asked_at = Event.objects.get().conference_since_at
    assert asked_at is not None
    for seconds in (0, 5):
        deliver(seconds)
        assert Event.objects.get().conference_since_at == asked_at
    deliver(20)
    event = Event.objects.get()
    assert (event.conference_state, event.conference_tries) == (ConferenceState.READY, 1)
    assert event.conference_since_at > asked_at
    came_at = event.conference_since_at
    copy_events(pending.calendar.connection)
    assert Event.objects.get().conference_since_at == came_at


def test_a_link_that_only_we_know_to_have_failed_outlasts_every_copy(
    connect, user_owner, sandbox, actor, copy_events
):
    sandbox.store.add_account("microsoft", email="me@outlook.example", kind="personal")
    connection = connect(user_owner, "outlook", email="me@outlook.example")
    calendar = connection.calendars.get()
    calendar.allowed_conferences = ["teams"]
    calendar.save()
    draft = EventDraft(start=START, end=START + timedelta(hours=1), conference=Conference.TEAMS)
    made = events.create_event(calendar=calendar, draft=draft, actor=actor)
    assert made.conference_failure == LinkFailure.REFUSED

    sandbox.store.change_event(sandbox.calendar(connection), made.remote_id, {"subject": "Renamed"})
    copy_events(connection)

    event = Event.objects.get()
    assert event.title == "Renamed"
    assert (event.conference, event.conference_state) == ("teams", ConferenceState.FAILED)
    assert event.conference_failure == LinkFailure.REFUSED


def test_choosing_no_link_takes_the_failure_away(connect, user_owner, sandbox, actor, copy_events):
    sandbox.store.set_setting("meet", {"mode": "failure", "reads": 0})
    calendar = connect(user_owner, "google").calendars.get()
    draft = EventDraft(start=START, end=START + timedelta(hours=1), conference=Conference.MEET)
    event = events.create_event(calendar=calendar, draft=draft, actor=actor)
    conferences.link_failed(event, LinkFailure.REFUSED, "No.")

    events.update_event(event=event, draft=EventDraft(conference=Conference.NONE), actor=actor)
    copy_events(calendar.connection)

    event = Event.objects.get()
    assert (event.conference, event.conference_state) == ("", ConferenceState.NONE)
    assert (event.conference_failure, event.conference_since_at) == ("", None)


def test_all_events_of_a_series_wait_no_longer_when_its_link_is_given_up(
    connect, user_owner, sandbox, actor
):
    sandbox.store.set_setting("meet", {"mode": "pending", "reads": 999})
    calendar = connect(user_owner, "google").calendars.get()
    draft = EventDraft(
        start=START,
        end=START + timedelta(hours=1),
        timezone="UTC",
        conference=Conference.MEET,
        recurrence=("RRULE:FREQ=DAILY;COUNT=3",),
    )
    events.create_event(calendar=calendar, draft=draft, actor=actor)
    assert deliver(61) == OutboxState.SENT
    states = Event.objects.values_list("conference_state", "conference_failure")
    assert list(states) == [(ConferenceState.FAILED, LinkFailure.LATE)] * 4


def forget(event):
    """As if the process had died between the event and the wish to have its link waited for."""
    OutboxMessage.objects.all().delete()
    long_ago = timezone.now() - timedelta(minutes=2)
    Event.objects.filter(pk=event.pk).update(conference_since_at=long_ago)


def test_a_link_that_nobody_waits_for_is_waited_for(pending):
    forget(pending)
    await_forgotten(timezone.now())
    await_forgotten(timezone.now())
    assert [deliver(seconds) for seconds in (0, 5, 20)][-1] == OutboxState.SENT
    assert state() == (ConferenceState.READY, True, "")
    await_forgotten(timezone.now() + timedelta(hours=1))
    assert not OutboxMessage.objects.filter(state=OutboxState.PENDING).exists()


@pytest.mark.parametrize("change", [{"is_organizer": False}, {"deleted_at": START}])
def test_only_links_of_our_own_living_events_are_waited_for(pending, change):
    forget(pending)
    Event.objects.update(**change)
    assert await_forgotten(timezone.now()) == 0
    assert not OutboxMessage.objects.exists()


def test_a_link_that_was_just_asked_for_is_left_to_whoever_asked(pending):
    OutboxMessage.objects.all().delete()
    assert await_forgotten(timezone.now()) == 0
