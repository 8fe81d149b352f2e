"""Booking links: made, changed, paused, deleted; a client's and one's own by the same code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import escape
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from booking import access
from booking.link_mail_forms import mail_values
from booking.owners import owner_of_link
from booking.question_forms import press_question, questions_asked, questions_form
from booking.services.links import (
    LinkData,
    conference_refusals,
    delete_link,
    duplicate_link,
    save_link,
    set_active,
    usual_conference,
)
from booking.services.names import suggest_slug
from booking.staff_forms import LinkForm, link_values, typed_values
from booking.views.clients import client_owner
from booking.views.desk import address_of, desk_of
from calendars.access import may_manage
from common.errors import InvalidInput, NotFound
from common.htmx import dialog_done, go_to
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
    link, owner = link_or_404(request, link_id)
    return _form(request, owner, link)


@require_POST
@member_required(roles=MAY_WORK)
def link_switch(request: StaffRequest, link_id: UUID) -> HttpResponse:
    """On or off, as the button says."""
    link, owner = link_or_404(request, link_id)
    is_active = request.POST.get("is_active") == "1"
    set_active(link=link, is_active=is_active)
    message = f"{link.title} is {'on' if is_active else 'off'}."
    return dialog_done(request, EVENT, to=desk_of(owner).page, message=message)


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_WORK)
def link_delete(request: StaffRequest, link_id: UUID) -> HttpResponse:
    """Ask, then delete. What was booked through it stays."""
    link, owner = link_or_404(request, link_id)
    here = desk_of(owner).page
    if request.method == "POST":
        delete_link(link=link)
        return dialog_done(request, EVENT, to=here, message=f"{link.title} is deleted.")
    return render(request, "booking/staff/link_delete.html", {"link": link, "page_url": here})


@require_POST
@member_required(roles=MAY_WORK)
def link_duplicate(request: StaffRequest, link_id: UUID) -> HttpResponse:
    """A copy to go on with; switched off until its owner has looked at it."""
    link, owner = link_or_404(request, link_id)
    copy = duplicate_link(link=link)
    message = f"{copy.title} is made and switched off. Edit it, then switch it on."
    return dialog_done(request, EVENT, to=desk_of(owner).page, message=message)


@require_safe
@member_required(roles=MAY_WORK)
def link_share(request: StaffRequest, link_id: UUID) -> HttpResponse:
    """The address to hand out, and the code that shows the page inside another site."""
    link, owner = link_or_404(request, link_id)
    url = address_of(link)
    context = {
        "link": link,
        "url": url,
        "embed": embed_code(link, url),
        "page_url": desk_of(owner).page,
    }
    return render(request, "booking/staff/link_share.html", context)


def embed_code(link: BookingLink, url: str) -> str:
    """An iframe of the link's page, for the HTML of any site."""
    return (
        f'<iframe src="{url}?embed=1" title="{escape(link.title)}" loading="lazy" '
        'style="width: 100%; height: 46rem; border: 0"></iframe>'
    )


def link_or_404(request: StaffRequest, link_id: UUID) -> tuple[BookingLink, Owner]:
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
    draft = press_question(request.POST)
    if draft is not None:
        # Nothing was to be saved yet, so nothing is wrong yet.
        form = LinkForm(initial=typed_values(request.POST), refused=refused)
        return _show(request, owner, link, form, draft, is_draft=True)
    form = LinkForm(request.POST or None, initial=_initial(owner, link), refused=refused)
    questions = questions_form(request.POST or None, link)
    is_whole = form.is_valid() & questions.is_valid()
    had_own = link is not None and link.availability_settings is not None
    if is_whole:
        try:
            data = form.to_data(owner, link, questions_asked(questions))
            saved = save_link(owner=owner, link=link, data=data)
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            has_own = saved.availability_settings is not None
            return _saved(request, owner, saved, has_new_hours=has_own and not had_own)
    return _show(request, owner, link, form, questions, status=422 if form.is_bound else 200)


def _saved(
    request: StaffRequest, owner: Owner, saved: BookingLink, *, has_new_hours: bool
) -> HttpResponse:
    if has_new_hours:
        return go_to(request, reverse("booking:link_hours", args=[saved.pk]))
    message = f"{saved.title} is saved."
    return dialog_done(request, EVENT, to=desk_of(owner).page, message=message)


def _show(
    request: StaffRequest,
    owner: Owner,
    link: BookingLink | None,
    form: LinkForm,
    questions: Any,
    *,
    status: int = 200,
    is_draft: bool = False,
) -> HttpResponse:
    context = {
        "form": form,
        "questions": questions,
        "link": link,
        "owner": owner,
        "page_url": desk_of(owner).page,
        "action": request.path,
        "is_draft": is_draft,
        "has_own_hours": link is not None and link.availability_settings is not None,
    }
    return render(request, "booking/staff/link_edit.html", context, status=status)


def _initial(owner: Owner, link: BookingLink | None) -> dict[str, Any]:
    if link is not None:
        return link_values(link)
    slug = suggest_slug(f"{owner.name} call")
    usual = LinkData(title="", slug=slug, conference=usual_conference(owner))
    columns = [name for name in LinkForm.base_fields if name not in LinkForm.OWN_PART]
    values = {name: getattr(usual, name) for name in columns} | mail_values(usual)
    return {**values, "durations": ", ".join(str(minutes) for minutes in usual.durations)}
