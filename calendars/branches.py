"""What a headquarters sees: its branches, their calendars as a stranger to them may see those."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F, Q

from calendars.enums import Sight
from calendars.models import Calendar
from calendars.queries import VisibleCalendar
from conferencing import plans
from workspaces.models import Workspace

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from uuid import UUID


def may_watch(headquarters: Workspace) -> bool:
    """Whether the plan of the workspace has the view over branches; asked at every reading."""
    return plans.allows(headquarters.tier, plans.PlanFeature.HEADQUARTERS)


def branches_of(headquarters: Workspace) -> list[Workspace]:
    """The workspaces it watches with their owners' consent, the longest first."""
    rows = Workspace.objects.filter(
        headquarters=headquarters, headquarters_accepted_at__isnull=False
    )
    return list(rows.order_by("headquarters_accepted_at", "pk"))


def requests_to(headquarters: Workspace) -> list[Workspace]:
    """The workspaces that named it and wait for its owner's answer."""
    rows = Workspace.objects.filter(
        headquarters=headquarters, headquarters_accepted_at__isnull=True
    )
    return list(rows.order_by("name", "pk"))


def headquarters_of(branch: Workspace) -> Workspace | None:
    """The headquarters the workspace named, accepted or not."""
    return Workspace.objects.filter(branches=branch).first()


def calendars_watched(branches: Iterable[Workspace]) -> list[VisibleCalendar]:
    """The branches' calendars that are shown, with how much a headquarters sees of each.

    That is what a member sees without any share: clients' calendars with their details, people's
    as busy times; private events are busy times in both. One query.
    """
    rows = Calendar.objects.filter(
        Q(client_connection__isnull=False)
        | Q(user_connection__user__memberships__workspace=F("workspace")),
        workspace__in=[branch.pk for branch in branches],
        gone_at__isnull=True,
        is_shown=True,
    ).select_related("client_connection__client", "user_connection__user")
    seen = [VisibleCalendar(row, _sight(row), choice=True) for row in rows]
    return sorted(seen, key=lambda one: (one.owner_name, one.calendar.name))


def of_branches(
    calendars: Iterable[VisibleCalendar], branch_ids: Collection[UUID]
) -> list[VisibleCalendar]:
    """Those that belong to one of the branches."""
    return [one for one in calendars if one.calendar.workspace_id in branch_ids]


def _sight(calendar: Calendar) -> Sight:
    return Sight.BUSY if calendar.client_connection_id is None else Sight.DETAILS
