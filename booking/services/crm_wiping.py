"""What our map of the CRM says about somebody goes when they are erased here; notes follow there.

What stands in Close beside our notes, the lead with its contact, is the workspace's own record:
the workspace keeps or deletes it there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from booking.enums import MessageKind
from booking.models import CrmLead, CrmNote
from booking.services.crm_accounts import account_of
from common import outbox

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from booking.models import Erasure, MeetingBase


def forget_person(
    erasure: Erasure, meetings: Iterable[MeetingBase], addresses: Iterable[str], now: datetime
) -> dict[str, int]:
    """Delete our map of the addresses, and have the meetings' notes deleted in Close; how many
    notes that is, and how many are out of reach because no key leads there any more.

    Within the transaction that takes the person away.
    """
    account = account_of(erasure.workspace_id)
    here = account.organization_remote_id if account is not None else ""
    rows = CrmNote.objects.filter(
        workspace_id=erasure.workspace_id, meeting_id__in=[one.pk for one in meetings]
    )
    there = rows.filter(is_gone=False)
    reached = list(there.filter(organization_remote_id=here).values_list("pk", flat=True))
    unreachable = there.exclude(organization_remote_id=here).exclude(note_remote_id="").count()
    rows.exclude(pk__in=reached).delete()
    rows.update(erased_at=now)
    for note_id in reached:
        outbox.enqueue(
            kind=MessageKind.ERASED_NOTE,
            payload={"erasure_id": str(erasure.pk), "note_id": str(note_id)},
            dedupe_key=f"erasure:{erasure.pk}:{note_id}",
            workspace_id=erasure.workspace_id,
        )
    CrmLead.objects.filter(
        workspace_id=erasure.workspace_id, email__in=[one.lower() for one in addresses]
    ).delete()
    return {"crm_notes": len(reached), "crm_notes_out_of_reach": unreachable}
