"""Who the workspace takes no bookings from: the list, and the booker of a meeting onto it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from booking.block_forms import BlockBookerForm, BlockForm
from booking.services.blocking import block, blocks_of, read_target, unblock
from booking.staff_queries import visible_meeting
from common.errors import InvalidInput, NotFound
from common.htmx import dialog_done
from common.mailboxes import mailbox_of
from workspaces.access import MAY_MANAGE
from workspaces.guards import member_required

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from django.forms import Form
    from django.http import HttpResponse

    from workspaces.guards import StaffRequest

EVENT = "blocked:changed"


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_MANAGE)
def blocked(request: StaffRequest) -> HttpResponse:
    """The list with the form that adds to it; an address may fill in whom."""
    form = BlockForm(request.POST or None, initial={"value": request.GET.get("value", "")[:320]})
    if form.is_valid() and _add(request, form, "value"):
        message = f"No more bookings from {form.cleaned_data['value'].strip()}."
        return dialog_done(request, EVENT, to="booking:blocked", message=message)
    today = _today(request)
    rows = [
        (one, one.ends_on is not None and one.ends_on < today)
        for one in blocks_of(request.membership.workspace)
    ]
    context = {"form": form, "rows": rows, "today": today}
    status = 422 if form.is_bound else 200
    return render(request, "booking/staff/blocked.html", context, status=status)


@require_POST
@member_required(roles=MAY_MANAGE)
def block_delete(request: StaffRequest, block_id: UUID) -> HttpResponse:
    try:
        gone = unblock(workspace=request.membership.workspace, block_id=block_id)
    except NotFound:
        raise Http404 from None
    message = f"Bookings from {gone.value} are taken again."
    return dialog_done(request, EVENT, to="booking:blocked", message=message)


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_MANAGE)
def meeting_block(request: StaffRequest, meeting_id: UUID) -> HttpResponse:
    """The booker of a meeting, or everybody of their domain. The meeting itself stays."""
    try:
        meeting = visible_meeting(request.membership, meeting_id)
    except NotFound:
        raise Http404 from None
    email = mailbox_of(meeting.booker_email)
    domain = email.rpartition("@")[2]
    form = BlockBookerForm(request.POST or None, email=email, domain=domain)
    here = reverse("booking:meeting_detail", args=[meeting.pk])
    if form.is_valid() and _add(request, form, "what"):
        message = f"No more bookings from {form.cleaned_data['what']}. This meeting stays."
        return dialog_done(request, EVENT, to=here, message=message)
    context = {"form": form, "meeting": meeting, "page_url": here}
    status = 422 if form.is_bound else 200
    return render(request, "booking/staff/meeting_block.html", context, status=status)


def _add(request: StaffRequest, form: Form, named: str) -> bool:
    """Whether the block is kept; what is wrong stands in the form then."""
    said = form.cleaned_data
    try:
        block(
            workspace=request.membership.workspace,
            target=read_target(said[named]),
            added_by=request.user.get_full_name(),
            reason=said["reason"],
            ends_on=said["ends_on"],
            today=_today(request),
        )
    except InvalidInput as error:
        form.add_error(error.field if error.field in form.fields else named, error.message)
        return False
    return True


def _today(request: StaffRequest) -> date:
    """By the workspace's clock, which ends blocks."""
    return timezone.now().astimezone(ZoneInfo(request.membership.workspace.timezone)).date()
