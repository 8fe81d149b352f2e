"""Sending a mail about a meeting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from booking.enums import MessageKind
from booking.mail_troubles import ABOUT_MEETING
from common import mail
from common.enums import MailState
from common.mail_trouble import MailRefused

if TYPE_CHECKING:
    from datetime import datetime

    from booking.models import MeetingBase
    from common.mail_form import Letter
    from common.models import SentMail


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
    the meeting and, if it `is_told`, told to the owner. Raises what may pass, as
    `common.mail.send` does.
    """
    known = mail.sent_mail(key)
    if known is not None and known.state == MailState.FAILED and known.accepted_at is None:
        return known
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
