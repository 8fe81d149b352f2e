"""Rows fetched by id *and* right: what a caller may not see does not exist for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.errors import Forbidden, NotFound, WorkspaceRequired
from workspaces.enums import Role
from workspaces.models import Client, Membership, User, Workspace

if TYPE_CHECKING:
    from uuid import UUID

MAY_MANAGE = frozenset({Role.OWNER, Role.ADMIN})
MAY_WORK = frozenset({Role.OWNER, Role.ADMIN, Role.MEMBER})
MAY_SEE_PEOPLE = frozenset({*MAY_WORK, Role.AUDITOR})
MAY_AUDIT = frozenset({Role.OWNER, Role.ADMIN, Role.AUDITOR})


def membership_for(user: User, workspace_id: UUID) -> Membership:
    """The user's membership there. Raises NotFound."""
    membership = (
        Membership.objects.select_related("workspace")
        .filter(user=user, workspace_id=workspace_id)
        .first()
    )
    if membership is None:
        raise NotFound
    return membership


def only_membership(user: User) -> Membership:
    """The user's single membership. Raises WorkspaceRequired (several) or NotFound (none)."""
    memberships = list(Membership.objects.select_related("workspace").filter(user=user)[:2])
    if not memberships:
        raise NotFound("You are in no workspace.")
    if len(memberships) > 1:
        raise WorkspaceRequired
    return memberships[0]


def require_role(membership: Membership, roles: frozenset[Role], message: str = "") -> None:
    """Raise Forbidden unless the member has one of the roles."""
    if membership.role not in roles:
        raise Forbidden(message)


def client_for(workspace: Workspace, client_id: UUID) -> Client:
    """The workspace's client of that id. Raises NotFound."""
    client = Client.objects.filter(workspace=workspace, pk=client_id).first()
    if client is None:
        raise NotFound
    return client
