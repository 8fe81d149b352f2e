"""Sending a mail about a meeting."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from booking.enums import MessageKind
from booking.mail_troubles import ABOUT_MEETING
from booking.owners import tables_for
from common import mail, outbox
from common.enums import MailState
from common.mail_trouble import MailRefused
from common.models import SentMail

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from booking.models import MeetingBase
    from booking.services.readers import Reader
    from common.mail_form import Letter

# What is begun by then ends before Celery ends the task, wherever that is.
_BEGINS_WITHIN: Final = timedelta(seconds=25)


class Round:
    """One round of mails to the readers of a meeting, bounded in time.

    Whom a try did not reach for want of an answer comes last, so that a slow mailbox keeps none
    from the others.
    """

    def __init__(self, meeting: MeetingBase, readers: Iterable[Reader]) -> None:
        rows = SentMail.objects.filter(about_kind=ABOUT_MEETING, about_id=meeting.pk)
        unsure = set(rows.filter(state=MailState.SENDING).values_list("recipient", flat=True))
        self.readers = sorted(readers, key=lambda one: one.email in unsure)
        self._ends = time.monotonic() + _BEGINS_WITHIN.total_seconds()

    @property
    def is_over(self) -> bool:
        """Whether the rest is to be left to another round."""
        return time.monotonic() >= self._ends


def post(
    message: Letter,
    meeting: MeetingBase,
    *,
    kind: str,
    key: str,
    begun: datetime | None = None,
    is_told: bool = True,
) -> SentMail:
    """Send it, once for its key; it was taken if `accepted_at` is set.

    One that is refused for good is not tried again under its key: it ends there, is shown with
    the meeting and, if it `is_told`, told to the owner. Raises NotYet for a reader who was taken
    out of the meeting since it was read, as by an erasure, and what may pass, as
    `common.mail.send` does.
    """
    known = mail.sent_mail(key)
    if known is not None and known.state == MailState.FAILED and known.accepted_at is None:
        return known
    if _has_left(meeting, message):
        raise outbox.NotYet(timezone.now())
    try:
        return mail.send(
            message,
            kind=kind,
            key=key,
            workspace_id=meeting.workspace_id,
            about=(ABOUT_MEETING, meeting.pk),
            problem_kind=MessageKind.MAIL_TROUBLE if is_told else "",
            begun=begun,
        )
    except MailRefused:
        refused = mail.sent_mail(key)
        if refused is None:
            raise
        return refused
    finally:
        # Erased while it was being noted: nobody else would forget the address.
        if _has_left(meeting, message):
            mail.forget_recipient(key)


def has_left(address: str, meeting: MeetingBase, fresh: MeetingBase) -> bool:
    """Whether this was an address of the meeting as it was read, and is none of it now, or its
    booker has been erased since.
    """
    if fresh.erased_at is not None and meeting.erased_at is None:
        return True
    address = address.lower()
    # Staff's are not kept with it.
    return address in _addresses_in(meeting) and address not in _addresses_in(fresh)


def _has_left(meeting: MeetingBase, message: Letter) -> bool:
    fresh = tables_for(meeting).meetings().filter(pk=meeting.pk).first()
    return fresh is None or any(has_left(one, meeting, fresh) for one in message.recipients())


def _addresses_in(meeting: MeetingBase) -> set[str]:
    guests = {key.removeprefix("guest:") for key in meeting.told if key.startswith("guest:")}
    guests |= {one.get("email", "") for one in meeting.guests}
    return {one.lower() for one in (meeting.booker_email, *guests) if one}
