"""What each plan holds: the two matrices that the API, the pages and the README all read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from workspaces.enums import Tier

if TYPE_CHECKING:
    from collections.abc import Sequence


class PlanFeature(StrEnum):
    """One row of the plans; the value is its name in the API."""

    CONNECT_CALENDAR = "connect_calendar"
    CONNECT_BOTH = "connect_google_and_microsoft"
    MEET = "meet"
    TEAMS = "teams"
    ZOOM = "zoom"
    AUTO_ROUTE = "auto"
    RECURRING = "recurring_events"
    PATIENTS = "patient_scheduling"
    HEADQUARTERS = "headquarters_view"


_EVERY = frozenset(Tier)
_PAID = frozenset({Tier.STANDARD, Tier.ADVANCED, Tier.ENTERPRISE})
_UPPER = frozenset({Tier.ADVANCED, Tier.ENTERPRISE})
_TOP = frozenset({Tier.ENTERPRISE})


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A feature, its name for people, and the tiers that have it."""

    feature: PlanFeature
    label: str
    tiers: frozenset[Tier]


@dataclass(frozen=True, slots=True)
class PlanTable:
    """One of the two matrices; `key` is its name in the API."""

    key: str
    title: str
    rows: tuple[PlanRow, ...]


CONFERENCING = PlanTable(
    key="conferencing",
    title="Conferencing",
    rows=(
        PlanRow(PlanFeature.MEET, "Google Meet", _EVERY),
        PlanRow(PlanFeature.TEAMS, "Microsoft Teams", _PAID),
        PlanRow(PlanFeature.ZOOM, "Zoom", _UPPER),
        PlanRow(PlanFeature.AUTO_ROUTE, "Conference auto-route", _PAID),
    ),
)

PLANS = PlanTable(
    key="plans",
    title="Plans",
    rows=(
        PlanRow(PlanFeature.CONNECT_CALENDAR, "Connect 1 calendar", _EVERY),
        PlanRow(PlanFeature.CONNECT_BOTH, "Connect Google + Microsoft", _PAID),
        *CONFERENCING.rows,
        PlanRow(PlanFeature.RECURRING, "Recurring events", _EVERY),
        PlanRow(
            PlanFeature.PATIENTS,
            "Patient-aware scheduling (conflict + provider matching)",
            _UPPER,
        ),
        PlanRow(PlanFeature.HEADQUARTERS, "Multi-workspace HQ view", _TOP),
    ),
)

TABLES = (CONFERENCING, PLANS)

_TIERS_OF = {row.feature: row.tiers for row in PLANS.rows}


def allows(tier: str, feature: PlanFeature) -> bool:
    """Whether the plan (a Tier, or its stored value) has the feature."""
    return tier in _TIERS_OF[feature]


def lowest_tier_with(feature: PlanFeature) -> Tier:
    """The smallest plan that has the feature: the one to name in a refusal."""
    return min(_TIERS_OF[feature], key=lambda tier: tier.rank)


def matrix() -> dict[str, list[dict[str, object]]]:
    """Both tables as plain values: per table its rows, per row one boolean for each tier."""
    return {table.key: [_as_values(row) for row in table.rows] for table in TABLES}


def as_markdown() -> str:
    """Both tables as Markdown, for the README."""
    return "\n\n".join(_table_as_markdown(table) for table in TABLES) + "\n"


def _as_values(row: PlanRow) -> dict[str, object]:
    return {
        "feature": row.feature.value,
        "label": row.label,
        "tiers": {tier.value: tier in row.tiers for tier in Tier},
        "lowestTier": lowest_tier_with(row.feature).value,
    }


def _table_as_markdown(table: PlanTable) -> str:
    head = _line([table.title, *(str(tier.label) for tier in Tier)])
    rule = _line(["---", *(":-:" for _ in Tier)])
    body = [
        _line([row.label, *("✅" if tier in row.tiers else "—" for tier in Tier)])
        for row in table.rows
    ]
    return "\n".join([head, rule, *body])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
