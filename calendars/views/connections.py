"""Every account a member may manage, and how its calendars are arranged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from audit.enums import Provider
from calendars.access import any_connection_for, connection_for, own_calendar_for
from calendars.connection_page import (
    HUES,
    PAGE,
    connection_rows,
    is_subscription,
    provider_name,
    workspace_zoom,
)
from calendars.enums import Hue
from calendars.offers import calendar_offers, offer_of
from calendars.paused import refuse_paused
from calendars.services import places
from calendars.services.connections import choose_booking_calendar
from calendars.services.preferences import arrange_calendar
from calendars.views.event_dialog import answer
from calendars.views.refusals import refusals_as_pages
from common.errors import Conflict
from common.htmx import dialog_done
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.owners import owner_for, owner_of_member

if TYPE_CHECKING:
    from uuid import UUID

    from audit.models import ConnectionBase
    from workspaces.guards import StaffRequest


class CalendarSettingsForm(forms.Form):
    """How one calendar is arranged."""

    hue = forms.ChoiceField(choices=Hue.choices)
    is_shown = forms.BooleanField(required=False)
    counts_as_busy = forms.BooleanField(required=False)


@require_safe
@member_required(roles=MAY_WORK)
def connections(request: StaffRequest) -> HttpResponse:
    """The accounts of the member and of the clients, and what each will need next."""
    owner = owner_of_member(request.membership)
    rows = connection_rows(request.membership, owner.zone, timezone.now())
    context = {
        "rows": rows,
        "broken": [row for row in rows if row.needs_consent],
        "offers": [*calendar_offers(owner, PAGE), offer_of(Provider.ZOOM, owner, PAGE)],
        "zoom": workspace_zoom(request.membership),
        "hues": HUES,
    }
    return render(request, "calendars/connections.html", context)


def _named(connection: ConnectionBase) -> str:
    """The address; with Zoom's name, whose account often has the same one as a calendar's."""
    if connection.provider == Provider.ZOOM:
        return f"Zoom, {connection.connected_email}"
    return connection.connected_email


@require_safe
@member_required(roles=MAY_WORK)
@refusals_as_pages
def disconnect_question(request: StaffRequest, connection_id: UUID) -> HttpResponse:
    """Ask before an account is disconnected."""
    connection = any_connection_for(request.membership, connection_id)
    context = {
        "email": connection.connected_email,
        "provider": provider_name(connection),
        "is_subscription": is_subscription(connection),
        "is_zoom": connection.provider == Provider.ZOOM,
        "dialog_title": f"Disconnect {_named(connection)}?",
        "form_action": reverse("calendars:disconnect", args=[connection.pk]),
        "close_url": reverse("calendars:connections"),
        # A name that is no page's leads to the owner's own one.
        "next": request.GET.get("next", PAGE),
    }
    return answer(request, "disconnect_question", context)


@require_POST
@member_required(roles=MAY_WORK)
@refusals_as_pages
def calendar_settings(request: StaffRequest, calendar_id: UUID) -> HttpResponse:
    """Keep one calendar's colour, whether it is shown, and whether it counts as busy."""
    calendar = own_calendar_for(request.membership, calendar_id)
    form = CalendarSettingsForm(request.POST)
    if not form.is_valid():
        context = {"form": form, "calendar": calendar}
        return render(request, "calendars/calendar_settings.html", context, status=422)
    arrange_calendar(calendar=calendar, **form.cleaned_data)
    message = f"{calendar.name} is saved"
    return dialog_done(request, "calendars:changed", to="calendars:connections", message=message)


@require_POST
@member_required(roles=MAY_WORK)
@refusals_as_pages
def use_instead(request: StaffRequest, connection_id: UUID) -> HttpResponse:
    """Let a paused account have the plan's one place, and pause the one that had it."""
    connection = connection_for(request.membership, connection_id)
    workspace = request.membership.workspace
    owner = owner_for(connection.owner_kind, connection.owner_id, workspace)
    try:
        places.use_instead(owner=owner, connection=connection)
    except Conflict as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"{connection.connected_email} is in use now.")
    return redirect("calendars:connections")


@require_POST
@member_required(roles=MAY_WORK)
@refusals_as_pages
def set_booking(request: StaffRequest, calendar_id: UUID) -> HttpResponse:
    """Have the owner's bookings written to this calendar."""
    calendar = own_calendar_for(request.membership, calendar_id)
    refuse_paused(calendar.connection)
    if calendar.is_writable:
        connection, workspace = calendar.connection, request.membership.workspace
        owner = owner_for(connection.owner_kind, connection.owner_id, workspace)
        choose_booking_calendar(owner=owner, calendar=calendar)
        messages.success(request, f"Bookings now go to {calendar.name}.")
    else:
        messages.error(request, f"{calendar.name} can be read only. Choose another calendar.")
    return redirect("calendars:connections")
