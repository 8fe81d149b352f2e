"""Finding events by words."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from audit.actors import user_actor
from audit.services.log import log_mirror_reads
from calendars.agenda import list_found
from calendars.dates import Present, monday_of
from calendars.presenters import event_blocks
from calendars.search import LONGEST, find_events, words_of
from calendars.views.shown import calendars_shown_to
from calendars.wording import MONTHS
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.owners import owner_of_member

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.http import HttpResponse

    from calendars.queries import VisibleCalendar
    from workspaces.guards import StaffRequest


@require_safe
@member_required(roles=MAY_WORK)
def search(request: StaffRequest) -> HttpResponse:
    """What has all the words of `?q=`, as a list, twenty on a page."""
    now = timezone.now()
    present = Present(owner_of_member(request.membership).zone, now)
    calendars = calendars_shown_to(request).offered
    typed = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST]
    words = words_of(typed)
    found = find_events(calendars, words, now, _page(request))
    if words:
        _log(request, calendars, present)
    sources = {one.calendar.pk: one for one in calendars}
    context = {
        "typed": typed,
        "days": list_found(event_blocks(found.events, sources), present),
        "found": found,
        "span": _span_in_words(calendars, present),
        "day_link": f"{reverse('calendars:calendar')}?view=day&date=",
        "previous_url": _url(typed, found.page - 1) if found.page > 1 else "",
        "next_url": _url(typed, found.page + 1) if found.page < found.pages else "",
    }
    return render(request, "calendars/search.html", context)


def _page(request: StaffRequest) -> int:
    raw = request.GET.get("page", "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 6 else 1


def _url(typed: str, page: int) -> str:
    return f"{reverse('calendars:search')}?{urlencode({'q': typed, 'page': page})}"


def _log(request: StaffRequest, calendars: Sequence[VisibleCalendar], present: Present) -> None:
    """Searching reads the copies of all these accounts."""
    connections = {one.connection.pk: one.connection for one in calendars}
    if connections:
        log_mirror_reads(
            workspace_id=request.membership.workspace_id,
            actor=user_actor(request),
            session_key=request.session.session_key or "",
            connections=list(connections.values()),
            week_on=monday_of(present.today),
            now=present.now,
        )


def _span_in_words(calendars: Sequence[VisibleCalendar], present: Present) -> str:
    """`August 2026 to February 2028`: what the copies hold, and so all that can be found."""
    begins = [one.calendar.window_from for one in calendars if one.calendar.window_from]
    ends = [one.calendar.window_until for one in calendars if one.calendar.window_until]
    if not begins or not ends:
        return ""
    return f"{_month(min(begins), present)} to {_month(max(ends), present)}"


def _month(moment: datetime, present: Present) -> str:
    local = present.local(moment)
    return f"{MONTHS[local.month - 1]} {local.year}"
