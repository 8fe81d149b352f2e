"""Week, day, month and agenda, and which calendars are shown in them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from calendars.asked import DAY, WEEK, read_address
from calendars.dates import Present
from calendars.offers import calendar_offers
from calendars.queries import calendars_visible_to, changes_cursor
from calendars.services import sync
from calendars.services.preferences import lay_over, show_calendars
from calendars.views.refusals import refusals_as_pages
from calendars.views.shown import calendars_shown_to, events_shown, may_arrange
from calendars.views.tasks import tasks_beside
from calendars.week_page import calendar_page
from common.errors import InvalidInput, NotFound
from common.htmx import dialog_done, is_htmx
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.owners import owner_of_member

if TYPE_CHECKING:
    from datetime import datetime

    from calendars.asked import Asked
    from calendars.week_page import CalendarPage
    from workspaces.guards import StaffRequest
    from workspaces.owners import UserOwner

VIEW = "calendar_view"


@require_safe
@member_required(roles=MAY_WORK)
def calendar(request: StaffRequest) -> HttpResponse:
    """The member's week (day, month, agenda) of every calendar they may see.

    The view last chosen is the one an address without `?view=` opens, as long as the session lasts.
    """
    now = timezone.now()
    owner = owner_of_member(request.membership)
    try:
        today = now.astimezone(owner.zone).date()
        asked = read_address(request.GET, today, usual=request.session.get(VIEW, WEEK))
    except InvalidInput as error:
        context = {"field": error.field, "message": error.message}
        return render(request, "calendars/wrong_address.html", context, status=error.status)
    # A page that only brings itself up to date chooses nothing: another tab may show another view.
    if not is_htmx(request) and request.session.get(VIEW, WEEK) != asked.view:
        request.session[VIEW] = asked.view
    page = _page(request, owner, asked, now)
    name = "calendars/calendar.html"
    response = render(request, f"{name}#refresh" if is_htmx(request) else name, {"page": page})
    patch_vary_headers(response, ["HX-Request"])
    return response


def _page(request: StaffRequest, owner: UserOwner, asked: Asked, now: datetime) -> CalendarPage:
    membership = request.membership
    calendars = calendars_shown_to(request)
    if not is_htmx(request):
        # A page that brings itself up to date has asked for it already; without scripts none does.
        fresh = timedelta(seconds=settings.MIRROR_FRESH_SECONDS)
        sync.refresh_stale(calendars.shown, older_than=fresh)
    events = events_shown(request, calendars.shown, asked.span(owner.zone), asked.mondays, now)
    sources = {one.calendar.pk: one for one in calendars.offered}
    return calendar_page(
        asked=asked,
        profile=owner.profile,
        calendars=calendars.offered,
        events=events,
        tasks=tasks_beside(membership, asked.on, events, sources, Present(owner.zone, now))
        if asked.view == DAY and calendars.offered
        else None,
        availability=owner.availability,
        offers=calendar_offers(owner, "calendar"),
        cursor=changes_cursor(calendars.visible),
        now=now,
    )


@require_POST
@member_required(roles=MAY_WORK)
@refusals_as_pages
def calendars_shown(request: StaffRequest) -> HttpResponse:
    """Keep which calendars are ticked: one's own and clients' for all, others' for oneself."""
    offered, shown = _ids(request, "offered"), _ids(request, "shown")
    seen = calendars_visible_to(request.membership, calendar_ids=offered)
    if len(seen) != len(offered):
        raise NotFound
    mine = [one.calendar for one in seen if may_arrange(request, one)]
    show_calendars(calendars=mine, shown=shown)
    theirs = [one for one in seen if not may_arrange(request, one)]
    lay_over(membership=request.membership, calendars=theirs, shown=shown)
    return dialog_done(request, "events:changed", to=_next_page(request))


def _ids(request: StaffRequest, name: str) -> set[UUID]:
    try:
        return {UUID(raw) for raw in request.POST.getlist(name)}
    except ValueError:
        raise NotFound from None


def _next_page(request: StaffRequest) -> str:
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if is_ours else reverse("calendars:calendar")
