"""The lead that stands for an address: our own map first, then Close, and made at most once.

Close takes no idempotency key, and its search runs behind. So whoever makes a lead holds the
lease of the map's row and notes on it, before asking, that the lead is being asked for. Only the
step from "new" to "asked" may create, and nothing but a plain refusal leads back. After an answer
that was lost the lead is looked for until the index has had time, by address and by our mark;
then a person decides.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone

from audit.actors import task_actor
from audit.enums import AccessReason
from booking.close import LeadDraft
from booking.close_errors import NOT_MADE, CloseGone
from booking.crm_note import lead_description, lead_mark
from booking.enums import CrmLeadState, MessageKind
from booking.models import CrmLead
from booking.services.crm_accounts import client_for
from booking.services.messages import locked
from common import outbox
from common.errors import Conflict, UpstreamUnavailable
from common.leases import drop_lease, take_lease

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from booking.close import CloseClient, KnownContact
    from booking.models import CrmAccount, MeetingBase

ACTOR: Final = task_actor(MessageKind.CRM_LEAD.value)
# Longer than all the requests of one turn may take together.
LEASE: Final = timedelta(minutes=2)
LOOK_AGAIN: Final = timedelta(seconds=2)
# How long Close's index may take to show what was made, and how often it is looked at until then.
INDEX_WAIT: Final = timedelta(minutes=10)
LOOK_SELDOM: Final = timedelta(seconds=30)


class LeadUnsure(Conflict):
    """It cannot be known whether Close has made the lead: a person has to look."""

    code = "crm_lead_unsure"
    default_message = (
        "Close was asked to make a lead and did not answer, and none is to be found there. Look "
        "in Close, then say under Close CRM what is to be done."
    )


def lead_for(account: CrmAccount, meeting: MeetingBase, *, now: datetime) -> CrmLead | None:
    """The lead and contact of the meeting's booker, found or made; None when they were erased.

    Raises NotYet while somebody else looks for them, or Close's index may still show them;
    LeadUnsure when that cannot be decided, and UpstreamError.
    """
    row = _row(account, meeting)
    if row is None or _is_whole(row):
        return row
    holder = take_lease(row, now=now, lasts=LEASE)
    if holder is None:
        raise outbox.NotYet(now + LOOK_AGAIN)
    try:
        found = CrmLead.objects.filter(pk=row.pk).first()
        if found is None:
            return None
        row = found
        if row.state != CrmLeadState.READY:
            _settle(account, row, meeting, now)
        if not row.contact_remote_id:
            _settle_contact(account, row, meeting)
    finally:
        drop_lease(row, holder)
    return row


def carry_lead(workspace_id: UUID, addresses: Sequence[str], to: str) -> None:
    """Let the address that a person has by now lead to the lead of one they had, where it has none
    yet. Nothing is sent to Close: the next booking adds a contact there.

    Within the transaction in which staff changed or merged the person.
    """
    wanted, former = to.lower(), [one.lower() for one in addresses]
    known = CrmLead.objects.select_for_update().filter(workspace_id=workspace_id)
    ready = known.filter(state=CrmLeadState.READY, email__in=former).exclude(email=wanted)
    for lead in sorted(ready, key=lambda one: (former.index(one.email), one.pk)):
        values = {"state": lead.state, "lead_remote_id": lead.lead_remote_id}
        row, is_new = CrmLead.objects.get_or_create(
            workspace_id=workspace_id,
            organization_remote_id=lead.organization_remote_id,
            email=wanted,
            defaults=values,
        )
        if not is_new:
            CrmLead.objects.filter(pk=row.pk, state=CrmLeadState.NEW).update(**values)


def forget_lead(row: CrmLead) -> None:
    """The lead is no more in Close (deleted, or merged away): it is looked for anew."""
    CrmLead.objects.filter(pk=row.pk, lead_remote_id=row.lead_remote_id).update(
        state=CrmLeadState.NEW,
        lead_remote_id="",
        contact_remote_id="",
        asked_at=None,
        updated_at=timezone.now(),
    )


def _row(account: CrmAccount, meeting: MeetingBase) -> CrmLead | None:
    """The map's row, written under the meeting's lock: whoever erases people holds it, too."""
    with transaction.atomic():
        fresh = locked(meeting)
        if fresh.erased_at is not None:
            return None
        row, _ = CrmLead.objects.get_or_create(
            workspace_id=account.workspace_id,
            organization_remote_id=account.organization_remote_id,
            email=fresh.booker_email.strip().lower(),
        )
    return row


def _is_whole(row: CrmLead) -> bool:
    return row.state == CrmLeadState.READY and bool(row.contact_remote_id)


def _settle(account: CrmAccount, row: CrmLead, meeting: MeetingBase, now: datetime) -> None:
    close = client_for(
        account, reason=AccessReason.CRM_LEAD_FIND, actor=ACTOR, target=_target(meeting)
    )
    if _found(close, row):
        return
    if row.state == CrmLeadState.NEW:
        _make(account, row, meeting)
        return
    if row.asked_at is not None and now < row.asked_at + INDEX_WAIT:
        raise outbox.NotYet(now + LOOK_SELDOM)
    _step(row, CrmLeadState.ASKED, state=CrmLeadState.UNSURE)
    raise LeadUnsure


def _found(close: CloseClient, row: CrmLead) -> bool:
    """Whether Close shows a lead for the address, which is kept then; the oldest of several."""
    known = close.find_by_email(row.email)
    if known:
        _keep(row, known[0].lead_id, known[0].remote_id)
        return True
    if row.state == CrmLeadState.NEW:
        return False
    marked = close.find_by_mark(lead_mark(row.pk))
    if marked:
        _keep(row, marked, "")
    return bool(marked)


def _make(account: CrmAccount, row: CrmLead, meeting: MeetingBase) -> None:
    """Ask for the lead, once: whoever cannot take the step from new to asked does not ask."""
    # Before the step, so that a key which does not open leaves nothing undecided.
    close = client_for(
        account, reason=AccessReason.CRM_LEAD_CREATE, actor=ACTOR, target=_target(meeting)
    )
    draft = LeadDraft(
        name=meeting.booker_name,
        email=row.email,
        description=lead_description(row.pk),
        status_id=account.lead_status_remote_id,
    )
    if not _step(row, CrmLeadState.NEW, state=CrmLeadState.ASKED, asked_at=timezone.now()):
        raise outbox.NotYet(timezone.now() + LOOK_AGAIN)
    try:
        made: KnownContact = close.create_lead(draft)
    except NOT_MADE:
        _step(row, CrmLeadState.ASKED, state=CrmLeadState.NEW, asked_at=None)
        raise
    _keep(row, made.lead_id, made.remote_id)


def _settle_contact(account: CrmAccount, row: CrmLead, meeting: MeetingBase) -> None:
    """Find the address on the lead that we know, or on another one, or add it there.

    The lead itself answers first, and no index, so that a contact whose answer was lost is found.
    Another lead has the address where somebody moved the contact in Close: then it is that one.
    """
    close = client_for(
        account, reason=AccessReason.CRM_CONTACT_CREATE, actor=ACTOR, target=_target(meeting)
    )
    try:
        here = row.lead_remote_id
        known = [one for one in close.contacts_of(here) if row.email in one.emails]
        # What the index still shows on this lead is gone from it.
        known = known or [one for one in close.find_by_email(row.email) if one.lead_id != here]
        if known:
            lead_id, contact_id = known[0].lead_id, known[0].remote_id
        else:
            name = meeting.booker_name
            lead_id, contact_id = here, close.create_contact(here, name=name, email=row.email)
    except CloseGone as gone:
        raise lead_is_gone(row) from gone
    CrmLead.objects.filter(pk=row.pk, lead_remote_id=here).update(
        lead_remote_id=lead_id, contact_remote_id=contact_id, updated_at=timezone.now()
    )
    row.lead_remote_id, row.contact_remote_id = lead_id, contact_id


def lead_is_gone(row: CrmLead) -> UpstreamUnavailable:
    """Forget the lead; the error to raise, after which it is looked for again."""
    forget_lead(row)
    return UpstreamUnavailable("The lead is no longer in Close. It is looked for again.")


def contact_is_gone(row: CrmLead) -> UpstreamUnavailable:
    """Forget the contact, and the lead only once it turns out to be gone as well; the error to
    raise, after which both are looked at again.
    """
    CrmLead.objects.filter(pk=row.pk, contact_remote_id=row.contact_remote_id).update(
        contact_remote_id="", updated_at=timezone.now()
    )
    return UpstreamUnavailable("The lead was changed in Close. It is looked at again.")


def _keep(row: CrmLead, lead_id: str, contact_id: str) -> None:
    """Keep what was found or made, however late: an id that is known ends the question."""
    CrmLead.objects.filter(pk=row.pk, lead_remote_id="").update(
        state=CrmLeadState.READY,
        asked_at=None,
        lead_remote_id=lead_id,
        contact_remote_id=contact_id,
        updated_at=timezone.now(),
    )
    row.state, row.asked_at = CrmLeadState.READY, None
    row.lead_remote_id, row.contact_remote_id = lead_id, contact_id
    kept = CrmLead.objects.filter(pk=row.pk).first()
    if kept is not None:  # somebody's that came first is the one; erased meanwhile, ours is
        row.lead_remote_id, row.contact_remote_id = kept.lead_remote_id, kept.contact_remote_id


def _step(row: CrmLead, was: CrmLeadState, **changes: object) -> bool:
    """Take a step from that state alone, committed before anything else is done."""
    rows = CrmLead.objects.filter(pk=row.pk, state=was)
    if not rows.update(**changes, updated_at=timezone.now()):
        return False
    for name, value in changes.items():
        setattr(row, name, value)
    return True


def _target(meeting: MeetingBase) -> str:
    return f"meeting {meeting.pk}"
