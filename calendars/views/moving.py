"""An event dragged to another time, or carried there by keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.http import JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from audit.actors import user_actor
from calendars.access import event_for
from calendars.enums import Scope
from calendars.errors import EventChanged
from calendars.forms import SCOPES
from calendars.moves import moved_meanwhile, read_move, way_back, where_it_goes, where_it_is
from calendars.presenters import NO_TITLE, event_url
from calendars.providers.errors import EventGone
from calendars.services import series
from calendars.views.event_dialog import answer, week_of
from calendars.views.refusals import refusals_as_pages
from common.errors import Conflict, DomainError, Forbidden, InvalidInput, NotFound
from common.htmx import is_htmx, refused
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.owners import owner_of_member

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from django.http import HttpResponse

    from calendars.models import Event
    from workspaces.guards import StaffRequest
    from workspaces.owners import UserOwner

GONE: Final = "This event is no longer here."
READ_ONLY: Final = "You can see this event and not change it."
# What a move is made of, in the order of its address.
PARTS: Final = ("start", "end", "was", "scope", "undo")


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(roles=MAY_WORK)
@refusals_as_pages
def event_move(request: StaffRequest, event_id: UUID) -> HttpResponse:
    """Another start, end, or both; of a series, as much of it as `scope` says.

    A GET asks how much that is. Answers a script: `{ok, message, undo_url}`, or `{ok: false, code,
    message}` with the refusal's status and the event where it was; of a conflict, with
    `anyway_url` and `open_url` too. `undo_url` and `anyway_url` are this address again.
    """
    owner = owner_of_member(request.membership)
    asked = {**request.GET.dict(), **request.POST.dict()}
    if request.method != "POST":
        return _question(request, owner, event_id, asked)
    try:
        event = event_for(request.membership, event_id, to_write=True)
        done = series.update_event(
            event=event,
            draft=read_move(asked, event, owner.zone),
            actor=user_actor(request),
            etag=asked.get("etag", ""),
            scope=_scope(event, asked),
        )
    except DomainError as refusal:
        if is_htmx(request):
            return JsonResponse(_refused(request, owner, event_id, asked, refusal),
                                status=refusal.status)  # fmt: skip
        if isinstance(refusal, EventGone):
            # There is nothing left to ask about.
            return refused(request, to="calendars:calendar", message=refusal.message)
        return _question(request, owner, event_id, asked, refusal)
    said = _said(done, owner, asked)
    if not is_htmx(request):
        messages.success(request, said)
        return redirect(week_of(done.event.start_at, owner))
    undo = {} if asked.get("undo") else {"undo_url": _undo_url(event, done.event, asked)}
    return JsonResponse({"ok": True, "message": said, **undo})


def _question(
    request: StaffRequest,
    owner: UserOwner,
    event_id: UUID,
    asked: Mapping[str, str],
    refusal: DomainError | None = None,
) -> HttpResponse:
    """How much of its series moves; asked in the dialog, or on a page of its own."""
    event = event_for(request.membership, event_id, to_write=True)
    try:
        goal = where_it_goes({**asked, "was": ""}, event, owner.zone)
    except InvalidInput as wrong:
        goal, refusal = "", refusal or wrong
    chosen = asked.get("scope") or Scope.THIS.value
    context = {
        "event": event,
        "title": event.title or NO_TITLE,
        "goal": goal,
        "error": refusal.message if refusal else "",
        "scopes": [(scope.value, words, scope.value == chosen) for scope, words in SCOPES],
        "hidden": [(name, asked[name]) for name in ("start", "end", "was") if asked.get(name)],
        "dialog_title": "This event repeats" if event.series_remote_id else "Move this event",
        "form_action": request.path,
        "close_url": week_of(event.start_at, owner),
    }
    return answer(request, "event_move", context, status=422 if refusal else 200)


def _scope(event: Event, asked: Mapping[str, str]) -> Scope:
    """How much of its series is meant, which has to be said of one that has a series."""
    wanted = asked.get("scope") or ("" if event.series_remote_id else Scope.THIS.value)
    if wanted not in Scope.values:
        raise InvalidInput("scope", "Say how much of the series moves.")
    return Scope(wanted)


def _refused(
    request: StaffRequest,
    owner: UserOwner,
    event_id: UUID,
    asked: Mapping[str, str],
    refusal: DomainError,
) -> dict[str, Any]:
    said: dict[str, Any] = {"ok": False, "code": refusal.code, "message": refusal.message}
    if isinstance(refusal, NotFound):
        said["message"] = GONE
    elif isinstance(refusal, Forbidden):
        said["message"] = READ_ONLY
    elif isinstance(refusal, Conflict | EventChanged):
        there = refusal.event_id if isinstance(refusal, EventChanged) else event_id
        said |= _ways_on(request, owner, there, asked)
    return said


def _ways_on(
    request: StaffRequest, owner: UserOwner, event_id: UUID, asked: Mapping[str, str]
) -> dict[str, str]:
    """Where the event really is, and what can be done about it."""
    try:
        event = event_for(request.membership, event_id, to_write=True)
    except DomainError:  # it became private, or what is left is no event
        return {"message": GONE}
    again = {name: asked[name] for name in PARTS if asked.get(name)}
    was = again.pop("was", "")
    # An edge that was pulled leaves the other one where the person saw it.
    if "start" not in again and was:
        again["start"] = was
    return {
        "message": moved_meanwhile(event, owner.zone),
        "anyway_url": _address(event, again),
        "open_url": event_url(event.pk),
    }


def _undo_url(before: Event, after: Event, asked: Mapping[str, str]) -> str:
    # Of a new series all is what followed.
    scope = Scope.THIS if asked.get("scope") in (None, "", Scope.THIS) else Scope.ALL
    was = way_back(after)["start"]
    return _address(after, {**way_back(before), "was": was, "scope": scope.value, "undo": "1"})


def _address(event: Event, query: Mapping[str, str]) -> str:
    return f"{reverse('calendars:event_move', args=[event.pk])}?{urlencode(query)}"


def _said(done: series.Done, owner: UserOwner, asked: Mapping[str, str]) -> str:
    event, place = done.event, where_it_is(done.event, owner.zone)
    name = f"“{event.title or NO_TITLE}”"
    if asked.get("undo"):
        words = f"{name} is back at {place}."
    elif asked.get("scope") == Scope.FOLLOWING:
        words = f"{name} and the following moved, this one to {place}."
    elif asked.get("scope") == Scope.ALL:
        words = f"All of {name} moved, this one to {place}."
    else:
        words = f"{name} moved to {place}."
        words += " Only this occurrence; the others stay." if event.series_remote_id else ""
    return " ".join([words + _to_guests(event, asked), *done.notes])


def _to_guests(event: Event, asked: Mapping[str, str]) -> str:
    if asked.get("undo") or not event.is_organizer:
        return ""
    guests = any(not (one.get("is_self") or one.get("is_organizer")) for one in event.attendees)
    return " Guests are told." if guests else ""
