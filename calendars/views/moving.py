"""An event dragged to another time, or carried there by keys."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.http import JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from audit.actors import user_actor
from calendars.access import event_for
from calendars.moves import read_move, way_back, where_it_is
from calendars.presenters import NO_TITLE
from calendars.services import events
from common.errors import DomainError, Forbidden, NotFound
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.owners import owner_of_user

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from calendars.models import Event
    from workspaces.guards import StaffRequest

GONE = "This event is no longer here."
READ_ONLY = "You can see this event and not change it."


@require_POST
@member_required(roles=MAY_WORK)
def event_move(request: StaffRequest, event_id: UUID) -> HttpResponse:
    """Another start, end, or both; of a series, this occurrence only.

    Answers a script: `{ok, message, undo_url}`, or `{ok: false, code, message}` with the refusal's
    status and the event where it was. `undo_url` is this address again, with the way back in it.
    """
    zone = owner_of_user(request.user, request.membership.workspace).zone
    asked = {**request.GET.dict(), **request.POST.dict()}
    try:
        event = event_for(request.membership, event_id, to_write=True)
        back = way_back(event)
        moved = events.update_event(
            event=event,
            draft=read_move(asked, event, zone),
            actor=user_actor(request),
            etag=asked.get("etag", ""),
        )
    except DomainError as refusal:
        return _refused(refusal)
    place = where_it_is(moved, zone)
    if asked.get("undo"):
        return JsonResponse({"ok": True, "message": f"{_name(moved)} is back at {place}."})
    query = urlencode({**back, "was": way_back(moved)["start"], "undo": "1"})
    undo_url = f"{reverse('calendars:event_move', args=[moved.pk])}?{query}"
    message = f"{_name(moved)} moved to {place}.{_consequence(moved)}"
    return JsonResponse({"ok": True, "message": message, "undo_url": undo_url})


def _refused(refusal: DomainError) -> HttpResponse:
    message = refusal.message
    if isinstance(refusal, NotFound):
        message = GONE
    elif isinstance(refusal, Forbidden):
        message = READ_ONLY
    answer = {"ok": False, "code": refusal.code, "message": message}
    return JsonResponse(answer, status=refusal.status)


def _name(event: Event) -> str:
    return f"“{event.title or NO_TITLE}”"


def _consequence(event: Event) -> str:
    """What else that meant."""
    words = " Only this occurrence; the others stay." if event.series_remote_id else ""
    guests = any(not (one.get("is_self") or one.get("is_organizer")) for one in event.attendees)
    return f"{words} Guests are told." if guests and event.is_organizer else words
