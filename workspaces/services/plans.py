"""Changing a workspace's plan: who did it and when is kept, and nothing else is touched here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from common import outbox
from workspaces.models import PlanChange, Workspace

if TYPE_CHECKING:
    from uuid import UUID

    from workspaces.enums import Tier
    from workspaces.models import User

# Handled by `calendars.services.places`.
PLAN_CHANGED = "calendars.plan_changed"


@transaction.atomic
def change_plan(*, workspace_id: UUID, tier: Tier, by: User | None) -> PlanChange | None:
    """Put the workspace on that plan; the record of it, None when it is on it already.

    `by` is the operator, None for a program. What exceeds the plan is paused right after, and what
    was paused comes back; no row is deleted either way. Raises Workspace.DoesNotExist.
    """
    workspace = Workspace.objects.select_for_update(no_key=True).get(pk=workspace_id)
    if workspace.tier == tier:
        return None
    change = PlanChange.objects.create(
        workspace=workspace,
        from_tier=workspace.tier,
        to_tier=tier,
        changed_by=by,
        changed_by_name=by.get_full_name() if by else "",
    )
    workspace.tier = tier
    workspace.save(update_fields=["tier", "updated_at"])
    outbox.enqueue(
        kind=PLAN_CHANGED,
        payload={"workspace_id": str(workspace.pk)},
        dedupe_key=f"plan_changed:{change.pk}",
        workspace_id=workspace.pk,
    )
    return change
