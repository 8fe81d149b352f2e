"""Who changes a meeting, and the history that keeps what was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from booking.models import MeetingChange
from booking.owners import tables_for
from booking.services.crm_notes import follow_change

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from audit.actors import Actor
    from booking.enums import ChangeKind, Party
    from booking.models import MeetingBase


@dataclass(frozen=True, slots=True)
class Doer:
    """Who changes a meeting; the name is shown in mails and in the history."""

    by: Party
    actor: Actor
    name: str


@dataclass(frozen=True, slots=True)
class Before:
    """What a change takes the place of."""

    start_at: datetime
    end_at: datetime
    owner_id: UUID
    owner_name: str = ""


def before(meeting: MeetingBase, *, owner_name: str = "") -> Before:
    """How the meeting stands now, to be kept with the change that follows."""
    owner_id = getattr(meeting, tables_for(meeting).owner_column)
    return Before(meeting.start_at, meeting.end_at, owner_id, owner_name)


def record(
    *,
    meeting: MeetingBase,
    kind: ChangeKind,
    doer: Doer,
    now: datetime,
    was: Before | None = None,
    message: str = "",
    reason: str = "",
) -> MeetingChange:
    """Add a change to the history, in the transaction that makes it; the CRM follows."""
    change = MeetingChange.objects.create(
        workspace_id=meeting.workspace_id,
        owner_kind=tables_for(meeting).kind,
        meeting_id=meeting.pk,
        kind=kind,
        by=doer.by,
        name=doer.name[:320],
        actor_id=doer.actor.id[:64],
        at=now,
        sequence=meeting.sequence,
        was_start_at=was.start_at if was else None,
        was_end_at=was.end_at if was else None,
        was_owner_id=was.owner_id if was else None,
        was_owner_name=was.owner_name[:320] if was else "",
        start_at=meeting.start_at,
        end_at=meeting.end_at,
        message=message,
        reason=reason[:300],
    )
    follow_change(meeting, change)
    return change


def changes_of(meeting: MeetingBase) -> list[MeetingChange]:
    """The meeting's history, oldest first."""
    rows = MeetingChange.objects.filter(workspace=meeting.workspace_id, meeting_id=meeting.pk)
    return list(rows)


def forget(meeting: MeetingBase) -> None:
    """Erase the history of a meeting that is being erased."""
    MeetingChange.objects.filter(workspace=meeting.workspace_id, meeting_id=meeting.pk).delete()
