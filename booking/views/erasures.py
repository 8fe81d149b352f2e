"""Handing out what is held about somebody, erasing them, and what is still to do of that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import Http404, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from booking.booker import clean_email
from booking.owners import tables_of, tables_of_person
from booking.person_queries import same_address, whose
from booking.person_record import record_of
from booking.services.erasing import (
    ELSEWHERE,
    erase_person,
    erasures_of,
    held_about,
    messages_of,
    was_erased,
    work_off,
)
from booking.views.people import address, person_for
from booking.wording import clock, long_day
from common.enums import OutboxState
from common.errors import InvalidInput
from common.htmx import go_to
from workspaces.access import MAY_AUDIT, MAY_MANAGE
from workspaces.guards import member_required
from workspaces.owners import owner_of_member
from workspaces.queries import clients_of

if TYPE_CHECKING:
    from uuid import UUID
    from zoneinfo import ZoneInfo

    from django.http import HttpResponse

    from booking.models import Erasure
    from workspaces.guards import StaffRequest

PAGE_ROWS = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One erasure and how far it is."""

    erasure: Erasure
    stamp: str
    whose: str
    pending: int
    is_here_done: bool
    troubles: list[str]


class AskForm(forms.Form):
    """Was somebody with this address erased?"""

    email = forms.CharField(
        label="Was somebody erased?",
        max_length=254,
        help_text="Only a keyed hash of the address is kept, so it has to be whole.",
        error_messages={"required": "Give the whole address."},
    )


@require_safe
@member_required(roles=MAY_MANAGE)
def person_data(request: StaffRequest, person_id: UUID) -> HttpResponse:
    """Everything held about somebody, as a download."""
    found, now = person_for(request, person_id), timezone.now()
    answer = JsonResponse(record_of(found, now), json_dumps_params={"indent": 2})
    name = f"{tables_of_person(found).person_word}-{found.pk}-{now:%Y-%m-%d}.json"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_MANAGE)
def person_erase(request: StaffRequest, person_id: UUID) -> HttpResponse:
    """Ask with what would go and what would stay; POST erases."""
    found = person_for(request, person_id)
    others = same_address(request.membership, found)
    if request.method == "POST":
        chosen = set(request.POST.getlist("also"))
        tells = request.POST.get("tells") == "yes"
        for one in [found, *(other for other in others if str(other.pk) in chosen)]:
            erase_person(person=one, by=request.user, tells_booker=tells)
        return go_to(request, reverse("booking:erasures"))
    context = {
        "person": found,
        "held": held_about(found, timezone.now()),
        "others": [(other, whose(other)) for other in others],
        "page_url": address(found),
    }
    return render(request, "booking/staff/person_erase.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(roles=MAY_AUDIT)
def erasures(request: StaffRequest) -> HttpResponse:
    """Who erased whom is not known; that somebody was, and what is still to do. POST only asks."""
    workspace = request.membership.workspace
    zone = owner_of_member(request.membership).zone
    form = AskForm(request.POST or None)
    asked, answer = "", None
    if form.is_valid():
        try:
            asked = clean_email(form.cleaned_data["email"])
            answer = [_stamp(one, zone) for one in was_erased(workspace, asked)]
        except InvalidInput as error:
            form.add_error("email", error.message)
    clients = {client.pk: client.name for client in clients_of(workspace)}
    context: dict[str, Any] = {
        "rows": [_row(one, zone, clients) for one in erasures_of(workspace)[:PAGE_ROWS]],
        "form": form,
        "asked": asked,
        "answer": answer,
        "may_manage": request.membership.role in MAY_MANAGE,
    }
    status = 422 if form.is_bound and not form.is_valid() else 200
    return render(request, "booking/staff/erasures.html", context, status=status)


@require_POST
@member_required(roles=MAY_MANAGE)
def erasure_retry(request: StaffRequest, erasure_id: UUID) -> HttpResponse:
    """Try again now what is still to do."""
    found = erasures_of(request.membership.workspace).filter(pk=erasure_id).first()
    if found is None:
        raise Http404
    work_off(found)
    return go_to(request, reverse("booking:erasures"))


def _row(erasure: Erasure, zone: ZoneInfo, clients: dict[UUID, str]) -> Row:
    left = [] if erasure.finished_at else list(messages_of(erasure).exclude(state=OutboxState.SENT))
    events = [message for message in left if message.kind in ELSEWHERE]
    whom = clients.get(erasure.scope_id, "") if erasure.scope_id else ""
    word = tables_of(erasure.owner_kind).person_word
    return Row(
        erasure=erasure,
        stamp=_stamp(erasure, zone),
        whose=f"{word.capitalize()} of {whom}" if whom else word.capitalize(),
        pending=len(events),
        is_here_done=erasure.wiped_at is not None,
        troubles=sorted({message.last_error for message in left if message.last_error}),
    )


def _stamp(erasure: Erasure, zone: ZoneInfo) -> str:
    at = (erasure.wiped_at or erasure.created_at).astimezone(zone)
    return f"{long_day(at.date(), year=True)}, {clock(at, zone)}"
