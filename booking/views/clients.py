"""A client's page: whom we notify, and the same three cards as a member has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from booking.owners import tables_of
from booking.queries import meetings_for_owner
from booking.services.clients import change_details, refused_preferences
from booking.staff_forms import ClientPlanForm
from booking.views.scheduling import change_calendars, change_hours, page
from common.errors import InvalidInput, NotFound
from common.htmx import dialog_done
from common.languages import LANGUAGES
from workspaces.access import MAY_WORK, client_for
from workspaces.guards import member_required
from workspaces.owners import ClientOwner
from workspaces.queries import client_access_of

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from workspaces.guards import StaffRequest

PAGE = "booking/staff/client_info.html"
_FIELDS = (
    "name",
    "primary_contact_name",
    "primary_contact_email",
    "language",
    "timezone",
    "preferred_conference",
)
_LANGUAGES = {one.code: one.name for one in LANGUAGES}


def client_owner(request: StaffRequest, client_id: UUID) -> ClientOwner:
    """The client as an owner; 404 when it is not of the session's workspace."""
    workspace = request.membership.workspace
    try:
        return ClientOwner(workspace=workspace, client=client_for(workspace, client_id))
    except NotFound:
        raise Http404 from None


@require_safe
@member_required(roles=MAY_WORK)
def client_info(request: StaffRequest, client_id: UUID) -> HttpResponse:
    owner = client_owner(request, client_id)
    return page(request, owner, PAGE, **_details(owner))


@require_POST
@member_required(roles=MAY_WORK)
def client_hours(request: StaffRequest, client_id: UUID) -> HttpResponse:
    owner = client_owner(request, client_id)
    return change_hours(request, owner, PAGE, **_details(owner))


@require_POST
@member_required(roles=MAY_WORK)
def client_calendars(request: StaffRequest, client_id: UUID) -> HttpResponse:
    return change_calendars(request, client_owner(request, client_id))


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_WORK)
def client_edit(request: StaffRequest, client_id: UUID) -> HttpResponse:
    owner = client_owner(request, client_id)
    initial = {name: getattr(owner.client, name) for name in _FIELDS}
    refused = {name: one.hint for name, one in refused_preferences(owner.workspace.tier).items()}
    form = ClientPlanForm(request.POST or None, initial=initial, refused=refused)
    if form.is_valid():
        try:
            ended = change_details(
                client=owner.client,
                by=request.membership,
                now=timezone.now(),
                **form.cleaned_data,
            )
        except InvalidInput as error:
            form.add_error(error.field, error.message)
        else:
            message = " ".join([f"{owner.client.name} is saved.", *map(_closed_words, ended)])
            # The page's title, hours and links all name the client: it is loaded anew.
            return dialog_done(request, "client:changed", to=_address(owner), message=message)
    context = {"form": form, "client": owner.client, "page_url": _address(owner)}
    status = 422 if form.is_bound else 200
    return render(request, "booking/staff/client_edit.html", context, status=status)


def _closed_words(email: str) -> str:
    return (
        f"The link to the client's own page that {email} had is closed, as they are the primary "
        "contact no more. Invite them again if they are to keep it."
    )


def _address(owner: ClientOwner) -> str:
    return reverse("booking:client_info", args=[owner.id])


def _details(owner: ClientOwner) -> dict[str, Any]:
    now = timezone.now()
    upcoming = meetings_for_owner(owner, since=now)
    return {
        "client": owner.client,
        "client_language": _LANGUAGES.get(owner.client.language, ""),
        "contacts": tables_of(owner.kind)
        .person._default_manager.filter(owner.filter_for())
        .count(),
        "upcoming": len(upcoming),
        "next_meeting": upcoming[0] if upcoming else None,
        "access": client_access_of(owner.client, now),
    }
