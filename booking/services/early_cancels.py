"""Cancellations that came before their invitations: remembered, so that those come to nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from booking.enums import MailOutcome, MailReason
from booking.itip.rules import EarlyCancel
from booking.itip.shapes import Message, Verdict
from booking.models import EarlyCancellation, IncomingMail

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from booking.itip.shapes import Occurrence
    from booking.models import OutsideInvitation
    from booking.services.mail_log import Came
    from workspaces.owners import Owner


def remembered(owner: Owner, came: Came) -> list[EarlyCancel]:
    """What was called off before, of the event that the mail is about."""
    return [EarlyCancel(one.sender, one.sequence, one.is_proven) for one in _rows(owner, came)]


def remember(owner: Owner, came: Came, event: Occurrence) -> None:
    """Keep who called it off, beside the mail that people look at. Within its transaction."""
    content, envelope = came.mail.content, came.mail.envelope
    EarlyCancellation.objects.create(
        workspace=owner.workspace,
        uid=content.uid,  # type: ignore[union-attr]
        organizer=event.organizer.email,
        sender=envelope.sender,
        is_proven=envelope.verdict is Verdict.PASSED,
        sequence=event.sequence,
        mail_id=IncomingMail.objects.get(digest=came.digest).pk,
        received_at=came.at,
        **{f"{owner.kind.value}_id": owner.id},
    )


def settle(
    owner: Owner, came: Came, invitation: OutsideInvitation, called_off: EarlyCancel
) -> None:
    """The invitation came and is void: nobody has to look at what called it off any more."""
    rows = _rows(owner, came).filter(sender=called_off.sender)
    mails = IncomingMail.objects.filter(
        pk__in=list(rows.values_list("mail_id", flat=True)), outcome=MailOutcome.REVIEW
    )
    mails.update(
        outcome=MailOutcome.DONE,
        reason=MailReason.NONE,
        invitation_id=invitation.pk,
        words="",
        sender="",
        subject="",
        comment="",
        settled_at=came.at,
        updated_at=came.at,
    )
    rows.delete()


def _rows(owner: Owner, came: Came) -> QuerySet[EarlyCancellation]:
    content = came.mail.content
    if not isinstance(content, Message):
        return EarlyCancellation.objects.none()
    return EarlyCancellation.objects.filter(
        owner.filter_for(),
        workspace=owner.workspace,
        uid=content.uid,
        organizer=content.events[0].organizer.email,
    )
