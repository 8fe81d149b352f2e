"""How people come into workspaces."""

from __future__ import annotations

import secrets

from django.db import transaction
from django.utils.text import slugify

from workspaces.enums import Role, Tier
from workspaces.models import Membership, User, UserProfile, Workspace


def unused_slug(name: str) -> str:
    """A slug for the name that no workspace has yet."""
    base = slugify(name)[:50] or "workspace"
    slug = base
    while Workspace.objects.filter(slug=slug).exists():
        slug = f"{base}-{secrets.token_hex(2)}"
    return slug


@transaction.atomic
def found_workspace(
    *, user: User, name: str, workspace_name: str, timezone: str, tier: Tier = Tier.FREE
) -> Workspace:
    """Give the user a profile and a workspace of their own, which they own."""
    if name and user.name != name:
        user.name = name
        user.save(update_fields=["name"])
    UserProfile.objects.get_or_create(user=user, defaults={"timezone": timezone})
    workspace = Workspace.objects.create(
        name=workspace_name, slug=unused_slug(workspace_name), tier=tier, timezone=timezone
    )
    Membership.objects.create(workspace=workspace, user=user, role=Role.OWNER)
    return workspace


def add_member(*, workspace: Workspace, user: User, role: Role) -> Membership:
    """Make the user a member, or change the role of one who is."""
    membership, _ = Membership.objects.update_or_create(
        workspace=workspace, user=user, defaults={"role": role}
    )
    return membership
