"""The workspace's switch for telehealth, and who was let in lately."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from conferencing.enums import EntrantKind
from conferencing.livekit import configured_server
from conferencing.telehealth import rooms
from workspaces.access import MAY_MANAGE
from workspaces.guards import member_required
from workspaces.owners import owner_of_user
from workspaces.queries import members_of

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpResponse

    from workspaces.guards import StaffRequest


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody who was let in."""

    at: datetime
    who: str


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def telehealth(request: StaffRequest) -> HttpResponse:
    """What telehealth does here; those who manage the workspace switch it."""
    workspace = request.membership.workspace
    may_manage = request.membership.role in MAY_MANAGE
    if request.method == "POST":
        if not may_manage:
            raise Http404
        on = request.POST.get("on") == "yes"
        rooms.switch(workspace=workspace, on=on)
        messages.success(request, f"Telehealth is {'on' if on else 'off'}.")
        return redirect("conferencing:telehealth")
    minutes = 60
    context = {
        "workspace": workspace,
        "is_on": workspace.telehealth_enabled,
        "is_set_up": configured_server() is not None,
        "may_manage": may_manage,
        "opens_before": int(settings.TELEHEALTH_OPENS_BEFORE.total_seconds() // minutes),
        "closes_after": int(settings.TELEHEALTH_CLOSES_AFTER.total_seconds() // minutes),
        "entries": _entries(request) if may_manage else [],
    }
    return render(request, "conferencing/telehealth.html", context)


def _entries(request: StaffRequest) -> list[Entry]:
    workspace = request.membership.workspace
    zone = owner_of_user(request.user, workspace).zone
    names = {row.user_id: row.user.get_full_name() for row in members_of(workspace)}
    return [
        Entry(
            at=one.created_at.astimezone(zone),
            who=names.get(one.user_id, "Somebody who left")
            if one.user_id
            else str(EntrantKind(one.kind).label),
        )
        for one in rooms.entered_lately(workspace)
    ]
