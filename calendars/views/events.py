"""One event: its details, the form that makes or changes it, and the question before deleting."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from audit.actors import user_actor
from calendars.access import calendar_for, event_for
from calendars.event_page import (
    attendees_of,
    initial_of,
    initial_of_new,
    preselected,
    writable,
)
from calendars.forms import EventForm
from calendars.offers import calendar_offers
from calendars.phrases import as_of
from calendars.presenters import NO_TITLE, event_sheet, week_url
from calendars.queries import calendars_visible_to, seen
from calendars.services import events
from calendars.services.preferences import remember_calendar
from calendars.sidebar import provider_label
from calendars.views.event_dialog import EventDialog, answer, only_follows, typed, week_of
from calendars.views.refusals import refusals_as_pages
from common.errors import DomainError
from common.htmx import dialog_done
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.owners import owner_of_user

if TYPE_CHECKING:
    from calendars.models import Event
    from calendars.queries import VisibleCalendar
    from workspaces.guards import StaffRequest
    from workspaces.owners import UserOwner

GET_POST = ["GET", "HEAD", "POST"]
# What the services call a part of a draft, and what the form calls it.
FIELDS = {
    "title": "title",
    "description": "notes",
    "location": "place",
    "start": "start",
    "end": "end",
    "timeZone": "zone",
    "timezone": "zone",
    "allDay": "all_day",
    "attendees": "guests",
    "reminders": "reminders",
    "visibility": "visibility",
    "conference": "conference",
    "calendar": "calendar",
}


@require_safe
@member_required(roles=MAY_WORK)
@refusals_as_pages
def event_detail(request: StaffRequest, event_id: UUID) -> HttpResponse:
    """What an event holds, beside the week."""
    now = timezone.now()
    owner = _owner(request)
    event = event_for(request.membership, event_id)
    source = calendar_for(request.membership, event.calendar_id)
    is_own = source.connection.owner_id == request.user.pk
    synced_at = source.calendar.synced_at if source.is_stale else None
    context = {
        "sheet": event_sheet(seen(event, source.sight), source, owner.zone, now, is_own=is_own),
        "may_write": source.may_write,
        "as_of": as_of(synced_at, owner.zone, now) if synced_at else "",
        "address": request.build_absolute_uri(),
        "detail_url": reverse("calendars:event_detail", args=[event.pk]),
        "close_url": week_of(event.start_at, owner),
        "beside": True,
    }
    return answer(request, "event_detail", context)


@require_http_methods(GET_POST)
@member_required(roles=MAY_WORK)
@refusals_as_pages
def event_new(request: StaffRequest) -> HttpResponse:
    """Create an event."""
    owner = _owner(request)
    calendars = calendars_visible_to(request.membership)
    offered = writable(calendars)
    initial = initial_of_new(request.GET, owner.zone, timezone.now())
    if not offered:
        return _nowhere_to_write(request, owner)
    source = preselected(offered, typed(request).get("calendar", ""), owner.profile)
    assert source is not None  # one is offered
    page = EventDialog(request, owner, calendars=calendars, source=source, initial=initial)
    if only_follows(request):
        return page.follow()
    if request.method == "POST" and "update" not in request.POST:
        form = page.form(request.POST, offered)
        if form.is_valid() and (event := _created(request, form)) is not None:
            return _done(request, owner, event, "was created")
        return page.answer(form, status=422)
    return page.answer(page.form(None, offered))


@require_http_methods(GET_POST)
@member_required(roles=MAY_WORK)
@refusals_as_pages
def event_edit(request: StaffRequest, event_id: UUID) -> HttpResponse:
    """Change an event; of a series, this occurrence."""
    owner = _owner(request)
    event = event_for(request.membership, event_id, to_write=True)
    calendars = calendars_visible_to(request.membership)
    source = next(one for one in calendars if one.calendar.pk == event.calendar_id)
    initial = initial_of(event, owner.zone)
    page = EventDialog(
        request, owner, calendars=calendars, source=source, initial=initial, event=event
    )
    if only_follows(request):
        return page.follow()
    if request.method == "POST":
        form = page.form(request.POST)
        if form.is_valid() and (changed := _changed(request, form, event)) is not None:
            return _done(request, owner, changed, "was changed")
        return page.answer(form, status=422)
    return page.answer(page.form(None))


@require_http_methods(GET_POST)
@member_required(roles=MAY_WORK)
@refusals_as_pages
def event_delete(request: StaffRequest, event_id: UUID) -> HttpResponse:
    """Ask, then delete an event; of a series, this occurrence."""
    owner = _owner(request)
    event = event_for(request.membership, event_id, to_write=True)
    error = ""
    if request.method == "POST":
        try:
            events.delete_event(event=event, actor=user_actor(request))
        except DomainError as refusal:
            error = refusal.message
        else:
            return _done(request, owner, event, "was deleted")
    source = calendar_for(request.membership, event.calendar_id)
    sheet = event_sheet(seen(event, source.sight), source, owner.zone, timezone.now(), is_own=True)
    context = {
        "sheet": sheet,
        "error": error,
        "consequence": _consequence(event, source),
        "dialog_title": f"Delete “{sheet.title}”?",
        "form_action": request.path,
        "close_url": week_of(event.start_at, owner),
    }
    return answer(request, "event_delete", context, status=422 if error else 200)


def _created(request: StaffRequest, form: EventForm) -> Event | None:
    try:
        chosen = calendar_for(
            request.membership, UUID(form.cleaned_data["calendar"]), to_write=True
        ).calendar
        event = events.create_event(
            calendar=chosen, draft=form.to_draft(), actor=user_actor(request)
        )
    except DomainError as refusal:
        _say(form, refusal)
        return None
    remember_calendar(user=request.user, calendar=chosen)
    return event


def _changed(request: StaffRequest, form: EventForm, event: Event) -> Event | None:
    if not set(form.changed_data) - {"etag", "idempotency_key"}:
        return event
    draft = form.to_changes(attendees=attendees_of(event), starts=event.start_at)
    try:
        return events.update_event(
            event=event, draft=draft, actor=user_actor(request), etag=form.cleaned_data["etag"]
        )
    except DomainError as refusal:
        _say(form, refusal)
        return None


def _say(form: EventForm, refusal: DomainError) -> None:
    """The refusal in words, beside the field it is about. What was typed stays."""
    named = FIELDS.get(str(refusal.details().get("field", "")))
    form.add_error(named if named in form.fields else None, refusal.message)


def _done(request: StaffRequest, owner: UserOwner, event: Event, what: str) -> HttpResponse:
    return dialog_done(
        request,
        "events:changed",
        to=week_of(event.start_at, owner),
        message=f"“{event.title or NO_TITLE}” {what}",
        focus=f"ev-{event.pk}",
    )


def _nowhere_to_write(request: StaffRequest, owner: UserOwner) -> HttpResponse:
    context = {
        "offers": calendar_offers(owner, "calendar"),
        "dialog_title": "New event",
        "close_url": week_url(),
    }
    return answer(request, "event_nowhere", context)


def _consequence(event: Event, source: VisibleCalendar) -> str:
    """What deleting does, to whom."""
    label = provider_label(source.connection)
    what = f"It is removed from {source.calendar.name} in {label}."
    if event.series_remote_id:
        what = f"This occurrence leaves {source.calendar.name} in {label}. The others stay."
    return f"{what} Guests are told." if event.attendees and event.is_organizer else what


def _owner(request: StaffRequest) -> UserOwner:
    return owner_of_user(request.user, request.membership.workspace)
