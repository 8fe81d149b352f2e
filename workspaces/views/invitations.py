"""The page an invitation's link leads to. Reading it changes nothing; pressing Join does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from common.errors import Forbidden, NotFound
from workspaces.middleware import SESSION_KEY
from workspaces.services import invitations

if TYPE_CHECKING:
    from django.http import HttpResponse

    from workspaces.guards import StaffRequest


@require_http_methods(["GET", "POST"])
@never_cache
@login_required
def invitation(request: StaffRequest, token: str) -> HttpResponse:
    now = timezone.now()
    try:
        found = invitations.open_invitation(token=token, now=now)
        is_mine = found.email.lower() == request.user.email.lower()
        if request.method == "POST":
            membership = invitations.accept(token=token, user=request.user, now=now)
            request.session[SESSION_KEY] = str(membership.workspace_id)
            messages.success(request, f"You are in {found.workspace.name} now.")
            return redirect("home")
    except NotFound:
        raise Http404 from None
    except Forbidden:
        is_mine = False
    context = {"invitation": found, "is_mine": is_mine}
    return render(request, "workspaces/invitation.html", context, status=200 if is_mine else 403)
