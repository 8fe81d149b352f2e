"""The workspace's Close: its key, what becomes a lead, and what did not get there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from audit.actors import user_actor
from audit.enums import ConnectionState
from booking.crm_forms import CrmForm, CrmKeyForm
from booking.services import crm_accounts, crm_upkeep
from calendars.phrases import as_of
from common.errors import Conflict, InvalidInput, NotFound, UpstreamError
from common.htmx import go_to
from common.secrets import Secret
from workspaces.access import MAY_MANAGE
from workspaces.guards import member_required
from workspaces.owners import owner_of_member

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from booking.models import CrmAccount
    from workspaces.guards import StaffRequest

PAGE = "booking:crm"
_NO_KEY = "There is no key to Close here any more. Enter one."


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(roles=MAY_MANAGE)
def crm(request: StaffRequest) -> HttpResponse:
    """How it stands with Close; POST keeps what becomes a lead."""
    account = _account(request)
    if account is None:
        if request.method == "POST":
            messages.error(request, _NO_KEY)
            return redirect(PAGE)
        return render(request, "booking/staff/crm.html", {"account": None})
    form = CrmForm(request.POST or None, account=account)
    if request.method == "POST" and form.is_valid() and _chosen(request, form):
        return redirect(PAGE)
    zone, now = owner_of_member(request.membership).zone, timezone.now()
    workspace = request.membership.workspace
    context = {
        "account": account,
        "form": form,
        "is_refused": account.state == ConnectionState.RECONNECT_NEEDED,
        "kept": as_of(account.kept_at, zone, now),
        "last_good": as_of(account.last_good_at, zone, now) if account.last_good_at else "",
        "last_error": as_of(account.last_error_at, zone, now) if account.last_error_at else "",
        "waiting": crm_upkeep.waiting_in(workspace),
        "troubles": [
            (one, as_of(one.since, zone, now)) for one in crm_upkeep.troubles_of(workspace)
        ],
        "unsure": [
            (one, as_of(one.asked_at, zone, now))
            for one in crm_upkeep.unsure_leads(account)
            if one.asked_at
        ],
    }
    status = 422 if form.is_bound else 200
    return render(request, "booking/staff/crm.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("key")
@member_required(roles=MAY_MANAGE)
def crm_key(request: StaffRequest) -> HttpResponse:
    """Ask for a key, try it at Close, and keep it."""
    form = CrmKeyForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and _kept(request, form):
        return go_to(request, reverse(PAGE))
    context = {
        "form": form,
        "account": _account(request),
        "form_action": request.path,
        "close_url": reverse(PAGE),
    }
    status = 422 if form.is_bound else 200
    return render(request, "booking/staff/crm_key.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(roles=MAY_MANAGE)
def crm_remove(request: StaffRequest) -> HttpResponse:
    """Ask, then forget the key."""
    if request.method == "POST":
        workspace = request.membership.workspace
        crm_accounts.forget_key(workspace=workspace, actor=user_actor(request))
        messages.success(request, "The key is forgotten. What is in Close stays there.")
        return go_to(request, reverse(PAGE))
    context = {"form_action": request.path, "close_url": reverse(PAGE)}
    return render(request, "booking/staff/crm_remove.html", context)


@require_POST
@member_required(roles=MAY_MANAGE)
def crm_statuses(request: StaffRequest) -> HttpResponse:
    """Read the list of statuses from Close again."""
    account = _account(request)
    if account is None:
        messages.error(request, _NO_KEY)
        return redirect(PAGE)
    try:
        crm_accounts.read_statuses(account=account, actor=user_actor(request))
    except UpstreamError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "The statuses are as Close has them now.")
    return redirect(PAGE)


@require_POST
@member_required(roles=MAY_MANAGE)
def crm_again(request: StaffRequest) -> HttpResponse:
    """Send everything again that was given up."""
    number = crm_accounts.send_all_again(request.membership.workspace)
    words = "Nothing was left to send." if not number else f"{number} sent again."
    messages.success(request, words)
    return redirect(PAGE)


@require_POST
@member_required(roles=MAY_MANAGE)
def crm_again_one(request: StaffRequest, message_id: UUID) -> HttpResponse:
    """Send one thing again that was given up."""
    try:
        crm_upkeep.send_one_again(workspace=request.membership.workspace, message_id=message_id)
    except NotFound:
        raise Http404 from None
    messages.success(request, "Sent again.")
    return redirect(PAGE)


@require_POST
@member_required(roles=MAY_MANAGE)
def crm_lead_make(request: StaffRequest, lead_id: UUID) -> HttpResponse:
    """Somebody looked in Close: the lead is not there."""
    try:
        crm_upkeep.make_unsure_lead(workspace=request.membership.workspace, lead_id=lead_id)
    except NotFound:
        raise Http404 from None
    messages.success(request, "It is looked for once more, then made.")
    return redirect(PAGE)


def _account(request: StaffRequest) -> CrmAccount | None:
    return crm_accounts.account_of(request.membership.workspace_id)


def _chosen(request: StaffRequest, form: CrmForm) -> bool:
    try:
        crm_accounts.choose(
            workspace=request.membership.workspace,
            status_id=form.cleaned_data["status"],
            for_clients=form.cleaned_data["for_clients"],
        )
    except InvalidInput as error:
        form.add_error(error.field, error.message)
        return False
    except Conflict as error:
        messages.error(request, error.message)
        return True
    messages.success(request, "Saved.")
    return True


def _kept(request: StaffRequest, form: CrmKeyForm) -> bool:
    try:
        account = crm_accounts.keep_key(
            workspace=request.membership.workspace,
            key=Secret(form.cleaned_data["key"]),
            actor=user_actor(request),
            by_name=request.user.get_full_name(),
        )
    except InvalidInput as error:
        form.add_error(error.field, error.message)
        return False
    except UpstreamError as error:
        form.add_error(None, error.message)
        return False
    messages.success(request, f"Bookings now become leads in {account.organization_name}.")
    return True
