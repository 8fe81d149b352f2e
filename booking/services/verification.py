"""Proving an e-mail address before a time is taken: a code by mail, typed on the next page.

Nothing of the booking is kept meanwhile: the page carries what was typed, and the row here only
knows which form of which link the code is for. One proof serves one submit, so one meeting.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from booking.enums import MessageKind
from booking.errors import EmailUnproven, LinkClosed
from booking.models import EmailCheck
from booking.owners import owner_of_link
from booking.services import limits
from booking.services.code_mail import code_mail
from booking.tokens import FORM_LIFE, email_code, is_email_code
from common import mail, outbox
from common.errors import RateLimited

if TYPE_CHECKING:
    from datetime import datetime

    from booking.models import BookingLink
    from common.models import OutboxMessage

CODE_LIFE = timedelta(minutes=15)
MAX_ATTEMPTS = 10
MAX_MAILS = 5
_RESEND_AFTER = timedelta(seconds=30)
_FORGET_AFTER = timedelta(hours=1)
_NOT_DIGITS = re.compile(r"[\s-]+")


def require_proof(
    *,
    link: BookingLink,
    email: str,
    submit_key: str,
    address: str,
    now: datetime,
    code: str = "",
    wants_another: bool = False,
) -> None:
    """Return once the address (cleaned) is proved for this submit, or the link asks for no proof.

    Else a code is mailed, if none is on its way, and EmailUnproven says so; it also says when the
    typed code is not the one, or holds no longer. `address` is the caller's, for the limits.
    Raises RateLimited, UpstreamUnavailable.
    """
    if not link.verifies_email:
        return
    check = _check_of(link, email, submit_key, now)
    if check.verified_at is not None:
        return
    if code and not wants_another:
        _try_code(check, code, now)
    elif wants_another or not check.sent:
        _send(check, link, address, now, is_again=wants_another)
    else:
        raise EmailUnproven(_on_its_way(check.email))


def handle_email_code(message: OutboxMessage) -> None:
    """The outbox's handler for `booking.email_code`; a code that no longer helps is not sent."""
    check = (
        EmailCheck.objects.select_related("link", "link__workspace")
        .filter(pk=UUID(message.payload["check_id"]), verified_at__isnull=True)
        .first()
    )
    if check is None or check.expires_at <= timezone.now():
        return
    try:
        owner = owner_of_link(check.link)
    except LinkClosed:
        return
    code = email_code(check.id, check.round)
    mail.send(
        code_mail(check, owner, code=code),
        kind="booking.code",
        key=message.dedupe_key,
        workspace_id=check.workspace_id,
        about=("email_check", check.pk),
    )


def forget_checks(now: datetime) -> int:
    """Delete checks that help nobody any more; how many. Their forms are too old by then."""
    is_over = Q(verified_at__isnull=True, expires_at__lt=now - _FORGET_AFTER)
    old = EmailCheck.objects.filter(is_over | Q(created_at__lt=now - FORM_LIFE))
    return old.delete()[0]


def _check_of(link: BookingLink, email: str, submit_key: str, now: datetime) -> EmailCheck:
    check, _made = EmailCheck.objects.get_or_create(
        submit_key=submit_key,
        email=email.lower(),
        defaults={
            "link": link,
            "workspace_id": link.workspace_id,
            "language": get_language() or "",
            "expires_at": now + CODE_LIFE,
        },
    )
    return check


def _try_code(check: EmailCheck, typed: str, now: datetime) -> None:
    """Count the attempt first, so that rivals get ten in all; then look at it."""
    rows = EmailCheck.objects.filter(pk=check.pk, round=check.round, verified_at__isnull=True)
    counted = rows.filter(attempts__lt=MAX_ATTEMPTS, expires_at__gt=now).update(
        attempts=F("attempts") + 1
    )
    if not counted:
        check.refresh_from_db()
        if check.verified_at is None:
            raise EmailUnproven(
                _("This code holds no longer. Nothing is booked yet. Ask for a new one."),
                is_wrong=True,
            )
        return
    if not is_email_code(_NOT_DIGITS.sub("", typed), check.id, check.round):
        raise EmailUnproven(
            _("This is not the code. Nothing is booked yet. Take the six digits of the mail."),
            is_wrong=True,
        )
    rows.update(verified_at=now)


def _send(
    check: EmailCheck, link: BookingLink, address: str, now: datetime, *, is_again: bool
) -> None:
    """Write the mail into the outbox, and raise EmailUnproven to say so."""
    uses = limits.code_uses(address=address, link_id=link.id, email=check.email)
    if is_again and check.sent_at is not None and now - check.sent_at < _RESEND_AFTER:
        raise EmailUnproven(_on_its_way(check.email))
    with limits.spending(uses, now), transaction.atomic():
        fresh = EmailCheck.objects.select_for_update().get(pk=check.pk)
        if fresh.sent >= MAX_MAILS:
            raise RateLimited(_("No more codes are sent for this form. Open it anew."))
        if fresh.sent > check.sent:
            # The same press twice: the other one has sent it.
            raise EmailUnproven(_on_its_way(check.email))
        if fresh.attempts >= MAX_ATTEMPTS or fresh.expires_at <= now:
            fresh.round, fresh.attempts = fresh.round + 1, 0
        fresh.sent, fresh.sent_at, fresh.expires_at = fresh.sent + 1, now, now + CODE_LIFE
        fresh.language = get_language() or ""
        fresh.save()
        outbox.enqueue(
            kind=MessageKind.EMAIL_CODE,
            payload={"check_id": str(fresh.id)},
            dedupe_key=f"email-code:{fresh.id}:{fresh.sent}",
            workspace_id=fresh.workspace_id,
        )
    raise EmailUnproven(_on_its_way(check.email))


def _on_its_way(email: str) -> str:
    return _(
        "A code is on its way to %(email)s. Nothing is booked yet: type its six digits here."
    ) % {"email": email}
