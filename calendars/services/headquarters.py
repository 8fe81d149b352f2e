"""Naming a headquarters, accepting a branch, and the end of both: two owners, one level."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction

from calendars.branches import may_watch
from common import limits, outbox
from common.errors import Conflict, InvalidInput, NotFound, PlanRequired
from common.limits import Limit
from conferencing import plans
from workspaces.access import require_role
from workspaces.enums import Role, Tier
from workspaces.models import Workspace

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from workspaces.models import Membership

BRANCH_ASKS: Final = "calendars.branch_asks"
_TOO_OFTEN: Final = "Too many names were tried. Nobody was asked. Try again later."
_UNCOUNTED: Final = "No headquarters can be named at this moment. Nobody was asked. Try again soon."
# Names are handed over, so they are typed once or twice; more is guessing.
NAMED_PER_WORKSPACE: Final = Limit(
    "headquarters-workspace", 10, timedelta(hours=1), _TOO_OFTEN, _UNCOUNTED
)
NAMED_PER_ADDRESS: Final = Limit(
    "headquarters-address", 30, timedelta(hours=1), _TOO_OFTEN, _UNCOUNTED
)
OWNERS: Final = frozenset({Role.OWNER})
# The same words whatever is wrong: who asks must not learn which workspaces there are.
_UNKNOWN = "No headquarters goes by this name. Its owner finds the name on this page there."
_ONE_LEVEL = "A headquarters cannot be the branch of another one."


def name_headquarters(*, by: Membership, slug: str, now: datetime, address: str = "") -> None:
    """Ask the workspace of that name to watch ours; nothing is seen before its owner accepts.

    Its owners are told by mail, once a day. Every try counts, also one that is refused: by
    workspace and, where known, by the address it came from. Raises Forbidden for who is no owner,
    RateLimited, InvalidInput when nobody by that name can watch, and Conflict when we name one
    already or watch branches ourselves.
    """
    require_role(by, OWNERS, "Only an owner names the headquarters.")
    # Outside the transaction, or a refusal would take its own count back.
    limits.use(NAMED_PER_WORKSPACE, str(by.workspace_id), now)
    if address:
        limits.use(NAMED_PER_ADDRESS, address, now)
    _ask(by, slug, now)


@transaction.atomic
def _ask(by: Membership, slug: str, now: datetime) -> None:
    found = Workspace.objects.filter(slug=slug.strip().lower()).first()
    if found is None or found.pk == by.workspace_id:
        raise InvalidInput("slug", _UNKNOWN)
    branch, headquarters = _locked(by.workspace_id, found.pk)
    if branch.headquarters_id is not None:
        raise Conflict("A headquarters is named already. End that first.")
    if _has_branches(branch):
        raise Conflict(_ONE_LEVEL)
    if not may_watch(headquarters) or headquarters.headquarters_id is not None:
        raise InvalidInput("slug", _UNKNOWN)
    _point(branch, headquarters, None)
    _tell_owners(branch, headquarters, now)


def _tell_owners(branch: Workspace, headquarters: Workspace, now: datetime) -> None:
    """One mail each, so that one that fails repeats no other; naming again adds none that day."""
    for owner in headquarters.memberships.filter(role=Role.OWNER):
        outbox.enqueue(
            kind=BRANCH_ASKS,
            payload={"branch_id": str(branch.pk), "membership_id": str(owner.pk)},
            dedupe_key=f"branch-asks:{branch.pk}:{owner.pk}:{now:%Y%m%d}",
            workspace_id=headquarters.pk,
        )


@transaction.atomic
def accept_branch(*, by: Membership, branch_id: UUID, now: datetime) -> Workspace:
    """Begin to watch a workspace that named ours.

    Raises Forbidden, NotFound for one that did not, PlanRequired, and Conflict where it would make
    a second level.
    """
    require_role(by, OWNERS, "Only an owner accepts a branch.")
    if not Workspace.objects.filter(pk=branch_id, headquarters=by.workspace_id).exists():
        raise NotFound
    branch, headquarters = _locked(branch_id, by.workspace_id)
    if branch.headquarters_id != headquarters.pk:  # withdrawn a moment ago
        raise NotFound
    if not may_watch(headquarters):
        raise PlanRequired(paused_words(headquarters), _lowest())
    if headquarters.headquarters_id is not None or _has_branches(branch):
        raise Conflict(_ONE_LEVEL)
    _point(branch, headquarters, now)
    return branch


def leave_headquarters(*, by: Membership) -> None:
    """End, or take back, what we named; at once. Raises Forbidden, NotFound."""
    require_role(by, OWNERS, "Only an owner ends it.")
    _end(branch_id=by.workspace_id)


def end_branch(*, by: Membership, branch_id: UUID) -> None:
    """Decline a workspace that named ours, or stop watching it; at once. Raises Forbidden,
    NotFound."""
    require_role(by, OWNERS, "Only an owner ends it.")
    _end(branch_id=branch_id, headquarters_id=by.workspace_id)


def paused_words(headquarters: Workspace) -> str:
    """Why a workspace that has branches cannot look at them."""
    tier = headquarters.get_tier_display()
    return (
        f"The headquarters view is on the {_lowest().label} plan and {headquarters.name} is on "
        f"{tier}. Until that changes nobody watches the branches."
    )


def _lowest() -> Tier:
    return plans.lowest_tier_with(plans.PlanFeature.HEADQUARTERS)


def _has_branches(workspace: Workspace) -> bool:
    return workspace.branches.filter(headquarters_accepted_at__isnull=False).exists()


def _locked(branch_id: UUID, headquarters_id: UUID) -> tuple[Workspace, Workspace]:
    """Both rows, locked in one order, so that two owners cannot make two levels at once."""
    ids = [branch_id, headquarters_id]
    rows = Workspace.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    found = {row.pk: row for row in rows}
    return found[branch_id], found[headquarters_id]


def _point(branch: Workspace, headquarters: Workspace, accepted_at: datetime | None) -> None:
    branch.headquarters, branch.headquarters_accepted_at = headquarters, accepted_at
    branch.save(update_fields=["headquarters", "headquarters_accepted_at", "updated_at"])


def _end(*, branch_id: UUID, headquarters_id: UUID | None = None) -> None:
    rows = Workspace.objects.filter(pk=branch_id, headquarters__isnull=False)
    if headquarters_id is not None:
        rows = rows.filter(headquarters=headquarters_id)
    if not rows.update(headquarters=None, headquarters_accepted_at=None):
        raise NotFound
