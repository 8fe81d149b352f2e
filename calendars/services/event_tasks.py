"""Tasks on events: they hang on the event's id, which survives moving it and every re-sync."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from calendars.models import EventTask
from calendars.services import mirror
from common.errors import InvalidInput

if TYPE_CHECKING:
    from datetime import datetime

    from calendars.models import Event
    from workspaces.models import User

MOST_TASKS: Final = 100
LONGEST_TITLE: Final = 200


def add_task(*, event: Event, title: str, user: User) -> EventTask:
    """A new last task of the event. Raises InvalidInput."""
    title = " ".join(title.split())
    if not title:
        raise InvalidInput("title", "Say what there is to do.")
    if len(title) > LONGEST_TITLE:
        raise InvalidInput("title", f"A task may have {LONGEST_TITLE} characters at most.")
    tasks = EventTask.objects.filter(event_id=event.pk)
    if tasks.count() >= MOST_TASKS:
        raise InvalidInput("title", f"An event may have {MOST_TASKS} tasks at most.")
    last = tasks.aggregate(last=Max("position"))["last"]
    task = EventTask.objects.create(
        workspace_id=event.workspace_id,
        calendar_id=event.calendar_id,
        event_id=event.pk,
        title=title,
        position=0 if last is None else last + 1,
        created_by=user,
    )
    _tell(event)
    return task


def tick_task(*, task: EventTask, event: Event, is_done: bool, now: datetime) -> None:
    """Mark it done or open; one that is done already keeps when it was."""
    if is_done == (task.done_at is not None):
        return
    task.done_at = now if is_done else None
    task.save(update_fields=["done_at", "updated_at"])
    _tell(event)


def move_task(*, task: EventTask, event: Event, steps: int) -> None:
    """Move it that many places down (up, when negative) among its event's tasks."""
    with transaction.atomic():
        rows = list(EventTask.objects.select_for_update().filter(event_id=event.pk))
        at = next(place for place, row in enumerate(rows) if row.pk == task.pk)
        rows.insert(max(0, min(at + steps, len(rows) - 1)), rows.pop(at))
        for place, row in enumerate(rows):
            row.position = place
        EventTask.objects.bulk_update(rows, ["position"])
    _tell(event)


def delete_task(*, task: EventTask, event: Event) -> None:
    """Forget it."""
    task.delete()
    _tell(event)


def _tell(event: Event) -> None:
    """Pages that show the event elsewhere notice."""
    mirror.touch(event.calendar, timezone.now())
