"""Another meeting link, none, another calendar, and deleting: the old link is gone from everywhere.

Every request and answer is held to what Google and Microsoft publish.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from calendars.enums import ConferenceState, Scope
from calendars.models import Event
from calendars.providers.base import Attendee, EventDraft
from calendars.services import events, relocating, series
from common import http, outbox
from common.errors import Unsupported
from common.models import OutboxMessage
from conferencing.enums import Conference, LinkFailure
from conferencing.models import ZoomMeeting
from sandbox.server import create_app
from tests.conftest import SANDBOX_URL
from tests.fidelity.validate import RecordingWSGIAdapter

pytestmark = pytest.mark.django_db

NINE = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)
HOUR = timedelta(hours=1)
DAILY = ("RRULE:FREQ=DAILY;COUNT=3",)
GUEST = (Attendee("guest@example.org"),)
MEET, TEAMS, ZOOM, NONE = Conference.MEET, Conference.TEAMS, Conference.ZOOM, Conference.NONE


@pytest.fixture
def sandbox(sandbox):
    """The stand-ins, strict about both sides of every call; links are there at once."""
    http.mount(f"{SANDBOX_URL}/", RecordingWSGIAdapter(create_app(sandbox.store, SANDBOX_URL)))
    sandbox.store.set_setting("meet", {"mode": "immediate", "reads": 0})
    return sandbox


@pytest.fixture
def google(connect, user_owner, sandbox):
    connect(user_owner, "zoom")
    return connect(user_owner, "google").calendars.get()


@pytest.fixture
def outlook(connect, user_owner, sandbox):
    connect(user_owner, "zoom")
    return connect(user_owner, "outlook").calendars.get()


def make(calendar, actor, conference, **fields):
    draft = EventDraft(
        title="Review",
        description="Agenda",
        start=NINE,
        end=NINE + HOUR,
        timezone="UTC",
        conference=conference,
        **fields,
    )
    return now(events.create_event(calendar=calendar, draft=draft, actor=actor))


def now(event):
    return Event.objects.select_related("calendar").get(pk=event.pk)


def choose(event, actor, conference, scope=Scope.THIS, **more):
    draft = EventDraft(conference=conference, **more)
    return now(series.update_event(event=event, draft=draft, actor=actor, scope=scope).event)


def told(event):
    return event.conference, event.conference_state


def rooms(sandbox):
    return sandbox.store.all("meeting")


def text_of(event):
    return f"{event.description}\n{event.location}"


def occurrences():
    return list(Event.objects.filter(recurrence=[], deleted_at=None).order_by("start_at"))


# --- One event ---


def test_meet_becomes_zoom(google, actor, sandbox, copy_events):
    event = make(google, actor, MEET)
    old = event.conference_url
    event = choose(event, actor, ZOOM)
    assert told(event) == ("zoom", ConferenceState.READY)
    assert event.conference_url in event.description
    (body,) = (one["body"] for one in sandbox.events(google.connection))
    assert old not in str(body)
    assert "conferenceData" not in body
    copy_events(google.connection)
    assert told(now(event)) == ("zoom", ConferenceState.READY)


def test_zoom_becomes_meet_and_its_room_goes(google, actor, sandbox):
    event = make(google, actor, ZOOM)
    old = event.conference_url
    event = choose(event, actor, MEET)
    assert told(event) == ("meet", ConferenceState.READY)
    assert old not in text_of(event)
    assert event.description == "Agenda"
    assert rooms(sandbox) == []
    assert ZoomMeeting.objects.get().deleted_at is not None


@pytest.mark.parametrize("conference", [MEET, ZOOM])
def test_link_is_taken_away(google, actor, sandbox, conference, copy_events):
    event = make(google, actor, conference)
    old = event.conference_url
    event = choose(event, actor, NONE)
    assert told(event) == ("", ConferenceState.NONE)
    assert (event.conference_url, event.description) == ("", "Agenda")
    assert old not in str(sandbox.events(google.connection)[0]["body"])
    assert rooms(sandbox) == []
    copy_events(google.connection)
    assert told(now(event)) == ("", ConferenceState.NONE)


def test_zoom_becomes_teams_and_its_room_goes(outlook, actor, sandbox):
    event = make(outlook, actor, ZOOM)
    event = choose(event, actor, TEAMS)
    assert told(event) == ("teams", ConferenceState.READY)
    assert event.description == "Agenda"
    assert rooms(sandbox) == []


@pytest.mark.parametrize("wanted", [NONE, ZOOM])
def test_teams_stays_for_good_and_that_is_said_with_a_way_on(outlook, actor, sandbox, wanted):
    event = make(outlook, actor, TEAMS)
    before = sandbox.events(outlook.connection)[0]["body"]
    with pytest.raises(Unsupported) as refused:
        choose(event, actor, wanted)
    assert refused.value.details()["field"] == "conference"
    assert "Make a new event without it, then delete this one." in refused.value.message
    assert told(now(event)) == ("teams", ConferenceState.READY)
    assert sandbox.events(outlook.connection)[0]["body"] == before
    assert rooms(sandbox) == []


def test_failed_teams_becomes_zoom(outlook, actor, sandbox):
    sandbox.store.set_setting("teams", {"mode": "absent"})
    event = make(outlook, actor, TEAMS)
    assert told(event) == ("teams", ConferenceState.FAILED)
    event = choose(event, actor, ZOOM)
    assert told(event) == ("zoom", ConferenceState.READY)
    assert event.conference_failure == ""


@pytest.mark.parametrize(("notify", "sent"), [(True, 1), (False, 0)])
def test_guests_hear_of_another_link_as_far_as_is_wanted(google, actor, sandbox, notify, sent):
    event = make(google, actor, MEET, attendees=GUEST)
    before = len(sandbox.store.all("mail"))
    choose(event, actor, ZOOM, notify=notify)
    assert len(sandbox.store.all("mail")) - before == sent


# --- Series ---


def test_whole_series_gets_another_link_and_the_old_room_goes(google, actor, sandbox):
    make(google, actor, ZOOM, recurrence=DAILY)
    old = occurrences()[0].conference_url
    choose(occurrences()[1], actor, MEET, Scope.ALL)
    for one in occurrences():
        assert told(one) == ("meet", ConferenceState.READY)
        assert old not in text_of(one)
    assert rooms(sandbox) == []


@pytest.mark.parametrize("wanted", [ZOOM, NONE])
def test_one_event_of_a_series_has_a_link_of_its_own(google, actor, sandbox, wanted, copy_events):
    make(google, actor, MEET, recurrence=DAILY)
    choose(occurrences()[1], actor, wanted)
    copy_events(google.connection)
    kinds = [one.conference for one in occurrences()]
    assert kinds == ["meet", "" if wanted == NONE else "zoom", "meet"]


def test_one_event_leaves_the_room_that_the_others_meet_in(outlook, actor, sandbox, copy_events):
    make(outlook, actor, ZOOM, recurrence=DAILY)
    url = occurrences()[0].conference_url
    choose(occurrences()[1], actor, NONE)
    copy_events(outlook.connection)
    assert [one.conference_url for one in occurrences()] == [url, "", url]
    assert len(rooms(sandbox)) == 1


def test_following_events_get_another_link_and_the_former_keep_theirs(google, actor, sandbox):
    make(google, actor, MEET, recurrence=DAILY)
    choose(occurrences()[1], actor, ZOOM, Scope.FOLLOWING)
    assert [one.conference for one in occurrences()] == ["meet", "zoom", "zoom"]
    assert len({one.conference_url for one in occurrences()}) == 2
    assert len(rooms(sandbox)) == 1


# --- Another calendar ---


@pytest.mark.parametrize("conference", [MEET, ZOOM])
def test_link_goes_along_to_another_calendar(google, actor, sandbox, conference, copy_events):
    sandbox.store.add_calendar(sandbox.account(google.connection), name="Studio")
    copy_events(google.connection)
    event = make(google, actor, conference)
    studio = google.connection.calendars.get(name="Studio")
    moved = relocating.move_event(event=event, to=studio, actor=actor)
    assert moved.conference_url == event.conference_url
    assert told(moved) == (conference, ConferenceState.READY)


def test_missing_link_stays_missing_in_another_calendar_with_its_reason(
    google, actor, sandbox, copy_events
):
    sandbox.store.add_calendar(sandbox.account(google.connection), name="Studio")
    copy_events(google.connection)
    sandbox.fault("zoom.meetings.create", status=503)
    event = make(google, actor, ZOOM)
    assert event.conference_failure == LinkFailure.UNREACHABLE
    studio = google.connection.calendars.get(name="Studio")
    moved = relocating.move_event(event=event, to=studio, actor=actor)
    assert told(moved) == ("zoom", ConferenceState.FAILED)
    assert moved.conference_note == "Zoom did not answer. It is tried again by itself."
    assert moved.conference_since_at == event.conference_since_at


# --- Deleting ---


@pytest.mark.parametrize("scope", [Scope.THIS, Scope.ALL])
def test_room_goes_with_the_last_event_that_meets_in_it(outlook, actor, sandbox, scope):
    made = make(outlook, actor, ZOOM, recurrence=DAILY if scope == Scope.ALL else ())
    event = occurrences()[0] if scope == Scope.ALL else made
    series.delete_event(event=event, actor=actor, scope=scope)
    assert rooms(sandbox) == []


def test_deleted_event_waits_for_no_link(google, actor, sandbox):
    sandbox.store.set_setting("meet", {"mode": "pending", "reads": 50})
    event = make(google, actor, MEET)
    series.delete_event(event=event, actor=actor)
    before = len(sandbox.calls())
    assert outbox.deliver(OutboxMessage.objects.get().pk) == "sent"
    assert len(sandbox.calls()) == before
