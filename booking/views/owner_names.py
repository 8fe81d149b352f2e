"""The address of an owner's page, which lists the owner's links; the same for both modes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from booking.owners import public_name
from booking.queries import owner_slug
from booking.services.names import name_owner, suggest_slug
from booking.staff_forms import OwnerPageForm
from booking.views.clients import client_owner
from booking.views.desk import desk_of
from booking.views.links import EVENT
from common.errors import InvalidInput
from common.htmx import dialog_done
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.owners import owner_of_member

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from workspaces.guards import StaffRequest
    from workspaces.owners import Owner


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_WORK)
def my_page(request: StaffRequest) -> HttpResponse:
    return _form(request, owner_of_member(request.membership))


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_WORK)
def client_page(request: StaffRequest, client_id: UUID) -> HttpResponse:
    return _form(request, client_owner(request, client_id))


def _form(request: StaffRequest, owner: Owner) -> HttpResponse:
    slug, here = owner_slug(owner), desk_of(owner).page
    initial = {"slug": slug or suggest_slug(public_name(owner))}
    form = OwnerPageForm(request.POST or None, initial=initial)
    if form.is_valid():
        wanted = "" if "close" in request.POST else form.cleaned_data["slug"]
        try:
            kept = name_owner(owner=owner, slug=wanted)
        except InvalidInput as error:
            form.add_error("slug", error.message)
        else:
            message = "The page is open." if kept else "The page is closed. The links stay open."
            return dialog_done(request, EVENT, to=here, message=message)
    context = {
        "form": form,
        "slug": slug,
        "base": f"{settings.PUBLIC_URL}/book/",
        "action": request.path,
        "page_url": here,
    }
    status = 422 if form.is_bound else 200
    return render(request, "booking/staff/owner_page_edit.html", context, status=status)
