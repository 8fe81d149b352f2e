"""Tasks on events: their order, their limits, and that they stay with their event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from calendars.models import Calendar, Event, EventTask
from calendars.providers.base import EventDraft
from calendars.queries import tasks_on
from calendars.services import event_tasks, events
from common.errors import InvalidInput
from tests.factories import make_calendar, make_connection, make_event

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 18, 14, 20, tzinfo=UTC)


@pytest.fixture
def event(user_owner):
    return make_event(make_calendar(make_connection(user_owner)))


def add(event, user, *titles):
    return [event_tasks.add_task(event=event, title=title, user=user) for title in titles]


def titles(membership, event):
    return [task.title for task in tasks_on(membership, [event.pk])]


def test_new_task_is_the_last(membership, alice, event):
    add(event, alice, "Print", "Send", "File")
    assert titles(membership, event) == ["Print", "Send", "File"]


def test_title_is_kept_on_one_line(alice, event):
    (task,) = add(event, alice, "  Print\n three   boards ")
    assert task.title == "Print three boards"


@pytest.mark.parametrize("title", ["", "   ", "x" * 201])
def test_title_that_is_none_is_refused(alice, event, title):
    with pytest.raises(InvalidInput) as refusal:
        add(event, alice, title)
    assert refusal.value.field == "title"
    assert not EventTask.objects.exists()


def test_event_holds_a_hundred_tasks_at_most(alice, event):
    add(event, alice, *(f"Task {number}" for number in range(100)))
    with pytest.raises(InvalidInput):
        add(event, alice, "One more")


@pytest.mark.parametrize(
    ("steps", "order"),
    [(-1, ["B", "A", "C"]), (1, ["A", "C", "B"]), (-9, ["B", "A", "C"]), (9, ["A", "C", "B"])],
)
def test_task_moves_among_those_of_its_event(membership, alice, event, steps, order):
    other = make_event(event.calendar, "Other")
    add(other, alice, "Elsewhere")
    _, middle, _ = add(event, alice, "A", "B", "C")
    event_tasks.move_task(task=middle, event=event, steps=steps)
    assert titles(membership, event) == order
    assert titles(membership, other) == ["Elsewhere"]


def test_ticked_task_keeps_when_it_was_done(alice, event):
    (task,) = add(event, alice, "Print")
    event_tasks.tick_task(task=task, event=event, is_done=True, now=NOW)
    event_tasks.tick_task(task=task, event=event, is_done=True, now=NOW + timedelta(hours=1))
    task.refresh_from_db()
    assert task.done_at == NOW
    event_tasks.tick_task(task=task, event=event, is_done=False, now=NOW)
    task.refresh_from_db()
    assert task.done_at is None


def test_pages_that_are_open_elsewhere_notice(alice, event):
    before = event.calendar.changed_at
    add(event, alice, "Print")
    event.calendar.refresh_from_db()
    assert event.calendar.changed_at > before


@pytest.fixture(params=["google", "outlook"])
def copied(request, sandbox, connect, copy_events, user_owner):
    """A connection whose calendar holds one event, which is in the mirror."""
    connection = connect(user_owner, request.param)
    start = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
    remote = sandbox.store.add_event(
        sandbox.calendar(connection), title="Review", start=start, end=start + timedelta(hours=1)
    )
    copy_events(connection, now=start - timedelta(days=3))
    return connection, remote, Event.objects.get(title="Review")


def test_tasks_stay_with_an_event_that_is_moved_here(copied, membership, alice, actor):
    _, _, event = copied
    add(event, alice, "Print")
    start = event.start_at + timedelta(days=1)
    draft = EventDraft(start=start, end=start + timedelta(hours=1), timezone="UTC")
    moved = events.update_event(event=event, draft=draft, actor=actor)
    assert moved.start_at == start
    assert titles(membership, moved) == ["Print"]


def test_tasks_survive_a_copy_made_all_anew(copied, membership, alice, copy_events):
    connection, _, event = copied
    add(event, alice, "Print")
    Event.objects.all().delete()
    Calendar.objects.update(sync_cursor="", window_from=None, window_until=None)
    copy_events(connection, now=event.start_at - timedelta(days=2))
    again = Event.objects.get(title="Review")
    assert again.pk == event.pk
    assert titles(membership, again) == ["Print"]


def test_tasks_of_another_workspace_are_not_told(charlie_membership, alice, event):
    add(event, alice, "Print")
    assert titles(charlie_membership, event) == []
