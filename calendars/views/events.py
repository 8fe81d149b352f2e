"""One event: its details, the form that makes or changes it, and the question before deleting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.actors import user_actor
from calendars.access import calendar_for, event_for
from calendars.enums import ConferenceState, Scope
from calendars.event_page import (
    initial_of_new,
    preselected,
    writable,
)
from calendars.forms import SCOPES, EventForm
from calendars.invitation import invitation_to
from calendars.joining import link_name
from calendars.offers import calendar_offers
from calendars.paused import WHY_STALE
from calendars.phrases import as_of
from calendars.presenters import NO_TITLE, event_sheet, week_url
from calendars.providers.errors import EventGone
from calendars.queries import calendars_visible_to, seen
from calendars.room_line import room_line
from calendars.services import events, series
from calendars.services.answering import is_invitation
from calendars.services.link_retry import retry_link
from calendars.services.preferences import remember_calendar
from calendars.sidebar import provider_label
from calendars.views.event_dialog import EventDialog, answer, only_follows, typed, week_of
from calendars.views.refusals import refusals_as_pages
from common.errors import DomainError, InvalidInput
from common.htmx import dialog_done, is_htmx, refused
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.owners import owner_of_member

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calendars.invitation import Invitation
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
    "endTimeZone": "end_zone",
    "busy": "busy",
    "hue": "hue",
    "kind": "kind",
    "conference": "conference",
    "calendar": "calendar",
    "recurrence": "repeats",
    "recurrence[0]": "repeats",
    "scope": "scope",
}

_DELETED = {
    Scope.THIS: "was deleted",
    Scope.FOLLOWING: "and the following were deleted",
    Scope.ALL: "was deleted, all of them",
}


@require_safe
@member_required(roles=MAY_WORK)
@refusals_as_pages
def event_detail(request: StaffRequest, event_id: UUID) -> HttpResponse:
    """What an event holds, beside the week."""
    event = event_for(request.membership, event_id)
    return answer(request, "event_detail", _details(request, event))


@require_POST
@member_required(roles=MAY_WORK)
@refusals_as_pages
def event_link(request: StaffRequest, event_id: UUID) -> HttpResponse:
    """Ask again for the event's meeting link; what became of it stands in its details."""
    event = event_for(request.membership, event_id, to_write=True)
    sheet_url, refusal = reverse("calendars:event_detail", args=[event.pk]), None
    try:
        event = retry_link(event=event, actor=user_actor(request))
    except EventGone as gone:
        return refused(request, to=week_of(event.start_at, _owner(request)), message=gone.message)
    except DomainError as error:
        refusal = error
    if not is_htmx(request):
        if refusal is not None:
            messages.error(request, refusal.message)
        return redirect(sheet_url)
    event = event_for(request.membership, event_id)
    is_noted = refusal is None or refusal.message.startswith(event.conference_note)
    more = {"link_error": "" if is_noted or refusal is None else refusal.message}
    response = answer(request, "event_detail", {**_details(request, event), **more})
    response["HX-Trigger"] = "events:changed"
    return response


def _details(request: StaffRequest, event: Event) -> dict[str, Any]:
    now, owner = timezone.now(), _owner(request)
    source = calendar_for(request.membership, event.calendar_id)
    is_own = source.connection.owner_id == request.user.pk
    synced_at = source.calendar.synced_at if source.is_stale else None
    rule = series.rule_best_effort(event=event, actor=user_actor(request))
    sheet = event_sheet(
        seen(event, source.sight), source, owner.zone, now, is_own=is_own, series=rule
    )
    sheet_url = reverse("calendars:event_detail", args=[event.pk])
    return {
        "sheet": sheet,
        "room": room_line(event, owner.zone),
        "may_write": source.may_write,
        "paused": WHY_STALE if source.connection.is_paused_by_plan else "",
        "invitation": _invitation(event, source),
        "as_of": as_of(synced_at, owner.zone, now) if synced_at else "",
        "address": request.build_absolute_uri(sheet_url),
        "detail_url": sheet_url,
        "close_url": week_of(event.start_at, owner),
        "beside": True,
    }


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
            return done(request, owner, event, "was created", missing_link(event))
        return page.answer(form, status=422)
    return page.answer(page.form(None, offered))


@require_http_methods(GET_POST)
@member_required(roles=MAY_WORK)
@refusals_as_pages
def event_delete(request: StaffRequest, event_id: UUID) -> HttpResponse:
    """Ask, then delete an event; of a series, as much of it as is chosen."""
    owner = _owner(request)
    event = event_for(request.membership, event_id, to_write=True)
    error = ""
    if request.method == "POST":
        try:
            scope = _scope(request)
            notes = series.delete_event(event=event, actor=user_actor(request), scope=scope)
        except DomainError as refusal:
            error = refusal.message
        else:
            return done(request, owner, event, _DELETED[scope], notes)
    source = calendar_for(request.membership, event.calendar_id)
    rule = series.rule_best_effort(event=event, actor=user_actor(request))
    sheet = event_sheet(
        seen(event, source.sight), source, owner.zone, timezone.now(), is_own=True, series=rule
    )
    context = {
        "sheet": sheet,
        "error": error,
        "consequence": _consequence(event, source),
        "scopes": _scopes(event, request),
        "dialog_title": f"Delete “{sheet.title}”?",
        "form_action": request.path,
        "close_url": week_of(event.start_at, owner),
    }
    return answer(request, "event_delete", context, status=422 if error else 200)


def _invitation(event: Event, source: VisibleCalendar) -> Invitation | None:
    return invitation_to(event) if source.may_write and is_invitation(event) else None


def _created(request: StaffRequest, form: EventForm) -> Event | None:
    try:
        chosen = calendar_for(
            request.membership, UUID(form.cleaned_data["calendar"]), to_write=True
        ).calendar
        event = events.create_event(
            calendar=chosen, draft=form.to_draft(), actor=user_actor(request)
        )
    except DomainError as refusal:
        say(form, refusal)
        return None
    remember_calendar(user=request.user, calendar=chosen)
    return event


def missing_link(event: Event) -> list[str]:
    """That an event was saved without the link that was wanted, in a sentence."""
    if event.conference_state != ConferenceState.FAILED:
        return []
    return [f"There is no {link_name(event.conference)} link. {event.conference_note}"]


def say(form: EventForm, refusal: DomainError) -> None:
    """The refusal in words, beside the field it is about. What was typed stays."""
    named = FIELDS.get(str(refusal.details().get("field", "")))
    form.add_error(named if named in form.fields else None, refusal.message)


def done(
    request: StaffRequest, owner: UserOwner, event: Event, what: str, notes: Sequence[str] = ()
) -> HttpResponse:
    """Close the dialog and say what was done."""
    said = f"“{event.title or NO_TITLE}” {what}"
    return dialog_done(
        request,
        "events:changed",
        to=week_of(event.start_at, owner),
        message=". ".join([said, *notes]) if notes else said,
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
    what = f"It is removed from {source.calendar.name} in {provider_label(source.connection)}."
    return f"{what} Guests are told." if event.attendees and event.is_organizer else what


def _scopes(event: Event, request: StaffRequest) -> list[tuple[str, str, bool]]:
    """How much of its series can be deleted: value, words, whether chosen. None for one event."""
    if not event.series_remote_id:
        return []
    chosen = request.POST.get("scope") or Scope.THIS.value
    return [(scope.value, words, scope.value == chosen) for scope, words in SCOPES]


def _scope(request: StaffRequest) -> Scope:
    wanted = request.POST.get("scope") or Scope.THIS.value
    if wanted not in Scope.values:
        raise InvalidInput("scope", "Choose how much of the series is meant.")
    return Scope(wanted)


def _owner(request: StaffRequest) -> UserOwner:
    return owner_of_member(request.membership)
