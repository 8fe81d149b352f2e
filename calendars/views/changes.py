"""What an open page asks every few seconds: has anything changed that I show?"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from calendars.queries import calendars_visible_to, changes_cursor
from calendars.services import sync
from workspaces.access import MAY_WORK
from workspaces.guards import member_required

if TYPE_CHECKING:
    from workspaces.guards import StaffRequest


@require_GET
@never_cache
@member_required(roles=MAY_WORK)
def changes(request: StaffRequest) -> HttpResponse:
    """204 while nothing a member sees differs from `?since=`; else 200 with the next cursor.

    Has old copies read again by the workers, and never waits for a provider.
    """
    calendars = calendars_visible_to(request.membership)
    sync.refresh_stale(calendars, older_than=timedelta(seconds=settings.MIRROR_FRESH_SECONDS))
    cursor = changes_cursor(calendars)
    if request.GET.get("since") == cursor:
        return HttpResponse(status=204)
    return JsonResponse(
        {"cursor": cursor},
        headers={"HX-Trigger": "events:changed"} if request.headers.get("HX-Request") else None,
    )
