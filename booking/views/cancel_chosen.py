"""Meetings ticked in the list, called off together after a question."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from booking.change_words import moment_words
from booking.desk_forms import ChosenForm, put_refusal
from booking.services.bulk import MAX_CHOSEN, Which, meetings_meant, start_bulk_cancel
from booking.views.changing import reader_zone
from common.errors import InvalidInput
from common.htmx import go_to
from workspaces.access import MAY_WORK
from workspaces.guards import member_required

if TYPE_CHECKING:
    from django.http import HttpResponse, QueryDict

    from workspaces.guards import StaffRequest


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_WORK)
def cancel_chosen(request: StaffRequest) -> HttpResponse:
    """Which they are and who is told; POST has them called off in the background."""
    said = request.POST if request.method == "POST" else request.GET
    now, zone = timezone.now(), reader_zone(request)
    chosen = Which(meeting_ids=_ids(said))
    found = meetings_meant(request.membership, chosen, now=now)
    if not found:
        messages.error(request, "Tick the meetings to cancel first. Nothing was cancelled.")
        return redirect("booking:meetings")
    form = ChosenForm(said if request.method == "POST" else None, initial={"tells_guests": True})
    if form.is_valid():
        try:
            run = start_bulk_cancel(
                membership=request.membership,
                which=Which(meeting_ids=tuple(one.pk for one in found)),
                words=f"{len(found)} chosen in the list",
                now=now,
                message=form.cleaned_data["message"],
                tells_guests=form.cleaned_data["tells_guests"],
            )
        except InvalidInput as error:
            put_refusal(form, error)
        else:
            return go_to(request, reverse("booking:bulk_run", args=[run.pk]))
    context = {
        "form": form,
        "rows": [(moment_words(one.start_at, zone), one) for one in found],
        "number": len(found),
    }
    status = 422 if form.is_bound else 200
    return render(request, "booking/staff/cancel_chosen.html", context, status=status)


def _ids(said: QueryDict) -> tuple[UUID, ...]:
    try:
        return tuple(UUID(one) for one in said.getlist("meeting")[:MAX_CHOSEN])
    except ValueError:
        raise Http404 from None
