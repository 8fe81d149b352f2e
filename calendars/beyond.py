"""Accounts and branches that a workspace keeps beyond its plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from audit.enums import ConnectionState
from calendars.branches import may_watch
from calendars.owners import connection_model, manager_of
from calendars.paused import LOWEST
from calendars.sidebar import provider_label
from conferencing import plans
from conferencing.beyond import Beyond
from workspaces.enums import OwnerKind

if TYPE_CHECKING:
    from workspaces.models import Workspace


def paused_accounts(workspace: Workspace) -> list[Beyond]:
    """Calendar accounts that the plan paused, by whose they are; a private address is not told."""
    page = reverse("calendars:connections")
    why = (
        "Paused: the plan connects one calendar account for each owner. It is shown as last read "
        f"and its times still count as busy. It comes back by itself on {LOWEST.label}."
    )
    found = []
    for kind in OwnerKind:
        rows = manager_of(connection_model(kind)).select_related(kind.value)
        rows = rows.filter(workspace=workspace, state=ConnectionState.PAUSED)
        for row in rows.exclude(resumes_as="").order_by("created_at"):
            whose = getattr(row, row.owner_kind)
            found.append(Beyond(f"{provider_label(row)} of {whose}", why, page))
    return found


def branches(workspace: Workspace) -> list[Beyond]:
    """The branches of a headquarters whose plan no longer watches any."""
    count = workspace.branches.filter(headquarters_accepted_at__isnull=False).count()
    if not count or may_watch(workspace):
        return []
    lowest = plans.lowest_tier_with(plans.PlanFeature.HEADQUARTERS)
    what = "1 branch" if count == 1 else f"{count} branches"
    why = f"Nobody watches them until the plan is {lowest.label}. They stay named as they are."
    return [Beyond(what, why, reverse("calendars:headquarters"))]
