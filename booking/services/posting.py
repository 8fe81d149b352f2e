"""Sending a mail about a meeting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common import mail

if TYPE_CHECKING:
    from datetime import datetime

    from booking.models import MeetingBase
    from common.mail_form import Letter
    from common.models import SentMail

ABOUT_MEETING = "meeting"


def post(
    message: Letter, meeting: MeetingBase, *, kind: str, key: str, begun: datetime | None = None
) -> SentMail:
    """Send it, once for its key (see `common.mail.send`, whose errors it raises)."""
    return mail.send(
        message,
        kind=kind,
        key=key,
        workspace_id=meeting.workspace_id,
        about=(ABOUT_MEETING, meeting.pk),
        begun=begun,
    )
