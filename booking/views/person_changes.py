"""Dialogs that change people: somebody new, their details, and two records made one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from booking.owners import tables_of_person
from booking.person_forms import (
    OTHER,
    OWN,
    NewPersonForm,
    PersonForm,
    merge_choices,
    merged_details,
    values_of,
)
from booking.person_queries import mergeable
from booking.services.people import add_person, change_person, merge_people
from booking.views.clients import client_owner
from booking.views.people import EVENT, address, person_for
from common.errors import DomainError, InvalidInput, NotFound
from common.htmx import dialog_done
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.owners import owner_of_member
from workspaces.queries import clients_of

if TYPE_CHECKING:
    from django.http import HttpResponse

    from booking.models import PersonBase
    from workspaces.guards import StaffRequest
    from workspaces.owners import Owner

MAX_FOUND = 20


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_WORK)
def person_new(request: StaffRequest) -> HttpResponse:
    clients = list(clients_of(request.membership.workspace))
    asked = request.GET.get("client", "")
    form = NewPersonForm(request.POST or None, initial={"whose": asked or OWN}, clients=clients)
    if form.is_valid():
        try:
            made = add_person(owner=_owner(request, form), details=form.details())
        except InvalidInput as error:
            form.add_error(error.field, error.message)
        else:
            message = f"{made.name} was added."
            return dialog_done(request, EVENT, to=address(made), message=message)
    context = {"form": form, "page_url": reverse("booking:people")}
    status = 422 if form.is_bound else 200
    return render(request, "booking/staff/person_new.html", context, status=status)


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_WORK)
def person_edit(request: StaffRequest, person_id: UUID) -> HttpResponse:
    found = person_for(request, person_id)
    form = PersonForm(request.POST or None, initial=values_of(found))
    if form.is_valid():
        try:
            change_person(person=found, details=form.details())
        except InvalidInput as error:
            form.add_error(error.field, error.message)
        else:
            message = f"{found.name} is saved."
            return dialog_done(request, EVENT, to=address(found), message=message)
    context = {"form": form, "person": found, "page_url": address(found)}
    status = 422 if form.is_bound else 200
    return render(request, "booking/staff/person_edit.html", context, status=status)


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_WORK)
def person_merge(request: StaffRequest, person_id: UUID) -> HttpResponse:
    """First whom, then which values stay; POST makes the two one."""
    found = person_for(request, person_id)
    said = request.POST if request.method == "POST" else request.GET
    other_id = _uuid(said.get("other", ""))
    if other_id is None:
        return _whom(request, found)
    if request.method == "POST":
        return _merge(request, found, other_id)
    other = mergeable(found).filter(pk=other_id).first()
    if other is None:
        raise Http404
    return _ask(request, found, other)


def _merge(request: StaffRequest, found: PersonBase, other_id: UUID) -> HttpResponse:
    other = mergeable(found).filter(pk=other_id).first()
    # Merged already by the same form sent twice: whatever was chosen is chosen.
    details = merged_details(found, other or found, request.POST)
    try:
        merge_people(keep=found, other_id=other_id, details=details, author=request.user)
    except NotFound:
        raise Http404 from None
    except DomainError as error:
        if other is None:
            raise Http404 from None
        return _ask(request, found, other, refusal=error.message)
    return dialog_done(request, EVENT, to=address(found), message="The two are one now.")


def _whom(request: StaffRequest, found: PersonBase) -> HttpResponse:
    text = request.GET.get("q", "").replace("\x00", "").strip()[:120]
    rows = list(mergeable(found, text)[: MAX_FOUND + 1])
    context = {
        "person": found,
        "word": tables_of_person(found).person_word,
        "sought": text,
        "people": rows[:MAX_FOUND],
        "has_more": len(rows) > MAX_FOUND,
        "page_url": address(found),
    }
    return render(request, "booking/staff/person_merge.html", context)


def _ask(
    request: StaffRequest, found: PersonBase, other: PersonBase, *, refusal: str = ""
) -> HttpResponse:
    fields: list[dict[str, Any]] = [
        {
            "name": name,
            "label": label,
            "mine": values[0],
            "theirs": values[1],
            # What only the other one has is kept unless somebody says otherwise.
            "takes_other": request.POST.get(name, "" if values[0] else OTHER) == OTHER,
        }
        for name, label, values in merge_choices(found, other)
    ]
    context = {
        "person": found,
        "other": other,
        "fields": fields,
        "refusal": refusal,
        "page_url": address(found),
    }
    status = 422 if refusal else 200
    return render(request, "booking/staff/person_merge_ask.html", context, status=status)


def _owner(request: StaffRequest, form: NewPersonForm) -> Owner:
    said = form.cleaned_data["whose"]
    return owner_of_member(request.membership) if said == OWN else client_owner(request, UUID(said))


def _uuid(said: str) -> UUID | None:
    try:
        return UUID(said) if said else None
    except ValueError:
        raise Http404 from None
