"""The places a plan has for calendar accounts: who exceeds them is paused, and comes back.

Nothing is deleted, no token is erased. A paused account is not copied and cannot be written to;
its busy times are still read, so that nobody is booked over them.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction

from audit.actors import task_actor
from audit.enums import ConnectionState
from calendars.owners import connection_models, connections_of, manager_of
from calendars.providers.registry import is_consented
from calendars.services import channels, conferences, sync
from common.errors import Conflict
from conferencing import plans
from workspaces.models import Workspace
from workspaces.owners import owner_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calendars.models import CalendarConnectionBase
    from common.models import OutboxMessage
    from workspaces.owners import Owner

Rows = list["CalendarConnectionBase"]
_CHANGED = ["state", "resumes_as", "is_booking", "resumes_booking", "updated_at"]


@dataclass(frozen=True, slots=True)
class Settled:
    """What a look at the plan changed for one owner."""

    paused: Rows
    resumed: Rows


def follow_plan(message: OutboxMessage) -> None:
    """The workspace's plan was changed: pause what exceeds it, bring back what has room again, and
    offer links that it lacked.
    """
    workspace = Workspace.objects.filter(pk=UUID(message.payload["workspace_id"])).first()
    if workspace is None:
        return
    for kind, owner_id in _owners_in(workspace):
        with suppress(ObjectDoesNotExist):  # who left the workspace has no account to settle
            settle(owner_for(kind, owner_id, workspace))
    conferences.offer_again(workspace)


def settle(owner: Owner) -> Settled:
    """Pause the owner's accounts beyond the plan, bring back those it has room for.

    The ones that work stay; where all worked until now, the one that takes bookings stays, else
    the oldest. Call it outside any transaction: channels are closed at the provider.
    """
    with transaction.atomic():
        owner.lock()
        settled = settle_locked(owner)
    carry_out(settled)
    return settled


def settle_locked(owner: Owner) -> Settled:
    """The rows of `settle`, for a caller that holds the owner's lock; `carry_out` comes after."""
    mine = [row for row in connections_of(owner) if is_consented(row.provider)]
    if plans.allows(tier_now(owner), plans.PlanFeature.CONNECT_BOTH):
        return Settled([], _resume([row for row in mine if row.is_paused_by_plan], mine))
    mine.sort(key=_stays_first)
    kept, beyond = mine[:1], mine[1:]
    resumed = [row for row in kept if row.is_paused_by_plan]
    paused = [row for row in beyond if row.state != ConnectionState.PAUSED]
    return Settled(_pause(paused, kept), _resume(resumed, mine))


def use_instead(*, owner: Owner, connection: CalendarConnectionBase) -> None:
    """Let this account of the owner's have the plan's one place. Raises Conflict when it has it."""
    with transaction.atomic():
        owner.lock()
        mine = [row for row in connections_of(owner) if is_consented(row.provider)]
        chosen = next((row for row in mine if row.pk == connection.pk), None)
        if chosen is None or not chosen.is_paused_by_plan:
            raise Conflict(f"{connection.connected_email} is in use already.")
        others = [row for row in mine if row.state != ConnectionState.PAUSED]
        resumed = _resume([chosen], mine)
        settled = Settled(_pause(others, [chosen]), resumed)
    carry_out(settled)


def carry_out(settled: Settled) -> None:
    """After the commit: nobody tells us of changes in what is paused; what is back is read."""
    for row in settled.paused:
        channels.close_all(connection=row, actor=task_actor("calendars.follow_plan"))
    for row in settled.resumed:
        if row.state == ConnectionState.ACTIVE:
            sync.refresh_account(row)


def tier_now(owner: Owner) -> str:
    """The plan as it is now: the owner at hand may have been read before it was changed."""
    return Workspace.objects.values_list("tier", flat=True).get(pk=owner.workspace.pk)


def _stays_first(row: CalendarConnectionBase) -> tuple[bool, bool, bool]:
    """Sorts what should keep its place first; rows come oldest first and sorting is stable."""
    works = row.state == ConnectionState.ACTIVE
    return (row.state == ConnectionState.PAUSED, not works, not row.is_booking)


def _pause(rows: Rows, kept: Sequence[CalendarConnectionBase]) -> Rows:
    for row in rows:
        row.resumes_as, row.state = row.state, ConnectionState.PAUSED
        row.resumes_booking, row.is_booking = row.is_booking, False
        row.save(update_fields=_CHANGED)
    if any(row.resumes_booking for row in rows):
        for row in kept:
            row.is_booking = True
            row.save(update_fields=_CHANGED)
    return rows


def _resume(rows: Rows, mine: Sequence[CalendarConnectionBase]) -> Rows:
    for row in rows:
        row.state, row.resumes_as = row.resumes_as, ""
        if row.resumes_booking:
            for other in mine:
                if other.is_booking:
                    other.is_booking = False
                    other.save(update_fields=_CHANGED)
            row.is_booking, row.resumes_booking = True, False
        row.save(update_fields=_CHANGED)
    return rows


def _owners_in(workspace: Workspace) -> list[tuple[str, UUID]]:
    found: set[tuple[str, UUID]] = set()
    for model in connection_models():
        rows = manager_of(model).filter(workspace=workspace)
        found |= {(row.owner_kind, row.owner_id) for row in rows}
    return sorted(found)
