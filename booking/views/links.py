"""Booking links: made, changed, paused, deleted; a client's and one's own by the same code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from booking import access
from booking.owners import owner_of_link
from booking.services.links import (
    LinkData,
    conference_refusals,
    delete_link,
    save_link,
    set_active,
    usual_conference,
)
from booking.services.names import suggest_slug
from booking.staff_forms import LinkForm, link_values, questions_asked, questions_form
from booking.views.clients import client_owner
from booking.views.desk import desk_of
from calendars.access import may_manage
from common.errors import InvalidInput, NotFound
from common.htmx import dialog_done
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.owners import owner_of_member

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from booking.models import BookingLink
    from workspaces.guards import StaffRequest
    from workspaces.owners import Owner

EVENT = "links:changed"


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_WORK)
def my_link_new(request: StaffRequest) -> HttpResponse:
    return _form(request, owner_of_member(request.membership), None)


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_WORK)
def client_link_new(request: StaffRequest, client_id: UUID) -> HttpResponse:
    return _form(request, client_owner(request, client_id), None)


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_WORK)
def link_edit(request: StaffRequest, link_id: UUID) -> HttpResponse:
    link, owner = _link(request, link_id)
    return _form(request, owner, link)


@require_POST
@member_required(roles=MAY_WORK)
def link_switch(request: StaffRequest, link_id: UUID) -> HttpResponse:
    """On or off, as the button says."""
    link, owner = _link(request, link_id)
    is_active = request.POST.get("is_active") == "1"
    set_active(link=link, is_active=is_active)
    message = f"{link.title} is {'on' if is_active else 'off'}."
    return dialog_done(request, EVENT, to=desk_of(owner).page, message=message)


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_WORK)
def link_delete(request: StaffRequest, link_id: UUID) -> HttpResponse:
    """Ask, then delete. What was booked through it stays."""
    link, owner = _link(request, link_id)
    here = desk_of(owner).page
    if request.method == "POST":
        delete_link(link=link)
        return dialog_done(request, EVENT, to=here, message=f"{link.title} is deleted.")
    return render(request, "booking/staff/link_delete.html", {"link": link, "page_url": here})


def _link(request: StaffRequest, link_id: UUID) -> tuple[BookingLink, Owner]:
    """The link if it is a client's or the member's own; 404 else."""
    try:
        link = access.link_for(request.membership.workspace, link_id)
        if not may_manage(request.membership, link.owner_kind, link.owner_id):
            raise Http404
        return link, owner_of_link(link)
    except NotFound:
        raise Http404 from None


def _form(request: StaffRequest, owner: Owner, link: BookingLink | None) -> HttpResponse:
    refused = {name: refusal.hint for name, refusal in conference_refusals(owner).items()}
    form = LinkForm(request.POST or None, initial=_initial(owner, link), refused=refused)
    questions = questions_form(request.POST or None, link)
    is_whole = form.is_valid() & questions.is_valid()
    if is_whole:
        try:
            data = form.to_data(link, questions_asked(questions))
            saved = save_link(owner=owner, link=link, data=data)
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            message = f"{saved.title} is saved."
            return dialog_done(request, EVENT, to=desk_of(owner).page, message=message)
    context = {
        "form": form,
        "questions": questions,
        "link": link,
        "owner": owner,
        "page_url": desk_of(owner).page,
        "action": request.path,
    }
    status = 422 if form.is_bound else 200
    return render(request, "booking/staff/link_edit.html", context, status=status)


def _initial(owner: Owner, link: BookingLink | None) -> dict[str, Any]:
    if link is not None:
        return link_values(link)
    slug = suggest_slug(f"{owner.name} call")
    usual = LinkData(title="", slug=slug, conference=usual_conference(owner))
    values = {name: getattr(usual, name) for name in LinkForm.base_fields}
    return {**values, "durations": ", ".join(str(minutes) for minutes in usual.durations)}
