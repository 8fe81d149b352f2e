"""Calling many meetings off together: which they are, the question, and how far it has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from booking.bulk_forms import BulkForm
from booking.services.bulk import meetings_meant, run_of, start_bulk_cancel
from booking.views.meetings import visible_links
from booking.wording import clock_range, short_day
from common.errors import InvalidInput, NotFound
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.owners import owner_of_member

if TYPE_CHECKING:
    from uuid import UUID
    from zoneinfo import ZoneInfo

    from django.http import HttpResponse

    from booking.models import MeetingBase
    from workspaces.guards import StaffRequest

_SHOWN = 50


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_WORK)
def bulk_cancel(request: StaffRequest) -> HttpResponse:
    """The question; "Show" lists what is meant, and only "Cancel them" acts."""
    membership, now = request.membership, timezone.now()
    zone = owner_of_member(membership).zone
    links = visible_links(membership)
    is_asked = request.method == "POST" or bool({"who", "link"} & request.GET.keys())
    sent = request.POST if request.method == "POST" else request.GET
    form = BulkForm(sent if is_asked else None, links=links, zone=zone)
    found: list[MeetingBase] = []
    is_shown = is_asked and form.is_valid()
    if is_shown:
        found = meetings_meant(membership, form.which(), now=now)
        if request.method == "POST":
            try:
                run = start_bulk_cancel(
                    membership=membership,
                    which=form.which(),
                    words=form.words(),
                    now=now,
                    message=form.cleaned_data["message"],
                    tells_guests=form.cleaned_data["tells_guests"],
                )
            except InvalidInput as error:
                form.add_error(error.field if error.field in form.fields else None, error.message)
            else:
                return redirect("booking:bulk_run", run_id=run.pk)
    context = {
        "form": form,
        "is_shown": is_shown,
        "number": len(found),
        "rows": [_line(one, zone) for one in found[:_SHOWN]],
        "more": max(0, len(found) - _SHOWN),
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "booking/staff/bulk_cancel.html", context, status=status)


@require_safe
@member_required(roles=MAY_WORK)
def bulk_run(request: StaffRequest, run_id: UUID) -> HttpResponse:
    """How far it has come; drawn anew until it is done."""
    try:
        run = run_of(request.membership, run_id)
    except NotFound:
        raise Http404 from None
    return render(request, "booking/staff/bulk_run.html", {"run": run})


def _line(meeting: MeetingBase, zone: ZoneInfo) -> tuple[str, MeetingBase]:
    day = short_day(meeting.start_at.astimezone(zone).date())
    return f"{day}, {clock_range(meeting.start_at, meeting.end_at, zone)}", meeting
