"""Where people stand in the CRM, as far as our own map knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import F

from booking.enums import CrmLeadState
from booking.models import CrmLead, CrmNote

if TYPE_CHECKING:
    from uuid import UUID

    from booking.models import MeetingBase, PersonBase

# A map of an organisation that the workspace's key opens no more leads nowhere.
_HERE = {"organization_remote_id": F("workspace__crm_account__organization_remote_id")}


def lead_of_person(person: PersonBase) -> str:
    """The address of their lead in Close; blank where none is known."""
    return _address(_lead_of(person.workspace_id, person.email))


def lead_of_meeting(meeting: MeetingBase) -> str:
    """The address of its booker's lead in Close, or of the one that has its note; blank where none
    is known.
    """
    if meeting.erased_at is not None:
        return ""
    known = _lead_of(meeting.workspace_id, meeting.booker_email)
    notes = CrmNote.objects.filter(workspace=meeting.workspace_id, meeting_id=meeting.pk, **_HERE)
    return _address(known or notes.values_list("lead_remote_id", flat=True).first() or "")


def _lead_of(workspace_id: UUID, email: str) -> str:
    rows = CrmLead.objects.filter(
        workspace=workspace_id, email=email.strip().lower(), state=CrmLeadState.READY, **_HERE
    )
    return rows.values_list("lead_remote_id", flat=True).first() or ""


def _address(lead_remote_id: str) -> str:
    return f"{settings.CLOSE_APP_URL}/lead/{lead_remote_id}/" if lead_remote_id else ""
