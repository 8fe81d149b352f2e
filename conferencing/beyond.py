"""What a workspace has beyond its plan: kept, paused or read-only, each with a sentence why.

An app that keeps such things registers a finder in `AppConfig.ready()`. A finder narrows to the
workspace in its query and tells admins no more than they may know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse

from conferencing import plans
from conferencing.models import ZoomConnection

if TYPE_CHECKING:
    from workspaces.models import Workspace


@dataclass(frozen=True, slots=True)
class Beyond:
    """One thing: what it is, how it is now and what brings it back, and its page if it has one."""

    what: str
    why: str
    url: str = ""


Finder = Callable[["Workspace"], Iterable[Beyond]]
_finders: dict[str, Finder] = {}


def register(name: str, finder: Finder) -> None:
    """Name what an app keeps beyond a plan; called in `AppConfig.ready`."""
    _finders[name] = finder


def beyond_plan(workspace: Workspace) -> list[Beyond]:
    """Everything of the workspace that its plan does not hold, in the order of the apps."""
    return [found for finder in _finders.values() for found in finder(workspace)]


def zoom_words() -> str:
    """What happens to Zoom without its plan."""
    lowest = plans.lowest_tier_with(plans.PlanFeature.ZOOM)
    return (
        f"Zoom is on the {lowest.label} plan: no new Zoom meetings. Those that are booked keep "
        "their links and still follow their events."
    )


def zoom_accounts(workspace: Workspace) -> list[Beyond]:
    """The workspace's Zoom accounts, where the plan has no Zoom."""
    if plans.allows(workspace.tier, plans.PlanFeature.ZOOM):
        return []
    rows = ZoomConnection.objects.filter(workspace=workspace).select_related("client", "user")
    page = reverse("calendars:connections")
    return [
        Beyond(f"Zoom of {row.client or row.user}", zoom_words(), page)
        for row in rows.order_by("created_at")
    ]
