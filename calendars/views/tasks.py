"""Adding, ticking, reordering and deleting tasks beside the day."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from calendars.access import event_for, task_for
from calendars.addresses import local_day
from calendars.asked import DAY, Asked
from calendars.dates import Present
from calendars.day_tasks import DayTasks, day_tasks
from calendars.presenters import week_url
from calendars.queries import tasks_on
from calendars.services import event_tasks
from calendars.views.refusals import refusals_as_pages
from calendars.views.shown import calendars_shown_to, events_shown
from common.errors import InvalidInput, NotFound
from common.htmx import is_htmx
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.owners import owner_of_member

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from calendars.models import Event
    from calendars.queries import SeenEvent, VisibleCalendar
    from workspaces.guards import StaffRequest
    from workspaces.models import Membership

GONE = "The event was deleted, and its tasks went with it."


@require_POST
@member_required(roles=MAY_WORK)
@refusals_as_pages
def task_new(request: StaffRequest) -> HttpResponse:
    """A new task on the event named in the form."""
    try:
        event_id = UUID(request.POST.get("event", ""))
    except ValueError:
        raise NotFound from None
    event = event_for(request.membership, event_id, to_write=True, with_deleted=True)
    if event.deleted_at is not None:
        return _answer(request, event, problem=GONE)
    try:
        event_tasks.add_task(event=event, title=request.POST.get("title", ""), user=request.user)
    except InvalidInput as error:
        return _answer(request, event, problem=error.message, adding=True)
    return _answer(request, event, adding=True)


@require_POST
@member_required(roles=MAY_WORK)
@refusals_as_pages
def task_tick(request: StaffRequest, task_id: UUID) -> HttpResponse:
    """Done, or open again."""
    task, event = task_for(request.membership, task_id)
    is_done = bool(request.POST.get("done"))
    event_tasks.tick_task(task=task, event=event, is_done=is_done, now=timezone.now())
    return _answer(request, event)


@require_POST
@member_required(roles=MAY_WORK)
@refusals_as_pages
def task_move(request: StaffRequest, task_id: UUID) -> HttpResponse:
    """One place up or down."""
    task, event = task_for(request.membership, task_id)
    steps = -1 if request.POST.get("to") == "up" else 1
    event_tasks.move_task(task=task, event=event, steps=steps)
    return _answer(request, event)


@require_POST
@member_required(roles=MAY_WORK)
@refusals_as_pages
def task_delete(request: StaffRequest, task_id: UUID) -> HttpResponse:
    """Forget a task."""
    task, event = task_for(request.membership, task_id)
    event_tasks.delete_task(task=task, event=event)
    return _answer(request, event)


def tasks_beside(
    membership: Membership,
    on: date,
    events: Sequence[SeenEvent],
    sources: Mapping[UUID, VisibleCalendar],
    present: Present,
) -> DayTasks:
    """The side of a day with these events; one query."""
    tasks = tasks_on(membership, [event.id for event in events if not event.is_masked])
    return day_tasks(on, events, sources, tasks, present)


def _answer(
    request: StaffRequest, event: Event, *, problem: str = "", adding: bool = False
) -> HttpResponse:
    """The side anew, of the day the form stood on; without scripts the whole day again."""
    now = timezone.now()
    owner = owner_of_member(request.membership)
    present = Present(owner.zone, now)
    on = local_day(request.POST.get("date", "")) or present.local(event.start_at).date()
    if not problem and event.deleted_at is not None:
        problem = GONE
    if not is_htmx(request):
        if problem:
            messages.error(request, problem)
        return redirect(f"{week_url(on, DAY)}#tasks")
    calendars = calendars_shown_to(request)
    asked = Asked(DAY, on)
    events = events_shown(request, calendars.shown, asked.span(owner.zone), asked.mondays, now)
    sources = {one.calendar.pk: one for one in calendars.offered}
    tasks = tasks_beside(request.membership, on, events, sources, present)
    context = {"tasks": tasks, "adding": adding, "chosen": str(event.pk)}
    response = render(request, "calendars/tasks.html", context)
    if problem:
        toast = {"toast": {"message": problem, "level": "error"}}
        response.headers["HX-Trigger"] = json.dumps(toast)
    return response
