"""What the client's own pages have in common: whose they are, and what stands around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from booking.wording import clock, long_day
from workspaces.owners import ClientOwner

if TYPE_CHECKING:
    from workspaces.client_guard import ClientRequest
    from workspaces.models import ClientInvitation


def owner_of(request: ClientRequest) -> ClientOwner:
    """The one client that this visit is about."""
    invitation = request.visit.invitation
    return ClientOwner(workspace=invitation.workspace, client=invitation.client)


def frame(request: ClientRequest, section: str) -> dict[str, Any]:
    """What every page of the client shows around its own; `section` is the tab it is under."""
    invitation = request.visit.invitation
    return {
        "section": section,
        "invitation": invitation,
        "client": invitation.client,
        "workspace_name": invitation.workspace.name,
        "until": until_words(invitation),
    }


def until_words(invitation: ClientInvitation) -> str:
    """Until when the access lasts, by the client's clock."""
    zone = ClientOwner(workspace=invitation.workspace, client=invitation.client).zone
    at = invitation.expires_at
    return f"{long_day(at.astimezone(zone).date(), year=True)}, {clock(at, zone)}"
