"""What the end of a membership means for the accounts that were connected under it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from calendars.services import connections, sharing
from workspaces.models import Membership, User, Workspace

if TYPE_CHECKING:
    from common.models import OutboxMessage


def end_connections(message: OutboxMessage) -> None:
    """Pause the former member's connections there, erase their tokens and end what they shared.

    Nothing to do for somebody who is a member again, or for what was deleted meanwhile.
    """
    user_id, workspace_id = (UUID(message.payload[key]) for key in ("user_id", "workspace_id"))
    if Membership.objects.filter(user_id=user_id, workspace_id=workspace_id).exists():
        return
    user = User.objects.filter(pk=user_id).first()
    workspace = Workspace.objects.filter(pk=workspace_id).first()
    if user is not None and workspace is not None:
        connections.pause_connections(user=user, workspace=workspace)
        sharing.end_shares(user=user, workspace=workspace)
