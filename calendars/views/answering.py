"""An invitation answered from the details of its event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.views.decorators.http import require_POST

from audit.actors import user_actor
from calendars.access import event_for
from calendars.enums import Response, Scope
from calendars.invitation import SAID
from calendars.presenters import NO_TITLE
from calendars.services import answering
from calendars.views.event_dialog import week_of
from calendars.views.refusals import refusals_as_pages
from common.errors import DomainError, InvalidInput
from common.htmx import dialog_done, refused
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.owners import owner_of_member

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from workspaces.guards import StaffRequest


@require_POST
@member_required(roles=MAY_WORK)
@refusals_as_pages
def event_respond(request: StaffRequest, event_id: UUID) -> HttpResponse:
    """Yes, maybe or no; of a series, to this event or to all of them."""
    event = event_for(request.membership, event_id, to_write=True)
    try:
        answered = answering.respond(
            event=event,
            response=_response(request),
            comment=request.POST.get("comment", ""),
            actor=user_actor(request),
            scope=_scope(request),
        )
    except DomainError as refusal:
        sheet = reverse("calendars:event_detail", args=[event.pk])
        return refused(request, to=sheet, message=refusal.message)
    owner = owner_of_member(request.membership)
    said = f"{SAID[_response(request)]} to “{event.title or NO_TITLE}”"
    return dialog_done(
        request,
        "events:changed",
        to=week_of(event.start_at, owner),
        message=". ".join([said, *answered.notes]),
        focus=f"ev-{answered.event.pk}",
    )


def _response(request: StaffRequest) -> Response:
    said = request.POST.get("response", "")
    if said not in Response.values:
        raise InvalidInput("response", "Answer yes, maybe or no.")
    return Response(said)


def _scope(request: StaffRequest) -> Scope:
    wanted = request.POST.get("scope") or Scope.THIS.value
    if wanted not in Scope.values:
        raise InvalidInput("scope", "Choose this event or all of them.")
    return Scope(wanted)
