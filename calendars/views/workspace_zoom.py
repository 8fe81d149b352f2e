"""The workspace's own Zoom account: its key, and hosting with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from audit.actors import user_actor
from calendars.views.event_dialog import answer
from calendars.views.refusals import refusals_as_pages
from common.errors import Conflict, InvalidInput, PlanRequired, UpstreamError
from common.htmx import go_to
from common.secrets import Secret
from conferencing.services import server
from workspaces.access import MAY_MANAGE, MAY_WORK
from workspaces.guards import member_required
from workspaces.owners import owner_of_user

if TYPE_CHECKING:
    from django.http import HttpResponse

    from workspaces.guards import StaffRequest

PAGE = "calendars:connections"
_PLAIN = {"autocomplete": "off", "spellcheck": "false"}
_MISSING = {"required": "Copy it from the app's page at Zoom."}


class ServerKeyForm(forms.Form):
    """What the page of a server-to-server app at Zoom shows under App Credentials."""

    account_id = forms.CharField(
        label="Account ID",
        max_length=200,
        error_messages=_MISSING,
        widget=forms.TextInput(attrs=_PLAIN),
    )
    client_id = forms.CharField(
        label="Client ID",
        max_length=200,
        error_messages=_MISSING,
        widget=forms.TextInput(attrs=_PLAIN),
    )
    client_secret = forms.CharField(
        label="Client secret",
        max_length=200,
        error_messages=_MISSING,
        help_text="It is sealed, and never shown again.",
        widget=forms.PasswordInput(attrs={**_PLAIN, "autocomplete": "new-password"}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("client_secret")
@member_required(roles=MAY_MANAGE)
@refusals_as_pages
def workspace_zoom(request: StaffRequest) -> HttpResponse:
    """Ask for the key, try it at Zoom, and keep it."""
    form = ServerKeyForm(request.POST or None)
    if form.is_valid() and _kept(request, form):
        return go_to(request, reverse(PAGE))
    context = {
        "form": form,
        "scopes": server.wanted_scopes(),
        "dialog_title": "Zoom for the workspace",
        "form_action": request.path,
        "close_url": reverse(PAGE),
    }
    return answer(request, "workspace_zoom", context, status=422 if form.is_bound else 200)


def _kept(request: StaffRequest, form: ServerKeyForm) -> bool:
    try:
        server.keep_server_key(
            workspace=request.membership.workspace,
            account_id=form.cleaned_data["account_id"],
            client_id=form.cleaned_data["client_id"],
            client_secret=Secret(form.cleaned_data["client_secret"]),
            actor=user_actor(request),
        )
    except InvalidInput as error:
        form.add_error(error.field, error.message)
        return False
    except (PlanRequired, UpstreamError) as error:
        form.add_error(None, error.message)
        return False
    messages.success(request, "Members can now host with the workspace's Zoom account.")
    return True


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(roles=MAY_MANAGE)
@refusals_as_pages
def workspace_zoom_remove(request: StaffRequest) -> HttpResponse:
    """Ask, then forget the key and disconnect whoever hosts with it."""
    workspace = request.membership.workspace
    if request.method != "POST":
        context = {
            "hosts": server.hosts_with_key(workspace),
            "dialog_title": "Forget the workspace's Zoom key?",
            "form_action": request.path,
            "close_url": reverse(PAGE),
        }
        return answer(request, "workspace_zoom_remove", context)
    server.drop_server_key(workspace=workspace, actor=user_actor(request))
    messages.success(request, "The workspace's Zoom key is forgotten.")
    return go_to(request, reverse(PAGE))


@require_POST
@member_required(roles=MAY_WORK)
@refusals_as_pages
def workspace_zoom_use(request: StaffRequest) -> HttpResponse:
    """Let the member host with the account of their own e-mail address in the workspace's Zoom."""
    owner = owner_of_user(request.user, request.membership.workspace)
    try:
        connection = server.host_with_server_key(
            owner=owner, email=request.user.email, actor=user_actor(request)
        )
    except (Conflict, InvalidInput, PlanRequired, UpstreamError) as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"You host Zoom meetings as {connection.connected_email}.")
    return redirect(PAGE)
