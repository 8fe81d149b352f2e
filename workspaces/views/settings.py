"""Switching workspace and theme."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from workspaces.enums import Theme
from workspaces.guards import member_required
from workspaces.middleware import SESSION_KEY
from workspaces.models import Membership
from workspaces.services.profile import change_theme

if TYPE_CHECKING:
    from workspaces.guards import StaffRequest


@require_POST
@member_required
def switch(request: StaffRequest) -> HttpResponse:
    """Work in another workspace of one's own from here on."""
    try:
        workspace_id = uuid.UUID(request.POST.get("workspace", ""))
    except ValueError:
        raise Http404 from None
    if not Membership.objects.filter(user=request.user, workspace_id=workspace_id).exists():
        raise Http404
    request.session[SESSION_KEY] = str(workspace_id)
    return redirect("home")


@require_POST
@member_required
def theme(request: StaffRequest) -> HttpResponse:
    """Keep light, dark or the system's choice."""
    wanted = request.POST.get("theme", "")
    if wanted not in Theme.values:
        raise Http404
    change_theme(user=request.user, theme=wanted)
    if request.headers.get("HX-Request") or request.headers.get("X-Requested-With"):
        return HttpResponse(status=204)
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return redirect(back if is_ours else "home")
