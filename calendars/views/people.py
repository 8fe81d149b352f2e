"""People for the guests of an event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from audit.actors import user_actor
from calendars.services.people import find_people
from workspaces.access import MAY_WORK
from workspaces.guards import member_required

if TYPE_CHECKING:
    from django.http import HttpResponse

    from workspaces.guards import StaffRequest


@require_safe
@member_required(roles=MAY_WORK)
def people(request: StaffRequest) -> HttpResponse:
    """Whom `?q=` may mean, as the options of a list."""
    found = find_people(
        membership=request.membership,
        typed=request.GET.get("q", ""),
        actor=user_actor(request),
        session_key=request.session.session_key or "",
        now=timezone.now(),
    )
    return render(request, "calendars/people.html", {"people": found})
