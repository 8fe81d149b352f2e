"""Invitations from outside: taken in from mails, answered by their owner.

Nothing an organiser mails stands in a calendar before the owner has answered. What follows an
answer, the event and the mail to the organiser, comes from the outbox.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from django.db import transaction

from booking.enums import Answer, InvitationState, MessageKind
from booking.itip.rules import (
    CallOff,
    Early,
    InvitationFacts,
    Keep,
    Nothing,
    Review,
    believed,
    decide_invitation,
)
from booking.itip.shapes import Message, Moment, Verdict
from booking.models import InviteAddress, OutsideInvitation
from booking.services import early_cancels
from booking.services.invite_addresses import mailboxes_of, owner_at
from booking.services.invited_drafts import obstacle_of
from booking.services.mail_log import Came, Fate, note
from calendars.models import Event
from common import outbox
from common.errors import Conflict, NotFound, RateLimited
from common.limits import Limit, use
from common.wallclock import day_begins, occurs_at

if TYPE_CHECKING:
    from uuid import UUID

    from audit.actors import Actor
    from booking.itip.rules import EarlyCancel
    from workspaces.owners import Owner

NOTICES: Final = Limit("invitation_notices", 12, timedelta(hours=1))
ON: Final = (InvitationState.ACCEPTED, InvitationState.TENTATIVE)
_CHANGED: Final = "The organiser changed this invitation meanwhile. Look at it again."
_VOID: Final = "Its organiser had called it off before it came."
_OFF: Final = "The organiser has called this event off."


def take_invitation(came: Came, address_id: UUID) -> Fate:
    """Do what a mail to an owner's address says, once; a former address is nobody's."""
    owner = owner_at(address_id)
    if owner is None:
        return Fate.NOBODY
    with transaction.atomic():
        owner.lock()
        if not InviteAddress.objects.filter(pk=address_id).exists():
            return Fate.NOBODY
        kept = _kept(owner, came)
        facts = _facts(kept) if kept is not None else None
        early = early_cancels.remembered(owner, came)
        addresses = [came.address, *mailboxes_of(owner)]
        decision = decide_invitation(came.mail, facts, addresses, early)
        verdict = None if isinstance(decision, Keep | CallOff) else decision
        if isinstance(decision, Keep) and decision.called_off is not None:
            kept = _keep_void(owner, came, decision, decision.called_off)
            early_cancels.settle(owner, came, kept, decision.called_off)
            verdict = Nothing(_VOID)
        elif isinstance(decision, Keep):
            kept = _keep(owner, came, kept, decision)
        elif isinstance(decision, CallOff) and kept is not None:
            _call_off(kept, decision, came.at)
        invitation_id = kept.pk if kept is not None else None
        if not note(came, owner=owner, verdict=verdict, invitation_id=invitation_id):
            transaction.set_rollback(True)
            return Fate.REPEAT
        if isinstance(decision, Early):
            early_cancels.remember(owner, came, decision.event)
    if verdict is None:
        return Fate.DONE
    return Fate.REVIEW if isinstance(verdict, Review) else Fate.NOTED


def answer_invitation(
    *,
    invitation: OutsideInvitation,
    owner: Owner,
    answer: Answer,
    actor: Actor,
    name: str,
    seen: str,
    now: datetime,
) -> OutsideInvitation:
    """Answer for the owner; the event and the mail to the organiser follow.

    `seen` is the `version` that whoever answers has looked at. The same answer again changes
    nothing. Raises NotFound, and Conflict for what was changed meanwhile, is called off, or cannot
    be accepted.
    """
    with transaction.atomic():
        owner.lock()
        rows = OutsideInvitation.objects.select_for_update(no_key=True)
        fresh = rows.filter(owner.filter_for(), pk=invitation.pk, workspace=owner.workspace).first()
        if fresh is None:
            raise NotFound
        if fresh.state == InvitationState.CANCELLED:
            raise Conflict(_OFF)
        if version_of(fresh) != seen:
            raise Conflict(_CHANGED)
        obstacle = "" if answer is Answer.DECLINED else obstacle_of(fresh, owner, now)
        if obstacle:
            raise Conflict(obstacle)
        if fresh.state == answer.value and not fresh.asks_again and not fresh.note:
            return fresh
        fresh.state, fresh.asks_again, fresh.note = answer.value, False, ""
        fresh.answer_count += 1
        fresh.answered_at, fresh.answered_by, fresh.actor_id = now, name[:320], actor.id[:64]
        fresh.answer_stamp = _stamp_after(fresh.answer_stamp, now)
        if fresh.state in ON and not _has_event(fresh):
            fresh.event_key, fresh.event_id, fresh.calendar_id = uuid.uuid4(), None, None
        fresh.save()
        follow(fresh)
        enqueue(fresh, "reply", str(fresh.answer_count))
    return fresh


def _stamp_after(before: datetime | None, now: datetime) -> datetime:
    """When the answer is said to be given: later than the one before, in a file's whole seconds.

    Organisers' calendars order answers by that alone (RFC 5546, 2.1.5).
    """
    whole = now.replace(microsecond=0)
    return whole if before is None else max(whole, before + timedelta(seconds=1))


def version_of(invitation: OutsideInvitation) -> str:
    """Names what an organiser has sent so far."""
    return f"{invitation.sequence}.{invitation.stamped_at.timestamp():.0f}"


def enqueue(invitation: OutsideInvitation, step: str, turn: str) -> None:
    """Write the row of that step, once for each turn."""
    outbox.enqueue(
        kind=MessageKind.INVITATION,
        payload={"invitation_id": str(invitation.pk), "step": step},
        dedupe_key=f"invitation:{invitation.pk}:{step}:{turn}",
        workspace_id=invitation.workspace_id,
        ordering_key=f"{MessageKind.INVITATION}:{invitation.pk}:{step}",
        about_id=invitation.pk,
    )


def follow(invitation: OutsideInvitation) -> None:
    """Have the calendar say what is true of the locked invitation now."""
    invitation.event_count += 1
    invitation.save(update_fields=["event_count", "updated_at"])
    enqueue(invitation, "event", str(invitation.event_count))


def _has_event(invitation: OutsideInvitation) -> bool:
    if invitation.event_id is None:
        # One that is being made will be found by its key.
        return invitation.event_key is not None and invitation.calendar_id is not None
    return Event.objects.filter(pk=invitation.event_id, deleted_at__isnull=True).exists()


def _kept(owner: Owner, came: Came) -> OutsideInvitation | None:
    content = came.mail.content
    if not isinstance(content, Message):
        return None
    rows = OutsideInvitation.objects.filter(
        owner.filter_for(),
        workspace=owner.workspace,
        uid=content.uid,
        organizer=content.events[0].organizer.email,
    )
    return rows.select_for_update(no_key=True).first()


def _facts(kept: OutsideInvitation) -> InvitationFacts:
    return InvitationFacts(
        organizer=kept.organizer,
        sender=kept.sender,
        sequence=kept.sequence,
        stamped_at=kept.stamped_at,
        is_cancelled=kept.state == InvitationState.CANCELLED,
        is_proven=kept.is_proven,
    )


def _keep(
    owner: Owner, came: Came, kept: OutsideInvitation | None, said: Keep
) -> OutsideInvitation:
    """Write what the organiser says now; what it means for an answer that was given."""
    row = kept or _new(owner, came, said)
    was = _when(row) if kept is not None else None
    _write(row, owner, came, said)
    is_moved = was is not None and was != _when(row)
    if row.state == InvitationState.CANCELLED or (
        is_moved and row.state == InvitationState.DECLINED
    ):
        row.state, is_moved = InvitationState.PENDING, True
    row.asks_again = row.asks_again or (is_moved and row.state in ON)
    row.save()
    if kept is None or is_moved:
        _tell(row, "new" if row.state == InvitationState.PENDING else "changed", came.at)
    elif row.state in ON and not row.asks_again:
        follow(row)
    return row


def _keep_void(owner: Owner, came: Came, said: Keep, off: EarlyCancel) -> OutsideInvitation:
    """Write what was called off before it came, for its owner to know of."""
    row = _new(owner, came, said)
    _write(row, owner, came, said)
    row.state, row.sequence = InvitationState.CANCELLED, off.sequence
    row.save()
    _tell(row, "off", came.at)
    return row


def _new(owner: Owner, came: Came, said: Keep) -> OutsideInvitation:
    return OutsideInvitation(
        workspace=owner.workspace,
        uid=came.mail.content.uid,  # type: ignore[union-attr]
        organizer=said.event.organizer.email,
        sender=came.mail.envelope.sender,
        is_proven=came.mail.envelope.verdict is Verdict.PASSED,
        **{f"{owner.kind.value}_id": owner.id},
    )


def _write(row: OutsideInvitation, owner: Owner, came: Came, said: Keep) -> None:
    event = said.event
    row.sequence, row.stamped_at = event.sequence, believed(event.stamped_at, came.at)
    row.organizer_name = event.organizer.name or row.organizer_name
    row.guest, row.received_at = said.guest.email, came.at
    row.title, row.location, row.description = event.title, event.location, event.description
    row.recurrence, row.is_free = list(event.recurrence), event.is_free
    _set_times(row, event.start, event.end, owner.zone)


def _call_off(kept: OutsideInvitation, said: CallOff, now: datetime) -> None:
    was = kept.state
    kept.sequence = said.event.sequence
    kept.stamped_at = max(kept.stamped_at, believed(said.event.stamped_at, now))
    kept.state, kept.asks_again, kept.note = InvitationState.CANCELLED, False, ""
    kept.save()
    follow(kept)
    if was != InvitationState.DECLINED:
        _tell(kept, "off", now)


def _tell(invitation: OutsideInvitation, step: str, now: datetime) -> None:
    """Have the owner told by mail, unless of too many; the page shows all of them."""
    try:
        use(NOTICES, str(invitation.owner_id), now)
    except RateLimited:
        return
    enqueue(invitation, step, version_of(invitation))


def _when(row: OutsideInvitation) -> tuple[object, ...]:
    return row.start_at, row.end_at, row.start_on, row.end_on, row.timezone, tuple(row.recurrence)


def _set_times(
    row: OutsideInvitation, start: Moment | None, end: Moment | None, zone: ZoneInfo
) -> None:
    """Dates and floating times are the owner's own."""
    assert start is not None  # a REQUEST has both, or is refused
    assert end is not None
    row.start_at, row.end_at = _instant(start, zone), _instant(end, zone)
    row.start_on, row.end_on = start.on, end.on
    row.timezone = start.zone if start.at is not None else zone.key


def _instant(moment: Moment, zone: ZoneInfo) -> datetime:
    if moment.on is not None:
        return day_begins(moment.on, zone)
    if moment.at is not None:
        return moment.at
    assert moment.wall is not None
    return occurs_at(moment.wall, zone)
