"""What did not get to Close, and what people decide about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Coalesce
from django.utils import timezone

from booking.enums import CrmLeadState, MessageKind
from booking.models import CrmLead
from booking.owners import tables_of
from booking.services.crm_accounts import rows_of, send_all_again
from common import outbox
from common.enums import OutboxState
from common.errors import NotFound

if TYPE_CHECKING:
    from datetime import datetime

    from booking.models import CrmAccount
    from common.models import OutboxMessage
    from workspaces.models import Workspace

SHOWN = 100


@dataclass(frozen=True, slots=True)
class Trouble:
    """What was given up for one meeting: whose, why, and since when; `message_id` is one of it.

    Blank `name`: an erased person's.
    """

    message_id: UUID
    name: str
    email: str
    words: str
    since: datetime


def troubles_of(workspace: Workspace) -> list[Trouble]:
    """What was given up and can be sent again, the oldest first: one for each meeting, with the
    reason that its last failure gave.
    """
    rows = rows_of(workspace).filter(state=OutboxState.FAILED).order_by("created_at")[:SHOWN]
    messages = list(rows)
    bookers = _bookers(workspace, messages)
    found: dict[UUID, Trouble] = {}
    for one in messages:
        about = one.about_id or one.pk
        name, email = bookers.get(one.payload.get("meeting_id", ""), ("", ""))
        since = found[about].since if about in found else one.updated_at
        found[about] = Trouble(one.pk, name, email, one.last_error, since)
    return list(found.values())


def waiting_in(workspace: Workspace) -> int:
    """Of how many meetings something is still to be written there by itself."""
    rows = rows_of(workspace).filter(state=OutboxState.PENDING)
    return rows.annotate(about=Coalesce("about_id", "pk")).values("about").distinct().count()


def unsure_leads(account: CrmAccount) -> list[CrmLead]:
    """The leads of which nobody can tell whether Close has made them."""
    rows = CrmLead.objects.filter(
        workspace_id=account.workspace_id,
        organization_remote_id=account.organization_remote_id,
        state=CrmLeadState.UNSURE,
    )
    return list(rows.order_by("asked_at")[:SHOWN])


def send_one_again(*, workspace: Workspace, message_id: UUID) -> None:
    """Give what failed for that meeting a new start. Raises NotFound for what is not the
    workspace's.
    """
    message = rows_of(workspace).filter(pk=message_id).first()
    if message is None:
        raise NotFound
    if message.about_id is None:
        outbox.send_again(message)
        return
    others = rows_of(workspace).filter(about_id=message.about_id, state=OutboxState.FAILED)
    outbox.send_again(*others.order_by("created_at"))


def make_unsure_lead(*, workspace: Workspace, lead_id: UUID) -> None:
    """Somebody has looked in Close and says that the lead is not there: it may be asked for again.

    It is looked for once more first. Raises NotFound for what is not the workspace's; a lead that
    is known by now stays as it is.
    """
    with transaction.atomic():
        rows = CrmLead.objects.filter(workspace=workspace, pk=lead_id)
        if not rows.exists():
            raise NotFound
        rows.filter(state=CrmLeadState.UNSURE).update(
            state=CrmLeadState.NEW, asked_at=None, updated_at=timezone.now()
        )
        send_all_again(workspace)


def _bookers(workspace: Workspace, messages: list[OutboxMessage]) -> dict[str, tuple[str, str]]:
    """Who booked the meetings that the rows are about."""
    found: dict[str, tuple[str, str]] = {}
    leads = [one for one in messages if one.kind == MessageKind.CRM_LEAD]
    for kind in {one.payload["owner_kind"] for one in leads}:
        ids = [one.payload["meeting_id"] for one in leads if one.payload["owner_kind"] == kind]
        rows = tables_of(kind).meeting._default_manager.filter(workspace=workspace, pk__in=ids)
        for pk, name, email in rows.values_list("pk", "booker_name", "booker_email"):
            found[str(pk)] = (name, email)
    return found
