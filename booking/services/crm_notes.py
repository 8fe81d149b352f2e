"""What the outbox does in Close for a meeting: its booker's lead, and one note that follows it.

A row says only that something is to be looked at. The note says what the meeting is when the row
runs, so that rows which come late, or twice, do no harm.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from audit.enums import AccessReason
from booking.close_errors import NOT_MADE, CloseGone
from booking.crm_note import digest, note_mark, note_text, replaced
from booking.enums import ChangeKind, MeetingState, MessageKind, Step
from booking.models import CrmNote
from booking.owners import host_of_meeting, tables_for
from booking.services.crm_accounts import (
    account_of,
    client_for,
    has_account,
    note_good,
    note_trouble,
)
from booking.services.crm_leads import ACTOR, contact_is_gone, lead_for
from booking.services.messages import key_of, locked, meeting_of, message_of
from common import outbox
from common.enums import OutboxState
from common.errors import DomainError
from common.models import OutboxMessage
from workspaces.enums import OwnerKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from booking.close import CloseClient
    from booking.models import CrmAccount, CrmLead, MeetingBase, MeetingChange

# A request is over by then, so that a note which does not show was not made.
SETTLES: Final = timedelta(minutes=1)


def wants_lead(meeting: MeetingBase) -> bool:
    """Whether bookings of this kind become leads: internal ones, others by the switch."""
    return tables_for(meeting).kind is OwnerKind.USER or meeting.workspace.crm_for_clients


def rows_of_booking(meeting: MeetingBase) -> list[OutboxMessage]:
    """What has to be done in Close for a meeting that was just made; nothing for a request."""
    if meeting.state != MeetingState.CONFIRMED or not wants_lead(meeting):
        return []
    if not has_account(meeting.workspace_id):
        return []
    return [message_of(meeting, MessageKind.CRM_LEAD, Step.LEAD)]


def follow_change(meeting: MeetingBase, change: MeetingChange) -> None:
    """Have the note follow, in the transaction that made the change."""
    if change.kind == ChangeKind.BOOKED or not has_account(meeting.workspace_id):
        return
    if change.kind == ChangeKind.APPROVED and wants_lead(meeting):
        _enqueue(message_of(meeting, MessageKind.CRM_LEAD, Step.LEAD))
    row = message_of(meeting, MessageKind.CRM_LEAD, Step.LEAD_NOTE)
    # Not every change raises the meeting's version.
    row.dedupe_key = f"{key_of(meeting, Step.LEAD_NOTE)}:{change.pk}"
    _enqueue(row)


def handle_lead(message: OutboxMessage) -> None:
    """The outbox's handler for `booking.crm_lead`. Raises UpstreamError and Conflict."""
    meeting = meeting_of(message)
    if meeting is None or meeting.erased_at is not None:
        return
    account = account_of(meeting.workspace_id)
    if account is None:
        return
    is_known = CrmNote.objects.filter(meeting_id=meeting.pk).exists()
    is_first = Step(message.payload["step"]) is Step.LEAD
    # What was begun is kept true also when the switch is off by now.
    if is_known or (is_first and wants_lead(meeting)):
        with noted(account):
            bring_note_up_to_date(account, meeting, now=timezone.now())
        _make_up_for_failed(message)


@contextmanager
def noted(account: CrmAccount) -> Iterator[None]:
    """Keep on the account how it went, for its page."""
    try:
        yield
    except DomainError as error:
        note_trouble(account, error)
        raise
    note_good(account)


def bring_note_up_to_date(account: CrmAccount, meeting: MeetingBase, *, now: datetime) -> None:
    """Let Close say of the meeting what is true now; the lead is found or made first.

    Raises what `lead_for` raises.
    """
    known = CrmNote.objects.filter(meeting_id=meeting.pk).first()
    if known is not None and _is_settled(known, account):
        _update(account, known, meeting)
        return
    lead = lead_for(account, meeting, now=now)
    note = None if lead is None else _note_row(account, meeting, lead)
    if lead is not None and note is not None and not note.is_gone:
        _create(account, note, lead, meeting, now)


def _is_settled(note: CrmNote, account: CrmAccount) -> bool:
    """Whether the note is there, or was there; one in another organisation is left as it is."""
    is_here = note.organization_remote_id == account.organization_remote_id
    return bool(note.note_remote_id) or note.is_gone or not is_here


def _note_row(account: CrmAccount, meeting: MeetingBase, lead: CrmLead) -> CrmNote | None:
    """Our row of the note, written before it is asked for; None when its person was erased."""
    with transaction.atomic():
        if locked(meeting).erased_at is not None:
            return None
        note, is_new = CrmNote.objects.get_or_create(
            meeting_id=meeting.pk,
            defaults={
                "workspace_id": meeting.workspace_id,
                "owner_kind": tables_for(meeting).kind,
                "organization_remote_id": account.organization_remote_id,
                "lead_remote_id": lead.lead_remote_id,
            },
        )
        if not is_new and note.lead_remote_id != lead.lead_remote_id:
            note.lead_remote_id = lead.lead_remote_id
            note.save(update_fields=["lead_remote_id", "updated_at"])
    return note


def _create(
    account: CrmAccount, note: CrmNote, lead: CrmLead, meeting: MeetingBase, now: datetime
) -> None:
    """Write the note, or find the one whose answer was lost, among those of the lead itself."""
    close, text = _client(account, meeting), text_of(meeting)
    try:
        found = close.find_note(lead.lead_remote_id, note_mark(meeting.pk)) if note.asked_at else ""
        if found:
            _keep(note, found, said="")
            _update(account, note, meeting, close=close)
            return
        if note.asked_at is not None and now < note.asked_at + SETTLES:
            raise outbox.NotYet(note.asked_at + SETTLES)
        rows = CrmNote.objects.filter(pk=note.pk, note_remote_id="", asked_at=note.asked_at)
        if not rows.update(asked_at=now):
            raise outbox.NotYet(now + SETTLES)  # somebody else is at it
        made = close.create_note(lead.lead_remote_id, contact_id=lead.contact_remote_id, text=text)
    except NOT_MADE as error:
        CrmNote.objects.filter(pk=note.pk, note_remote_id="").update(asked_at=None)
        if isinstance(error, CloseGone):
            raise contact_is_gone(lead) from error
        raise
    _keep(note, made, said=digest(text))


def _update(
    account: CrmAccount, note: CrmNote, meeting: MeetingBase, *, close: CloseClient | None = None
) -> None:
    """Replace our part of the note. One that was deleted in Close, or lost our part, is left."""
    text = text_of(meeting)
    if not _is_ours(note, account) or note.said == digest(text):
        return
    close = close or _client(account, meeting)
    try:
        whole = replaced(close.note(note.note_remote_id), text, note_mark(meeting.pk))
        if whole is not None:
            close.update_note(note.note_remote_id, text=whole)
    except CloseGone:
        CrmNote.objects.filter(pk=note.pk).update(is_gone=True)
        return
    CrmNote.objects.filter(pk=note.pk).update(said=digest(text), updated_at=timezone.now())


def _is_ours(note: CrmNote, account: CrmAccount) -> bool:
    is_here = note.organization_remote_id == account.organization_remote_id
    return is_here and not note.is_gone and note.erased_at is None


def _keep(note: CrmNote, remote_id: str, *, said: str) -> None:
    note.note_remote_id, note.said = remote_id, said
    CrmNote.objects.filter(pk=note.pk).update(
        note_remote_id=remote_id, said=said, updated_at=timezone.now()
    )


def text_of(meeting: MeetingBase) -> str:
    """What the meeting's note has to say now."""
    url = settings.PUBLIC_URL + reverse("booking:meeting_detail", args=[meeting.pk])
    return note_text(meeting, host_of_meeting(meeting), url=url)


def _client(account: CrmAccount, meeting: MeetingBase) -> CloseClient:
    return client_for(
        account,
        reason=AccessReason.CRM_NOTE_WRITE,
        actor=ACTOR,
        target=f"meeting {meeting.pk}",
    )


def _make_up_for_failed(message: OutboxMessage) -> None:
    """Close says what is true by now, which is all that the meeting's rows that failed were for."""
    rows = OutboxMessage.objects.filter(
        kind=message.kind,
        workspace_id=message.workspace_id,
        about_id=message.about_id,
        state=OutboxState.FAILED,
    )
    now = timezone.now()
    rows.update(
        state=OutboxState.SENT, sent_at=now, last_error="", failing_since_at=None, updated_at=now
    )


def _enqueue(row: OutboxMessage) -> None:
    outbox.enqueue(
        kind=row.kind,
        payload=row.payload,
        dedupe_key=row.dedupe_key,
        workspace_id=row.workspace_id,
        ordering_key=row.ordering_key,
        about_id=row.about_id,
    )
