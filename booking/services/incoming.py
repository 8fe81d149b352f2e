"""The one door for mails that come in, whoever brings them: a webhook, a file, a mail server."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from booking import inbound
from booking.enums import InvitationState, MailOutcome, MailReason
from booking.itip.post import OVERSIZE, read_mail
from booking.itip.rules import Review
from booking.models import EarlyCancellation, IncomingMail, OutsideInvitation
from booking.services.answers import take_reply
from booking.services.invited import take_invitation
from booking.services.mail_log import MAILS, NOBODYS, Came, Fate, note, was_here
from common import limits
from common.errors import InvalidInput, RateLimited

if TYPE_CHECKING:
    from collections.abc import Iterable

    from booking.itip.shapes import Mail

logger = logging.getLogger(__name__)

OFF: Final = "No mail comes in here: INBOUND_DOMAIN is not set."
_AT_ONCE: Final = 1000
# An invitation is kept for as long after its end as mails are; what nobody looked at, longer.
_UNSEEN: Final = 3


def take_in(*, raw: bytes, recipients: Iterable[str] = (), now: datetime) -> list[Fate]:
    """Do what the mail says, once, and say what became of it at each address of ours.

    `recipients` are those its server was given; without any, its headers are asked. Whatever is
    wrong with the mail is a fate and no error. Raises InvalidInput where no mail comes in,
    RateLimited, and Conflict while somebody else is at it: then it is to be brought again.
    """
    if not inbound.is_on():
        raise InvalidInput("INBOUND_DOMAIN", OFF)
    return _take(read_mail(raw, authserv_id=settings.INBOUND_AUTHSERV_ID), recipients, now)


def take_unread(*, mail: Mail, recipients: Iterable[str], now: datetime) -> list[Fate]:
    """Show whom it was for that a mail came which is too large to be read. Raises as `take_in`."""
    if not inbound.is_on():
        raise InvalidInput("INBOUND_DOMAIN", OFF)
    return _take(mail, recipients, now)


def _take(mail: Mail, recipients: Iterable[str], now: datetime) -> list[Fate]:
    ours = inbound.ours_among(recipients) or inbound.ours_among(mail.envelope.recipients)
    fates = [_take_at(Came(mail, address, now)) for address in ours]
    if not fates:
        fates = [_to_nobody(Came(mail, "", now))]
    logger.info("mail came in", extra={"fates": ", ".join(one.value for one in fates)})
    return fates


def forget_old(now: datetime) -> int:
    """Delete what was kept long enough; how many rows that were.

    That a mail came is known for `INBOUND_KEPT_DAYS` after it was settled, three times as long
    while nobody did; an invitation for as long after its event, a cancellation that came before one
    for as long as that may still come.
    """
    settled = now - settings.INBOUND_KEPT
    unseen = now - _UNSEEN * settings.INBOUND_KEPT
    mails = IncomingMail.objects.filter(
        Q(received_at__lt=unseen)
        | (~Q(outcome=MailOutcome.REVIEW) & Q(received_at__lt=settled) & _settled_before(settled))
    )
    # Of a series only its first time is kept: it goes once nothing of it stands any more.
    is_done = Q(recurrence=[]) | Q(state__in=[InvitationState.DECLINED, InvitationState.CANCELLED])
    over = OutsideInvitation.objects.filter(is_done, end_at__lt=settled, updated_at__lt=settled)
    # Its mail goes on saying that the invitation is called off already.
    shown = IncomingMail.objects.filter(pk=OuterRef("mail_id"))
    early = EarlyCancellation.objects.filter(~Exists(shown), received_at__lt=settled)
    gone = 0
    for rows in (mails, over, early):
        ids = list(rows.values_list("pk", flat=True)[:_AT_ONCE])
        gone += rows.model._default_manager.filter(pk__in=ids).delete()[0]
    return gone


def _settled_before(moment: datetime) -> Q:
    return Q(settled_at__isnull=True) | Q(settled_at__lt=moment)


def _take_at(came: Came) -> Fate:
    found = inbound.read_address(came.address)
    if found is None:
        return _to_nobody(came)
    if was_here(came):
        return Fate.REPEAT
    limits.use(MAILS, str(found.row_id), came.at)
    take = take_reply if found.kind is inbound.Kind.REPLY else take_invitation
    fate = take(came, found.row_id)
    return _to_nobody(came) if fate is Fate.NOBODY else fate


def _to_nobody(came: Came) -> Fate:
    """Keep it for the installation's operators, but no flood of such."""
    verdict = Review(MailReason.UNKNOWN_ADDRESS, "It was sent to an address that is none here.")
    if came.mail.content is OVERSIZE and not came.address:
        verdict = Review(OVERSIZE.reason, OVERSIZE.words)
    with suppress(RateLimited):
        limits.use(NOBODYS, "all", came.at)
        with transaction.atomic():
            note(came, owner=None, verdict=verdict)
    return Fate.NOBODY


def dismiss(*, mail: IncomingMail, name: str, now: datetime) -> None:
    """Note that somebody has looked at it; what it said is forgotten. A repeat changes nothing."""
    IncomingMail.objects.filter(pk=mail.pk, outcome=MailOutcome.REVIEW).update(
        outcome=MailOutcome.DISMISSED,
        settled_at=now,
        settled_by=name[:320],
        sender="",
        subject="",
        comment="",
        updated_at=now,
    )
