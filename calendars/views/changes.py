"""What an open page asks every few seconds: has anything changed that I show?"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from calendars.queries import calendars_visible_to, changes_cursor
from calendars.services import sync
from workspaces.access import MAY_WORK
from workspaces.guards import member_required

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calendars.queries import VisibleCalendar
    from workspaces.guards import StaffRequest

POLL_HEADER: Final = "X-Meridian-Poll"


@require_GET
@never_cache
@member_required(roles=MAY_WORK)
def changes(request: StaffRequest) -> HttpResponse:
    """204 while nothing a member sees differs from `?since=`; else 200 with the next cursor.

    Has old copies read again by the workers, and never waits for a provider. `?quiet=` says for
    how many seconds nothing has happened on the page, by hand or by itself; the answer's
    X-Meridian-Poll says after how many to ask again.
    """
    calendars = calendars_visible_to(request.membership)
    is_idle = _seconds(request.GET.get("quiet", "")) >= settings.IDLE_AFTER_SECONDS
    fresh = settings.IDLE_POLL_SECONDS if is_idle else settings.MIRROR_FRESH_SECONDS
    shown = [one for one in calendars if one.is_shown]
    asked = sync.refresh_stale(shown, older_than=timedelta(seconds=fresh))
    cursor = changes_cursor(calendars)
    headers = {POLL_HEADER: str(_pace(shown, is_idle=is_idle, is_read=asked > 0))}
    if request.GET.get("since") == cursor:
        return HttpResponse(status=204, headers=headers)
    if request.headers.get("HX-Request"):
        headers["HX-Trigger"] = "events:changed"
    return JsonResponse({"cursor": cursor}, headers=headers)


def _pace(shown: Sequence[VisibleCalendar], *, is_idle: bool, is_read: bool) -> int:
    """In how many seconds to ask again: soon while a reading is under way, or providers tell.

    That costs no provider anything: how old a copy may grow decides when it is read again.
    """
    now = timezone.now()
    calendars = [one.calendar for one in shown]
    soon: int = settings.PUSHED_POLL_SECONDS
    usual: int = settings.POLL_SECONDS
    idle: int = settings.IDLE_POLL_SECONDS
    if is_read or any(calendar.is_awaited(now) for calendar in calendars):
        return soon
    if any(calendar.is_pushed(now) for calendar in calendars):
        return usual if is_idle else soon
    return idle if is_idle else usual


def _seconds(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0
