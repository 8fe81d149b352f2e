"""Meeting links that could not be made: the event stands, and they are asked for again.

Every request and answer is held to what Google and Microsoft publish.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from calendars.enums import ConferenceState
from calendars.models import Event
from calendars.providers.base import EventDraft
from calendars.providers.errors import EventGone
from calendars.services import events
from calendars.services.link_retry import retry_link
from common import http, outbox
from common.enums import OutboxState
from common.errors import InvalidInput, RateLimited, UpstreamUnavailable
from common.models import OutboxMessage
from conferencing.enums import Conference, LinkFailure
from conferencing.models import ZoomMeeting
from conferencing.routing import PlanRefusal, ZoomMissing
from sandbox.server import create_app
from tests.conftest import SANDBOX_URL
from tests.fidelity.validate import RecordingWSGIAdapter
from workspaces.enums import Tier

pytestmark = pytest.mark.django_db

NINE = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)
HOUR = timedelta(hours=1)
DAILY = ("RRULE:FREQ=DAILY;COUNT=3",)
NATIVE = {"google": Conference.MEET, "outlook": Conference.TEAMS}


@pytest.fixture
def sandbox(sandbox):
    """The stand-ins, strict about both sides of every call."""
    http.mount(f"{SANDBOX_URL}/", RecordingWSGIAdapter(create_app(sandbox.store, SANDBOX_URL)))
    return sandbox


@pytest.fixture(params=["google", "outlook"])
def provider(request):
    return request.param


@pytest.fixture
def calendar(connect, user_owner, provider):
    return connect(user_owner, provider).calendars.get()


@pytest.fixture
def make(actor):
    def made(calendar, conference, **fields):
        draft = EventDraft(
            title="Review",
            start=NINE,
            end=NINE + HOUR,
            timezone="UTC",
            conference=conference,
            **fields,
        )
        event = events.create_event(calendar=calendar, draft=draft, actor=actor)
        return now(event)

    return made


def now(event):
    return Event.objects.select_related("calendar").get(pk=event.pk)


def fails(sandbox):
    """Links are not made: Google says so, Outlook leaves them out without a word."""
    sandbox.store.set_setting("meet", {"mode": "failure", "reads": 0})
    sandbox.store.set_setting("teams", {"mode": "absent"})


def works(sandbox, reads=0):
    sandbox.store.set_setting("meet", {"mode": "pending", "reads": reads})
    sandbox.store.set_setting("teams", {"mode": "pending", "reads": reads})


def settle():
    return outbox.deliver(OutboxMessage.objects.order_by("-created_at").first().pk)


def link(event):
    return event.conference, event.conference_state, event.conference_failure


# --- The event stands, whatever becomes of its link ---


def test_event_is_saved_and_says_that_its_link_could_not_be_made(calendar, provider, make, sandbox):
    fails(sandbox)
    event = make(calendar, NATIVE[provider])
    if event.conference_state == ConferenceState.PENDING:
        settle()
    event = now(event)
    assert link(event) == (NATIVE[provider], ConferenceState.FAILED, LinkFailure.NOT_MADE)
    assert event.conference_note
    assert len(sandbox.events(calendar.connection)) == 1


def test_retry_brings_the_link(calendar, provider, make, sandbox, actor):
    fails(sandbox)
    event = make(calendar, NATIVE[provider])
    if event.conference_state == ConferenceState.PENDING:
        settle()
    works(sandbox, reads=1)

    event = retry_link(event=now(event), actor=actor)

    assert link(event) == (NATIVE[provider], ConferenceState.PENDING, "")
    assert (event.conference_note, event.conference_tries) == ("", 2)
    while settle() == OutboxState.PENDING:
        OutboxMessage.objects.update(due_at=datetime.now(UTC))
    event = now(event)
    assert link(event) == (NATIVE[provider], ConferenceState.READY, "")
    assert event.conference_url.startswith("https://")
    assert event.conference_tries == 2


def test_retry_that_fails_too_counts(make, connect, user_owner, sandbox, actor):
    calendar = connect(user_owner, "google").calendars.get()
    fails(sandbox)
    event = make(calendar, Conference.MEET)
    settle()
    first = sandbox.events(calendar.connection)[0]["body"]["conferenceData"]["createRequest"]
    event = retry_link(event=now(event), actor=actor)
    settle()
    second = sandbox.events(calendar.connection)[0]["body"]["conferenceData"]["createRequest"]
    assert first["requestId"] != second["requestId"]
    event = now(event)
    assert link(event)[1:] == (ConferenceState.FAILED, LinkFailure.NOT_MADE)
    assert event.conference_tries == 2


def test_retry_of_a_link_that_never_came_asks_under_a_new_name(
    calendar, provider, make, sandbox, actor
):
    works(sandbox, reads=10_000)
    event = make(calendar, NATIVE[provider])
    message = OutboxMessage.objects.get()
    OutboxMessage.objects.filter(pk=message.pk).update(created_at=NINE - timedelta(days=3))
    assert outbox.deliver(message.pk) == OutboxState.SENT
    assert link(now(event))[1:] == (ConferenceState.FAILED, LinkFailure.LATE)
    sandbox.store.set_setting("meet", {"mode": "immediate"})
    sandbox.store.set_setting("teams", {"mode": "immediate"})

    event = retry_link(event=now(event), actor=actor)

    assert link(event) == (NATIVE[provider], ConferenceState.READY, "")


def test_calendar_that_allows_no_links_any_more_takes_the_event_without(
    connect, user_owner, make, sandbox, actor, copy_events
):
    """Our copy of what the calendar allows may be older than the organisation's new rule."""
    connection = connect(user_owner, "google")
    sandbox.store.change_calendar(sandbox.calendar(connection), meet=False)

    event = make(connection.calendars.get(), Conference.MEET)

    assert link(event) == ("meet", ConferenceState.FAILED, LinkFailure.REFUSED)
    assert event.conference_note == "This Google calendar does not allow Meet links."
    assert len(sandbox.events(connection)) == 1
    with pytest.raises(InvalidInput, match="Choose another meeting link"):
        retry_link(event=event, actor=actor)
    copy_events(connection)
    assert link(now(event)) == ("meet", ConferenceState.FAILED, LinkFailure.REFUSED)


def test_event_is_saved_when_zoom_is_down_and_retry_brings_the_room(
    calendar, make, sandbox, actor, connect, user_owner, copy_events
):
    connect(user_owner, "zoom")
    down = sandbox.fault("zoom.meetings.create", status=503, count=None)
    event = make(calendar, Conference.ZOOM, description="Agenda")
    assert link(event) == ("zoom", ConferenceState.FAILED, LinkFailure.UNREACHABLE)
    assert event.conference_note == "Zoom did not answer. It is tried again by itself."
    copy_events(calendar.connection)
    assert link(now(event)) == ("zoom", ConferenceState.FAILED, LinkFailure.UNREACHABLE)
    with pytest.raises(UpstreamUnavailable):
        retry_link(event=now(event), actor=actor)
    assert now(event).conference_tries == 2
    sandbox.store.drop("fault", down["id"])

    event = retry_link(event=now(event), actor=actor)

    assert link(event) == ("zoom", ConferenceState.READY, "")
    assert event.description == f"Agenda\n\nJoin with Zoom: {event.conference_url}"
    assert event.conference_tries == 3
    assert ZoomMeeting.objects.exclude(remote_id="").count() == 1
    assert len(sandbox.store.all("meeting")) == 1


@pytest.mark.parametrize(
    ("fault", "failure", "raised"),
    [
        ({"status": 429}, LinkFailure.LIMITED, RateLimited),
        ({"status": 401, "count": None}, LinkFailure.RECONNECT, ZoomMissing),
    ],
    ids=["limit", "consent"],
)
def test_each_refusal_of_zoom_is_said_and_kept_through_another_try(
    calendar, make, sandbox, actor, connect, user_owner, fault, failure, raised
):
    connect(user_owner, "zoom")
    sandbox.fault("zoom.meetings.create", **fault)
    sandbox.fault("zoom.meetings.create", **fault)
    event = make(calendar, Conference.ZOOM)
    assert link(event) == ("zoom", ConferenceState.FAILED, failure)
    with pytest.raises(raised):
        retry_link(event=event, actor=actor)
    event = now(event)
    assert link(event) == ("zoom", ConferenceState.FAILED, failure)
    assert event.conference_tries == 2


def test_plan_that_lost_zoom_is_named(calendar, make, sandbox, actor, connect, user_owner):
    connect(user_owner, "zoom")
    sandbox.fault("zoom.meetings.create", status=503)
    event = make(calendar, Conference.ZOOM)
    type(user_owner.workspace).objects.update(tier=Tier.STANDARD)
    with pytest.raises(PlanRefusal):
        retry_link(event=now(event), actor=actor)
    assert link(now(event)) == ("zoom", ConferenceState.FAILED, LinkFailure.PLAN)
    with pytest.raises(InvalidInput, match="another plan"):
        retry_link(event=now(event), actor=actor)


# --- Series ---


def test_retry_from_one_event_of_a_series_is_for_all_of_them(
    calendar, provider, make, sandbox, actor
):
    fails(sandbox)
    make(calendar, NATIVE[provider], recurrence=DAILY)
    if provider == "google":
        settle()
    occurrences = Event.objects.filter(recurrence=[])
    states = occurrences.values_list("conference_state", flat=True)
    assert set(states) == {ConferenceState.FAILED}
    sandbox.store.set_setting("meet", {"mode": "immediate"})
    sandbox.store.set_setting("teams", {"mode": "immediate"})

    event = retry_link(event=now(occurrences.order_by("start_at")[1]), actor=actor)

    assert link(event) == (NATIVE[provider], ConferenceState.READY, "")
    told = Event.objects.values_list("conference_state", "conference_tries")
    assert list(told) == [(ConferenceState.READY, 2)] * 4
    assert len({one.conference_url for one in Event.objects.all()}) == 1


# --- What there is nothing to ask for ---


def test_link_that_is_there_is_left_alone(calendar, provider, make, sandbox, actor):
    event = make(calendar, NATIVE[provider])
    if event.conference_state == ConferenceState.PENDING:
        settle()
    before = len(sandbox.calls())
    same = retry_link(event=now(event), actor=actor)
    assert same.conference_state == ConferenceState.READY
    assert len(sandbox.calls()) == before


def test_event_without_a_link_has_none_to_ask_for(calendar, make, actor):
    with pytest.raises(InvalidInput) as refused:
        retry_link(event=make(calendar, Conference.NONE), actor=actor)
    assert refused.value.field == "conference"


def test_event_that_is_gone_is_said(calendar, provider, make, sandbox, actor):
    fails(sandbox)
    event = make(calendar, NATIVE[provider])
    if provider == "google":
        settle()
    event = now(event)
    sandbox.store.delete_event(sandbox.calendar(calendar.connection), event.remote_id)
    with pytest.raises(EventGone):
        retry_link(event=event, actor=actor)
    assert Event.objects.get().deleted_at is not None


def test_repeat_of_a_create_keeps_what_became_of_the_link(connect, user_owner, make, sandbox):
    connection = connect(user_owner, "google")
    sandbox.store.change_calendar(sandbox.calendar(connection), meet=False)
    calendar = connection.calendars.get()
    for _ in range(2):
        event = make(calendar, Conference.MEET, idempotency_key="ab" * 16)
    assert link(event) == ("meet", ConferenceState.FAILED, LinkFailure.REFUSED)
    assert len(sandbox.events(connection)) == 1
