"""Week, day, month and agenda, and which calendars are shown in them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from audit.actors import user_actor
from audit.services.log import log_mirror_reads
from calendars.access import may_manage
from calendars.asked import WEEK, read_address
from calendars.offers import calendar_offers
from calendars.queries import calendars_visible_to, changes_cursor, events_between
from calendars.services.preferences import show_calendars
from calendars.services.reading import list_events_best_effort
from calendars.views.refusals import refusals_as_pages
from calendars.week_page import calendar_page
from common.errors import InvalidInput, NotFound
from common.htmx import dialog_done, is_htmx
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.owners import owner_of_user

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from calendars.asked import Asked
    from calendars.models import Calendar
    from calendars.queries import SeenEvent, VisibleCalendar
    from calendars.week_page import CalendarPage
    from common.spans import Span
    from workspaces.guards import StaffRequest
    from workspaces.owners import UserOwner

HIDDEN = "hidden_calendars"
VIEW = "calendar_view"


@require_safe
@member_required(roles=MAY_WORK)
def calendar(request: StaffRequest) -> HttpResponse:
    """The member's week (day, month, agenda) of every calendar they may see.

    The view last chosen is the one an address without `?view=` opens, as long as the session lasts.
    """
    now = timezone.now()
    owner = owner_of_user(request.user, request.membership.workspace)
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
    hidden = _hidden(request)
    visible = calendars_visible_to(membership)
    calendars = [
        one
        for one in visible
        # What somebody leaves out of their own week is not shown to colleagues either.
        if one.calendar.is_shown or _may_arrange(request, one)
    ]
    shown = [one for one in calendars if one.calendar.is_shown and one.calendar.pk not in hidden]
    span = asked.span(owner.zone)
    return calendar_page(
        asked=asked,
        profile=owner.profile,
        calendars=calendars,
        hidden=hidden,
        events=_events(request, shown, span, asked.mondays, now),
        availability=owner.availability,
        offers=calendar_offers(owner, "calendar"),
        cursor=changes_cursor(visible),
        now=now,
    )


def _events(
    request: StaffRequest,
    shown: Sequence[VisibleCalendar],
    span: Span,
    mondays: Sequence[date],
    now: datetime,
) -> list[SeenEvent]:
    """From the mirror, logged; of dates far from today as good as the providers answer."""
    membership, actor = request.membership, user_actor(request)
    session_key = request.session.session_key or ""
    if any(_is_beyond(one.calendar, span) for one in shown):
        listing = list_events_best_effort(
            membership=membership,
            calendars=shown,
            span=span,
            actor=actor,
            session_key=session_key,
            now=now,
        )
        return listing.events
    connections = {one.connection.pk: one.connection for one in shown}
    if not connections:
        return []
    for monday in mondays:
        log_mirror_reads(
            workspace_id=membership.workspace_id,
            actor=actor,
            session_key=session_key,
            connections=list(connections.values()),
            week_on=monday,
            now=now,
        )
    return events_between(membership, span, calendars=shown, for_grid=True)


def _is_beyond(calendar: Calendar, span: Span) -> bool:
    """Whether the span reaches past what is copied. One never copied is on its way: no waiting."""
    begins, ends = calendar.window_from, calendar.window_until
    return begins is not None and ends is not None and (span.start < begins or ends < span.end)


def _may_arrange(request: StaffRequest, one: VisibleCalendar) -> bool:
    connection = one.connection
    return may_manage(request.membership, connection.owner_kind, connection.owner_id)


def _hidden(request: StaffRequest) -> set[UUID]:
    """Calendars of colleagues that this session leaves out."""
    return {UUID(raw) for raw in request.session.get(HIDDEN, [])}


@require_POST
@member_required(roles=MAY_WORK)
@refusals_as_pages
def calendars_shown(request: StaffRequest) -> HttpResponse:
    """Keep which calendars are ticked: one's own and clients' for good, others' for the session."""
    offered, shown = _ids(request, "offered"), _ids(request, "shown")
    seen = calendars_visible_to(request.membership, calendar_ids=offered)
    if len(seen) != len(offered):
        raise NotFound
    mine = [one.calendar for one in seen if _may_arrange(request, one)]
    show_calendars(calendars=mine, shown=shown)
    theirs = {one.calendar.pk for one in seen} - {calendar.pk for calendar in mine}
    hidden = (_hidden(request) - theirs) | (theirs - shown)
    request.session[HIDDEN] = sorted(str(one) for one in hidden)
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
