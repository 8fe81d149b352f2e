"""The notes in Close of meetings whose booker was erased here: deleted, tried until it is done."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.actors import task_actor
from audit.enums import AccessReason
from booking.crm_note import note_mark
from booking.enums import MessageKind
from booking.models import CrmNote, Erasure
from booking.services.crm_accounts import account_of, client_for, note_trouble
from booking.services.erasing import finish
from common import outbox
from common.errors import UpstreamError

if TYPE_CHECKING:
    from booking.models import CrmAccount
    from common.models import OutboxMessage

_ACTOR: Final = task_actor(MessageKind.ERASED_NOTE.value)
# A note that was being written when its person was erased shows by then.
_SETTLES: Final = timedelta(minutes=1)


def handle_erased_note(message: OutboxMessage) -> None:
    """The outbox's handler for `booking.erased_note`. Raises UpstreamError, and NotYet while the
    note may still be on its way. A note that no key leads to any more is told of as such.
    """
    erasure_id = UUID(message.payload["erasure_id"])
    note = CrmNote.objects.filter(pk=UUID(message.payload["note_id"])).first()
    if note is not None:
        account = account_of(note.workspace_id)
        if account is not None and _is_in(account, note):
            try:
                _delete(account, note)
            except UpstreamError as error:
                note_trouble(account, error)
                raise
            note.delete()
        else:
            _leave(note, erasure_id)
    erasure = Erasure.objects.filter(pk=erasure_id).first()
    if erasure is not None:
        finish(erasure, but=message)


def _is_in(account: CrmAccount, note: CrmNote) -> bool:
    return note.organization_remote_id == account.organization_remote_id


def _leave(note: CrmNote, erasure_id: UUID) -> None:
    """Forget the note, and say of the erasure that it stays in Close; once, however often."""
    with transaction.atomic():
        erasure = Erasure.objects.select_for_update(no_key=True).filter(pk=erasure_id).first()
        deleted, _ = CrmNote.objects.filter(pk=note.pk).delete()
        if erasure is None or not deleted or not note.note_remote_id:
            return
        counts = erasure.counts
        counts["crm_notes"] = counts.get("crm_notes", 1) - 1
        counts["crm_notes_out_of_reach"] = counts.get("crm_notes_out_of_reach", 0) + 1
        erasure.save(update_fields=["counts", "updated_at"])


def _delete(account: CrmAccount, note: CrmNote) -> None:
    is_known = bool(note.note_remote_id)
    if not is_known and note.asked_at is None:
        return
    close = client_for(
        account,
        reason=AccessReason.CRM_NOTE_DELETE,
        actor=_ACTOR,
        target=f"meeting {note.meeting_id}",
    )
    remote_id = note.note_remote_id
    if not is_known:
        remote_id = close.find_note(note.lead_remote_id, note_mark(note.meeting_id))
        if not remote_id and note.asked_at and timezone.now() < note.asked_at + _SETTLES:
            raise outbox.NotYet(note.asked_at + _SETTLES)
    if remote_id:
        close.delete_note(remote_id)
