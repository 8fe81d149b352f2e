"""Patients that a workspace keeps beyond its plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conferencing import plans
from conferencing.beyond import Beyond
from patients.models import Patient

if TYPE_CHECKING:
    from workspaces.models import Workspace


def kept_patients(workspace: Workspace) -> list[Beyond]:
    """How many patients are kept where the plan has no patient-aware scheduling."""
    if plans.allows(workspace.tier, plans.PlanFeature.PATIENTS):
        return []
    count = Patient.objects.filter(workspace=workspace).count()
    if not count:
        return []
    lowest = plans.lowest_tier_with(plans.PlanFeature.PATIENTS)
    what = "1 patient" if count == 1 else f"{count} patients"
    why = f"Kept with all sessions and units. They can be changed again on {lowest.label}."
    return [Beyond(what, why)]
