"""The dialog in which somebody shares a calendar of their own with colleagues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.views.decorators.http import require_http_methods

from calendars.access import calendar_to_share
from calendars.services.sharing import share_calendar
from calendars.sharing_page import SharingForm, colleagues_of, sharing_of
from calendars.views.event_dialog import answer
from calendars.views.refusals import refusals_as_pages
from common.htmx import dialog_done
from workspaces.access import MAY_WORK
from workspaces.guards import member_required

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from workspaces.guards import StaffRequest


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(roles=MAY_WORK)
@refusals_as_pages
def calendar_sharing(request: StaffRequest, calendar_id: UUID) -> HttpResponse:
    """Ask who sees how much of the calendar, and keep it."""
    calendar = calendar_to_share(request.membership, calendar_id)
    form = SharingForm(
        request.POST or None,
        sharing=sharing_of(calendar),
        colleagues=colleagues_of(request.membership),
    )
    if form.is_valid():
        share_calendar(
            calendar=calendar, everyone=form.everyone_level(), members=form.member_levels()
        )
        message = f"Who sees {calendar.name} is saved"
        page = "calendars:connections"
        return dialog_done(request, "sharing:changed", to=page, message=message)
    context = {
        "form": form,
        "dialog_title": f"Share {calendar.name}",
        "form_action": request.path,
        "close_url": reverse("calendars:connections"),
    }
    return answer(request, "calendar_sharing", context, status=422 if form.is_bound else 200)
