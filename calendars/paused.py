"""What is said of an account that the plan paused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.errors import PlanRequired
from conferencing import plans

if TYPE_CHECKING:
    from audit.models import ConnectionBase

LOWEST = plans.lowest_tier_with(plans.PlanFeature.CONNECT_BOTH)
# In the few words that a line has room for.
BRIEFLY = f"paused, more accounts are on {LOWEST.label}"
WHY_STALE = (
    "The plan connects one calendar account, and this one is paused. It can be read only; its "
    f"times still count as busy. It comes back by itself on {LOWEST.label}."
)


def paused_words(connection: ConnectionBase) -> str:
    """Why the account is paused, what still happens, and what brings it back."""
    return (
        f"{connection.connected_email} is paused: the plan connects one calendar account. Its "
        f"times still count as busy; it comes back by itself on {LOWEST.label}."
    )


def refuse_paused(connection: ConnectionBase) -> None:
    """Raise PlanRequired for an account that the plan paused: it can only be read."""
    if connection.is_paused_by_plan:
        raise PlanRequired(
            f"{connection.connected_email} is paused and can be read only: the plan connects one "
            f"calendar account. More accounts are on {LOWEST.label}.",
            LOWEST,
        )
