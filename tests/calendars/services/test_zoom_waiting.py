"""A Zoom link that an event waits for, and a room that others still meet in: neither is lost to a
repeat, a move, a lost answer or a guest who leaves.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
import time_machine
from django.db import transaction
from urllib3 import HTTPResponse

from calendars.enums import ConferenceState, Scope
from calendars.models import Event
from calendars.providers.base import EventDraft
from calendars.services import events, relocating, series
from calendars.services.link_retry import retry_link
from common import http, outbox
from common.errors import BadReply, UpstreamUnavailable
from conferencing.enums import Conference
from conferencing.models import ZoomMeeting
from conferencing.services.upkeep import sweep_zoom
from sandbox.server import create_app
from sandbox.server.transport import WSGIAdapter
from tests.conftest import SANDBOX_URL
from workspaces.enums import Tier
from workspaces.services.plans import change_plan

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
NINE = datetime(2026, 11, 19, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEY = "a" * 32
CREATE = "zoom.meetings.create"
READY = ("zoom", ConferenceState.READY, "")
PATCH = {"google": "google.events.patch", "outlook": "microsoft.events.update"}


class Garbling(WSGIAdapter):
    """Does what it is asked, and gives half of the answer about the first new event."""

    is_done = False

    def after(self, request, status, body):
        """Held to nothing: the answer is spoilt on purpose."""

    def send(self, request, *args, **kwargs):
        answer = super().send(request, *args, **kwargs)
        is_new = request.method == "POST" and request.path_url.partition("?")[0].endswith("/events")
        if is_new and not self.is_done:
            self.is_done = True
            answer.raw = HTTPResponse(BytesIO(b"{"), status=200, preload_content=False)
        return answer


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def google(connect, user_owner, copy_events):
    return connected(connect, user_owner, copy_events, "google")


@pytest.fixture(params=["google", "outlook"])
def calendar(request, connect, user_owner, copy_events):
    return connected(connect, user_owner, copy_events, request.param)


def connected(connect, owner, copy_events, provider):
    connection = connect(owner, provider)
    connect(owner, "zoom")
    copy_events(connection)
    return connection.calendars.get()


def make(calendar, actor, conference=Conference.ZOOM, **given):
    draft = EventDraft(title="Board", start=NINE, end=NINE + HOUR, timezone="Europe/Berlin",
                       conference=conference, **given)  # fmt: skip
    return events.create_event(calendar=calendar, draft=draft, actor=actor)


def change(event, actor, scope=Scope.THIS, **given):
    draft = EventDraft(**given)
    return series.update_event(event=fresh(event), draft=draft, actor=actor, scope=scope).event


def fresh(event):
    return Event.objects.select_related("calendar__workspace").get(pk=event.pk)


def link(event):
    event = fresh(event)
    return event.conference, event.conference_state, event.conference_failure


def rooms(sandbox):
    return [str(one["id"]) for one in sandbox.store.all("meeting")]


def pass_time(clock, delta):
    clock.shift(delta)
    outbox.sweep()
    sweep_zoom()


def test_room_stays_when_nobody_can_read_whether_its_event_was_made(
    calendar, actor, sandbox, clock, copy_events
):
    http.mount(f"{SANDBOX_URL}/", Garbling(create_app(sandbox.store, SANDBOX_URL)))
    with pytest.raises(BadReply):
        make(calendar, actor, idempotency_key=KEY)
    clock.shift(timedelta(minutes=1))
    copy_events(calendar.connection)
    pass_time(clock, timedelta(days=2))
    (room,) = rooms(sandbox)
    assert room in Event.objects.get().conference_url


def test_room_that_a_try_made_before_the_calendar_failed_is_the_one_that_is_used(
    calendar, actor, sandbox, clock
):
    sandbox.fault(CREATE, status=503)
    event = make(calendar, actor)
    sandbox.fault(PATCH[calendar.connection.provider], status=503, count=None)
    pass_time(clock, timedelta(minutes=1))
    (room,) = rooms(sandbox)
    for _ in range(3):
        pass_time(clock, timedelta(minutes=20))
    assert rooms(sandbox) == [room]
    sandbox.store.clear_faults()
    pass_time(clock, timedelta(hours=1))
    assert (link(event), rooms(sandbox)) == (READY, [room])
    assert room in fresh(event).conference_url


def test_event_that_moves_while_it_waits_gets_its_link_where_it_is(
    google, actor, sandbox, clock, copy_events
):
    sandbox.store.add_calendar(sandbox.account(google.connection), name="Studio")
    copy_events(google.connection)
    sandbox.fault(CREATE, lost=True)
    event = make(google, actor)
    studio = google.connection.calendars.get(name="Studio")
    moved = relocating.move_event(event=fresh(event), to=studio, actor=actor)
    assert fresh(moved).conference_note.endswith("It is tried again by itself.")
    pass_time(clock, timedelta(minutes=1))
    assert link(moved) == READY
    assert ZoomMeeting.objects.get().event_id == moved.pk
    pass_time(clock, timedelta(days=2))
    assert len(rooms(sandbox)) == 1


def test_part_of_a_series_without_its_link_has_none_either_and_says_so(google, actor, sandbox):
    sandbox.fault(CREATE, status=503, count=None)
    make(google, actor, recurrence=("RRULE:FREQ=DAILY;COUNT=4",))
    third = Event.objects.filter(recurrence=[], deleted_at=None).order_by("start_at")[2]
    change(third, actor, Scope.FOLLOWING, title="Tail")
    tail = list(Event.objects.filter(title="Tail", deleted_at=None))
    assert len(tail) == 3
    assert {one.conference_note for one in tail} == {"Zoom did not answer."}
    assert {link(one) for one in tail} == {("zoom", ConferenceState.FAILED, "unreachable")}


def test_repeat_of_the_first_request_takes_back_no_later_choice(google, actor, sandbox):
    sandbox.store.set_setting("meet", {"mode": "immediate"})
    event = make(google, actor, idempotency_key=KEY)
    change(event, actor, conference=Conference.MEET)
    make(google, actor, idempotency_key=KEY)
    assert link(event) == ("meet", ConferenceState.READY, "")
    assert rooms(sandbox) == []


@pytest.mark.parametrize("how", ["here", "there"])
def test_guest_who_leaves_takes_no_room_from_the_others(
    google, actor, sandbox, clock, connect, bob, bob_owner, copy_events, how
):
    """The organiser's calendar is in no copy any more, so that only the guest's tells of it."""
    event = make(google, actor)
    guest = connect(bob_owner, "google", user=bob)
    there = sandbox.store.primary_calendar(sandbox.account(guest))
    told = {
        "title": "Board",
        "start": NINE,
        "end": NINE + HOUR,
        "organizer": "alice@google.example",
    }
    sandbox.store.add_event(there, description=event.description, **told)
    copy_events(guest)
    copy = Event.objects.get(is_organizer=False)
    assert copy.conference_url == event.conference_url
    google.connection.delete()
    if how == "here":
        events.delete_event(event=fresh(copy), actor=actor)
    else:
        sandbox.store.delete_event(there, copy.remote_id)
        clock.shift(timedelta(minutes=1))
        copy_events(guest)
    assert fresh(copy).deleted_at is not None
    pass_time(clock, timedelta(days=2))
    assert len(rooms(sandbox)) == 1


# --- Chosen for an event that is there, while Zoom makes none ---


@pytest.mark.parametrize("fault", [{"status": 503}, {"lost": True}])
def test_change_is_saved_and_its_link_comes_by_itself(calendar, actor, sandbox, clock, fault):
    event = make(calendar, actor, Conference.NONE)
    sandbox.fault(CREATE, **fault)
    change(event, actor, conference=Conference.ZOOM, title="Council")
    assert (fresh(event).title, link(event)) == (
        "Council", ("zoom", ConferenceState.FAILED, "unreachable"),
    )  # fmt: skip
    assert fresh(event).conference_note == "Zoom did not answer. It is tried again by itself."
    pass_time(clock, timedelta(minutes=1))
    assert link(event) == READY
    assert len(rooms(sandbox)) == 1


def test_whole_series_that_gets_no_link_for_now_gets_it_later(google, actor, sandbox, clock):
    make(google, actor, Conference.NONE, recurrence=("RRULE:FREQ=DAILY;COUNT=3",))
    sandbox.fault(CREATE, status=503)
    first, *_ = Event.objects.filter(recurrence=[], deleted_at=None).order_by("start_at")
    change(first, actor, Scope.ALL, conference=Conference.ZOOM)
    held = Event.objects.filter(deleted_at=None)
    assert {one.conference_state for one in held} == {ConferenceState.FAILED}
    pass_time(clock, timedelta(minutes=1))
    assert {link(one) for one in held.all()} == {READY}
    assert len(rooms(sandbox)) == 1


def test_link_chosen_again_after_it_was_given_up_is_tried_again(google, actor, sandbox, clock):
    event = make(google, actor, Conference.NONE)
    sandbox.fault(CREATE, status=503, count=None)
    change(event, actor, conference=Conference.ZOOM)
    for _ in range(20):
        pass_time(clock, timedelta(hours=1))
    assert fresh(event).conference_note == "Zoom did not answer."
    change(event, actor, conference=Conference.ZOOM)
    assert fresh(event).conference_note.endswith("It is tried again by itself.")
    sandbox.store.clear_faults()
    pass_time(clock, timedelta(minutes=1))
    assert link(event) == READY


def test_link_that_is_there_stays_while_zoom_makes_none(google, actor, sandbox):
    sandbox.store.set_setting("meet", {"mode": "immediate"})
    event = make(google, actor, Conference.MEET)
    url = event.conference_url
    sandbox.fault(CREATE, status=503)
    with pytest.raises(UpstreamUnavailable):
        change(event, actor, conference=Conference.ZOOM, title="Council")
    assert (fresh(event).title, fresh(event).conference_url) == ("Board", url)


def test_link_that_the_plan_lacked_is_to_be_had_after_an_upgrade(google, actor, sandbox, clock):
    workspace = google.workspace
    was = Tier(workspace.tier)
    sandbox.fault(CREATE, status=503)
    event = make(google, actor)
    with transaction.atomic():
        change_plan(workspace_id=workspace.pk, tier=Tier.FREE, by=None)
    pass_time(clock, timedelta(minutes=1))
    assert link(event) == ("zoom", ConferenceState.FAILED, "plan")
    with transaction.atomic():
        change_plan(workspace_id=workspace.pk, tier=was, by=None)
    pass_time(clock, timedelta(minutes=1))
    assert fresh(event).conference_note == "The plan has Zoom again."
    assert retry_link(event=fresh(event), actor=actor).conference_url
    assert link(event) == READY
