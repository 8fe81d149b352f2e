"""An event that goes to another calendar, with what hangs on it.

Every request and answer is held to what Google and Microsoft publish.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from audit.enums import AccessReason, Outcome
from audit.models import OAuthTokenAccessLog
from booking.models import SalesMeeting
from booking.queries import own_event_ids
from calendars.enums import Scope
from calendars.errors import MovedOnly
from calendars.models import Event, EventTask
from calendars.providers.base import Attendee, EventDraft
from calendars.providers.errors import EventGone
from calendars.services import event_tasks, events, relocating, series
from common import http, outbox
from common.enums import OutboxState
from common.errors import Forbidden, InvalidInput, Unsupported, UpstreamUnavailable
from common.models import OutboxMessage
from common.spans import Span
from conferencing.enums import Conference
from sandbox.server import create_app
from tests.conftest import SANDBOX_URL
from tests.fidelity.validate import RecordingWSGIAdapter
from tests.rows import make_rows

pytestmark = pytest.mark.django_db

NINE = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)
HOUR = timedelta(hours=1)
MOVE = "google.events.move"


@pytest.fixture
def sandbox(sandbox):
    """The stand-ins, strict about both sides of every call."""
    http.mount(f"{SANDBOX_URL}/", RecordingWSGIAdapter(create_app(sandbox.store, SANDBOX_URL)))
    return sandbox


@pytest.fixture
def account(sandbox, connect, user_owner, copy_events):
    """Call it with a provider: two calendars of one account, the default one and Studio."""

    def made(provider="google"):
        connection = connect(user_owner, provider)
        sandbox.store.add_calendar(sandbox.account(connection), name="Studio")
        copy_events(connection)
        calendars = connection.calendars.order_by("-is_primary").select_related("workspace")
        first, second = calendars
        return first, second

    return made


@pytest.fixture
def pair(account):
    return account()


def make(calendar, actor, **fields):
    given = {"title": "Review", "start": NINE, "end": NINE + HOUR, "timezone": "UTC"}
    draft = EventDraft(**{**given, **fields})
    event = events.create_event(calendar=calendar, draft=draft, actor=actor)
    event.calendar = calendar
    return event


def move(event, to, actor, scope=Scope.THIS, **more):
    return relocating.move_event(event=event, to=to, actor=actor, scope=scope, **more)


def live():
    return list(Event.objects.filter(deleted_at=None, recurrence=[]).order_by("start_at"))


def where():
    return [(one.title, one.calendar.name) for one in live()]


def test_event_is_in_the_other_calendar_under_another_id(pair, actor, copy_events):
    first, second = pair
    event = make(first, actor, description="Notes", attendees=(Attendee("guest@example.org"),))

    moved = move(event, second, actor)

    assert (moved.title, moved.description, moved.calendar) == ("Review", "Notes", second)
    assert moved.pk != event.pk
    assert where() == [("Review", "Studio")]
    assert Event.objects.get(pk=event.pk).deleted_at is not None
    copy_events(first.connection)
    assert [one.pk for one in live()] == [moved.pk]


def test_move_is_one_operation_in_the_log(pair, actor):
    event = make(pair[0], actor)
    before = OAuthTokenAccessLog.objects.count()
    move(event, pair[1], actor)
    rows = OAuthTokenAccessLog.objects.order_by("seq").values_list("reason", "outcome", "target")
    assert list(rows)[before:] == [(AccessReason.EVENT_MOVE, Outcome.GRANTED, str(event.pk))]


def test_tasks_go_along(pair, actor, alice):
    first, second = pair
    event, stays = make(first, actor), make(first, actor, title="Stays")
    for title in ("Print", "Send"):
        event_tasks.add_task(event=event, title=title, user=alice)
    event_tasks.add_task(event=stays, title="File", user=alice)

    moved = move(event, second, actor)

    rows = EventTask.objects.values_list("title", "event_id", "calendar__name")
    assert set(rows) == {
        ("Print", moved.pk, "Studio"),
        ("Send", moved.pk, "Studio"),
        ("File", stays.pk, first.name),
    }


def test_series_moves_as_a_whole_with_the_tasks_of_each_day(pair, actor, alice, copy_events):
    first, second = pair
    make(first, actor, recurrence=("RRULE:FREQ=DAILY;COUNT=3",))
    days = live()
    event_tasks.add_task(event=days[1], title="Print", user=alice)
    days[0].calendar = first
    series.update_event(event=days[0], draft=EventDraft(title="Own"), actor=actor, scope=Scope.THIS)

    moved = move(live()[1], second, actor, scope=Scope.ALL)

    assert where() == [("Own", "Studio"), ("Review", "Studio"), ("Review", "Studio")]
    assert moved.pk == live()[1].pk
    assert EventTask.objects.get().event_id == moved.pk
    copy_events(first.connection)
    assert where() == [("Own", "Studio"), ("Review", "Studio"), ("Review", "Studio")]


@pytest.mark.parametrize("scope", [Scope.THIS, Scope.FOLLOWING])
def test_one_of_a_series_stays_with_it(pair, actor, sandbox, scope):
    make(pair[0], actor, recurrence=("RRULE:FREQ=DAILY;COUNT=2",))
    with pytest.raises(InvalidInput) as caught:
        move(live()[0], pair[1], actor, scope=scope)
    assert caught.value.field == "calendar"
    assert sandbox.calls(MOVE) == []


def test_move_to_where_it_is_asks_nobody(pair, actor, sandbox):
    event = make(pair[0], actor)
    assert move(event, pair[0], actor) == event
    assert sandbox.calls(MOVE) == []


def test_outlook_refuses_in_words(account, actor):
    first, second = account("outlook")
    event = make(first, actor)
    with pytest.raises(Unsupported) as caught:
        move(event, second, actor)
    assert caught.value.message == "Outlook cannot move an event to another calendar."
    assert where() == [("Review", first.name)]


def test_other_account_is_refused(pair, actor, connect, client_owner, sandbox):
    event = make(pair[0], actor)
    elsewhere = connect(client_owner, "google").calendars.get()
    with pytest.raises(InvalidInput):
        move(event, elsewhere, actor)
    assert sandbox.calls(MOVE) == []


def test_calendar_that_can_only_be_read_and_anothers_event_are_refused(pair, actor, sandbox):
    first, second = pair
    event = make(first, actor)
    second.is_writable = False
    with pytest.raises(Forbidden):
        move(event, second, actor)
    second.is_writable, event.is_organizer = True, False
    with pytest.raises(Forbidden):
        move(event, second, actor)
    assert sandbox.calls(MOVE) == []


def test_event_gone_meanwhile_leaves_a_tombstone(pair, actor, sandbox):
    event = make(pair[0], actor)
    sandbox.store.delete_event(sandbox.calendar(pair[0].connection), event.remote_id)
    with pytest.raises(EventGone):
        move(event, pair[1], actor)
    assert live() == []


def test_zoom_link_stays_good(pair, actor, connect_zoom):
    first, second = pair
    event = make(first, actor, conference=Conference.ZOOM)
    moved = move(event, second, actor)
    assert (moved.conference, moved.conference_url) == ("zoom", event.conference_url)
    events.delete_event(event=moved, actor=actor)
    assert connect_zoom.store.all("meeting") == []


@pytest.fixture
def connect_zoom(sandbox, connect, user_owner):
    connect(user_owner, "zoom")
    return sandbox


# --- Meetings ---


def test_meeting_knows_its_event_where_it_went(
    pair, actor, workspace, alice, user_owner, django_capture_on_commit_callbacks
):
    event = make(pair[0], actor)
    meeting = make_rows(workspace, alice)[SalesMeeting]
    SalesMeeting.objects.filter(pk=meeting.pk).update(
        user=alice, calendar_event_id=event.pk, calendar_id=pair[0].pk,
        start_at=NINE, end_at=NINE + HOUR,
    )  # fmt: skip

    with django_capture_on_commit_callbacks(execute=True):
        moved = move(event, pair[1], actor)
    for message in OutboxMessage.objects.filter(kind=relocating.MOVED_KIND):
        outbox.deliver(message.pk)

    meeting.refresh_from_db()
    assert (meeting.calendar_event_id, meeting.calendar_id) == (moved.pk, pair[1].pk)
    assert own_event_ids(user_owner, Span(NINE - HOUR, NINE + 2 * HOUR)) == {moved.pk}
    states = OutboxMessage.objects.filter(kind=relocating.MOVED_KIND).values_list(
        "state", flat=True
    )
    assert set(states) == {OutboxState.SENT}


def test_meeting_knows_its_event_that_moved_on_before_the_first_move_was_told(
    account, sandbox, actor, workspace, alice, copy_events
):
    first, second = account()
    sandbox.store.add_calendar(sandbox.account(first.connection), name="Attic")
    copy_events(first.connection)
    third = first.connection.calendars.get(name="Attic")
    event = make(first, actor)
    meeting = make_rows(workspace, alice)[SalesMeeting]
    SalesMeeting.objects.filter(pk=meeting.pk).update(calendar_event_id=event.pk)

    last = move(move(event, second, actor), third, actor)
    told = OutboxMessage.objects.filter(kind=relocating.MOVED_KIND)
    for message in told.order_by("-created_at"):  # a worker has the second one before the first
        outbox.deliver(message.pk)
    for message in told:
        outbox.deliver(message.pk)

    meeting.refresh_from_db()
    assert (meeting.calendar_event_id, meeting.calendar_id) == (last.pk, third.pk)


# --- Lost answers ---


def test_lost_answer_is_looked_for_where_it_went(pair, actor, sandbox, alice):
    event = make(pair[0], actor)
    event_tasks.add_task(event=event, title="Print", user=alice)
    sandbox.fault(MOVE, lost=True)

    moved = move(event, pair[1], actor)

    assert where() == [("Review", "Studio")]
    assert EventTask.objects.get().event_id == moved.pk


def test_move_that_did_not_happen_is_said_and_all_stays(pair, actor, sandbox):
    event = make(pair[0], actor)
    sandbox.fault(MOVE, status=503)
    with pytest.raises(UpstreamUnavailable):
        move(event, pair[1], actor)
    assert where() == [("Review", pair[0].name)]
    assert not OutboxMessage.objects.filter(kind=relocating.FINISH_KIND).exists()


def lose_all_answers(sandbox, event, to, actor):
    """The move comes through; neither its answer nor the look after it arrives."""
    sandbox.fault(MOVE, lost=True)
    sandbox.fault("google.events.get", status=503)
    with pytest.raises(UpstreamUnavailable):
        move(event, to, actor)
    sandbox.store.clear_faults()


def test_worker_finds_what_a_lost_answer_moved(pair, actor, sandbox, alice, copy_events):
    event = make(pair[0], actor)
    event_tasks.add_task(event=event, title="Print", user=alice)
    lose_all_answers(sandbox, event, pair[1], actor)
    copy_events(pair[0].connection)

    relocating.finish_move(OutboxMessage.objects.get(kind=relocating.FINISH_KIND))

    (moved,) = live()
    assert moved.calendar == pair[1]
    assert (EventTask.objects.get().event_id, EventTask.objects.get().calendar) == (
        moved.pk,
        pair[1],
    )


def test_process_that_dies_after_the_call_leaves_the_rest_to_a_worker(
    pair, actor, alice, workspace, copy_events, monkeypatch
):
    event = make(pair[0], actor)
    event_tasks.add_task(event=event, title="Print", user=alice)
    meeting = make_rows(workspace, alice)[SalesMeeting]
    SalesMeeting.objects.filter(pk=meeting.pk).update(calendar_event_id=event.pk)

    class Killed(BaseException):
        pass

    def die(*args, **more):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(relocating, "_keep", die)
        with pytest.raises(Killed):
            move(event, pair[1], actor)
    copy_events(pair[0].connection)

    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=2)):
        outbox.sweep()  # finishes the move
        outbox.sweep()  # tells of it

    moved = Event.objects.get(remote_id=event.remote_id, deleted_at=None)
    task = EventTask.objects.get(title="Print")
    assert (moved.calendar, task.event_id) == (pair[1], moved.pk)
    meeting.refresh_from_db()
    assert meeting.calendar_event_id == moved.pk


def test_repeat_finds_what_a_sync_told_of_meanwhile(pair, actor, sandbox, alice, copy_events):
    event = make(pair[0], actor)
    event_tasks.add_task(event=event, title="Print", user=alice)
    lose_all_answers(sandbox, event, pair[1], actor)
    copy_events(pair[0].connection)
    gone = Event.objects.get(pk=event.pk)
    assert gone.deleted_at is not None
    gone.calendar = pair[0]

    moved = move(gone, pair[1], actor)

    assert moved.calendar == pair[1]
    assert EventTask.objects.get().event_id == moved.pk
    assert len(sandbox.calls(MOVE)) == 1


def test_worker_leaves_alone_what_did_not_move(pair, actor, sandbox):
    event = make(pair[0], actor)
    sandbox.fault(MOVE, status=503)
    sandbox.fault("google.events.get", status=503)
    with pytest.raises(UpstreamUnavailable):
        move(event, pair[1], actor)

    relocating.finish_move(OutboxMessage.objects.get(kind=relocating.FINISH_KIND))

    assert where() == [("Review", pair[0].name)]


# --- A move and a change in one ---


def test_move_and_change_do_both(pair, actor):
    event = make(pair[0], actor)
    done = relocating.move_and_change(
        event=event, to=pair[1], draft=EventDraft(title="Renamed"), actor=actor
    )
    assert (done.event.title, done.event.calendar) == ("Renamed", pair[1])
    assert where() == [("Renamed", "Studio")]


def test_change_that_fails_after_the_move_says_what_was_done(pair, actor, sandbox):
    event = make(pair[0], actor)
    sandbox.fault("google.events.patch", status=503)
    with pytest.raises(MovedOnly) as caught:
        relocating.move_and_change(
            event=event, to=pair[1], draft=EventDraft(title="Renamed"), actor=actor
        )
    assert caught.value.message == (
        "The event is in Studio now. The other changes were not saved: "
        "Google Calendar did not answer. It may have been changed all the same. "
        "Look at it, or try again."
    )
    assert (caught.value.status, caught.value.code) == (503, "upstream_unavailable")
    assert caught.value.event_id == live()[0].pk
    assert where() == [("Review", "Studio")]
