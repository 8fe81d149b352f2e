"""The clients of the workspace: list, and a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from common.htmx import dialog_done
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.queries import clients_of
from workspaces.services.clients import add_client
from workspaces.staff_forms import ClientForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from workspaces.guards import StaffRequest


@require_safe
@member_required(roles=MAY_WORK)
def clients(request: StaffRequest) -> HttpResponse:
    sought = request.GET.get("q", "").strip()[:120]
    context = {
        "clients": clients_of(request.membership.workspace, sought),
        "sought": sought,
        "now": timezone.now(),
    }
    return render(request, "workspaces/clients.html", context)


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_WORK)
def client_new(request: StaffRequest) -> HttpResponse:
    workspace = request.membership.workspace
    form = ClientForm(request.POST or None, initial={"timezone": workspace.timezone})
    if form.is_valid():
        client = add_client(workspace=workspace, **form.cleaned_data)
        message = f"{client.name} was added."
        return dialog_done(request, "clients:changed", to="workspaces:clients", message=message)
    status = 422 if form.is_bound else 200
    return render(request, "workspaces/client_new.html", {"form": form}, status=status)
