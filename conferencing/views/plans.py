"""What each plan holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.http import require_safe

from conferencing.beyond import beyond_plan
from conferencing.plans import TABLES, PlanFeature
from workspaces.access import MAY_MANAGE
from workspaces.enums import Tier
from workspaces.guards import member_required

if TYPE_CHECKING:
    from django.http import HttpResponse

    from conferencing.plans import PlanRow, PlanTable
    from workspaces.guards import StaffRequest

_FOR_WHOM = {
    Tier.FREE: "one person",
    Tier.STANDARD: "small teams",
    Tier.ADVANCED: "clinics, agencies",
    Tier.ENTERPRISE: "several sites",
}
_NOTES = {
    PlanFeature.CONNECT_BOTH: "Several accounts in one week",
    PlanFeature.TEAMS: "Needs an Outlook work account",
    PlanFeature.AUTO_ROUTE: "Picks Meet or Teams by the calendar, Zoom if preferred",
    PlanFeature.PATIENTS: "Conflicts of practitioner and patient, ranked matches",
    PlanFeature.HEADQUARTERS: "One read-only week over all branches",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One plan."""

    label: str
    note: str
    is_mine: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One feature; a cell for each plan: whether it has it, and whether the plan is ours."""

    label: str
    note: str
    cells: list[tuple[bool, bool]]


@require_safe
@member_required
def plans(request: StaffRequest) -> HttpResponse:
    """The two tables; owners and admins see what is kept beyond their plan, and since when."""
    workspace = request.membership.workspace
    tier = workspace.tier
    columns = [
        Column(tier_.label, "your plan" if tier_ == tier else _FOR_WHOM[tier_], tier_ == tier)
        for tier_ in Tier
    ]
    # The long table first: it answers what a plan holds; the short one is about meeting links.
    tables = [(table.key, table.title, _rows(table, tier)) for table in reversed(TABLES)]
    context: dict[str, object] = {"columns": columns, "tables": tables}
    if request.membership.role in MAY_MANAGE:
        context["beyond"] = beyond_plan(workspace)
        context["change"] = workspace.plan_changes.first()
    return render(request, "conferencing/plans.html", context)


def _rows(table: PlanTable, tier: str) -> list[Row]:
    return [_row(row, tier) for row in table.rows]


def _row(row: PlanRow, tier: str) -> Row:
    cells = [(one in row.tiers, one == tier) for one in Tier]
    return Row(row.label, _NOTES.get(row.feature, ""), cells)
