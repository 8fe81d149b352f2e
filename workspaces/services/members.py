"""Roles of members, and the end of a membership."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from common import outbox
from common.errors import Conflict, Forbidden
from workspaces.access import MAY_MANAGE
from workspaces.enums import Role
from workspaces.leaving import close_doors, promised_by
from workspaces.models import Membership, Workspace
from workspaces.services import client_access

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

# Handled by `calendars.services.membership`.
MEMBERSHIP_ENDED = "calendars.membership_ended"

_LAST_OWNER = "A workspace needs an owner. Make somebody else an owner first."


@transaction.atomic
def change_role(*, by: Membership, membership_id: UUID, role: Role) -> Membership:
    """Give a member another role.

    Owners and admins may; only an owner makes or unmakes an owner. Raises Forbidden,
    Membership.DoesNotExist when the member is not of this workspace, and Conflict when the
    workspace would be left without an owner.
    """
    membership = _locked(by, membership_id)
    _require_right_over(by, membership, role)
    if membership.role == Role.OWNER and role != Role.OWNER:
        _require_other_owner(membership)
    membership.role = role
    membership.save(update_fields=["role", "updated_at"])
    return membership


@transaction.atomic
def end_membership(*, by: Membership, membership_id: UUID, now: datetime | None = None) -> None:
    """Take a member out; everybody may take themself out.

    Their connections in this workspace pause and the tokens are erased right after; invitations
    they sent to others than a client's primary contact end. Raises Forbidden,
    Membership.DoesNotExist, Conflict like `change_role`, and Conflict while something they have
    promised to others is not answered (see `workspaces.leaving`).
    """
    membership = _locked(by, membership_id)
    if membership.pk != by.pk:
        _require_right_over(by, membership, membership.role)
    if membership.role == Role.OWNER:
        _require_other_owner(membership)
    close_doors(membership)
    promised = promised_by(membership, now or timezone.now())
    if promised:
        open_ones = ", ".join(one.words for one in promised)
        raise Conflict(f"Not yet: {open_ones}. Hand over or cancel what is promised first.")
    outbox.enqueue(
        kind=MEMBERSHIP_ENDED,
        payload={
            "workspace_id": str(membership.workspace_id),
            "user_id": str(membership.user_id),
        },
        dedupe_key=f"membership_ended:{membership.pk}",
        workspace_id=membership.workspace_id,
    )
    client_access.end_invitations_of_sender(member=membership, by=by, now=timezone.now())
    membership.delete()


def _locked(by: Membership, membership_id: UUID) -> Membership:
    """The member, with the workspace's row locked: two owners cannot unmake each other at once."""
    Workspace.objects.select_for_update(no_key=True).only("id").get(pk=by.workspace_id)
    by.refresh_from_db(fields=["role"])
    return Membership.objects.select_related("user").get(
        pk=membership_id, workspace_id=by.workspace_id
    )


def _require_right_over(by: Membership, membership: Membership, role: str) -> None:
    if by.role not in MAY_MANAGE:
        raise Forbidden("Only owners and admins change members.")
    if Role.OWNER in {membership.role, role} and by.role != Role.OWNER:
        raise Forbidden("Only an owner makes or unmakes an owner.")


def _require_other_owner(membership: Membership) -> None:
    others = Membership.objects.filter(workspace_id=membership.workspace_id, role=Role.OWNER)
    if not others.exclude(pk=membership.pk).exists():
        raise Conflict(_LAST_OWNER)
