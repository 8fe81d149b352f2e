"""That a mail came in, noted once: the row that makes repeats harmless and shows what is left to
people. Of the mail itself only what they need for that is kept.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final

from booking.enums import MailOutcome, MailReason
from booking.itip.rules import Nothing, Review
from booking.itip.shapes import Message, Method
from booking.models import IncomingMail
from booking.wording import long_day
from common.limits import Limit

if TYPE_CHECKING:
    from uuid import UUID

    from booking.itip.shapes import Mail
    from workspaces.owners import Owner

# By address: programs send one mail for an answer, people a few more.
MAILS: Final = Limit(
    "incoming_mail",
    120,
    timedelta(hours=1),
    "Too many mails came to this address. Try again later.",
)
NOBODYS: Final = Limit("incoming_nobodys", 300, timedelta(hours=1))


class Fate(Enum):
    """What became of a mail at one address."""

    DONE = "done"
    NOTED = "noted, changed nothing"
    REVIEW = "to be looked at"
    REPEAT = "here before"
    NOBODY = "for no address of ours"


@dataclass(frozen=True, slots=True)
class Came:
    """A mail that came to one address of ours, and when."""

    mail: Mail
    address: str
    at: datetime

    @property
    def digest(self) -> str:
        """Names this mail at this address."""
        return hashlib.sha256(f"{self.address}\n{self.mail.digest}".encode()).hexdigest()


def was_here(came: Came) -> bool:
    """Whether this mail was taken before."""
    return IncomingMail.objects.filter(digest=came.digest).exists()


def note(
    came: Came,
    *,
    owner: Owner | None,
    verdict: Review | Nothing | None,
    meeting_id: UUID | None = None,
    invitation_id: UUID | None = None,
) -> bool:
    """Write that it came, within the transaction that does what it says; False for a repeat.

    Without a `verdict` it was done as it says.
    """
    outcome, reason = MailOutcome.DONE, MailReason.NONE
    if verdict is not None:
        is_review = isinstance(verdict, Review)
        outcome = MailOutcome.REVIEW if is_review else MailOutcome.NOTED
        reason = verdict.reason if isinstance(verdict, Review) else MailReason.NONE
    mail, content = came.mail, came.mail.content
    row = IncomingMail(
        workspace_id=owner.workspace.pk if owner else None,
        owner_kind=owner.kind.value if owner else "",
        owner_id=owner.id if owner else None,
        meeting_id=meeting_id,
        invitation_id=invitation_id,
        digest=came.digest,
        message_id=mail.envelope.message_id,
        method=content.method.value if isinstance(content, Message) else "",
        outcome=outcome,
        reason=reason,
        words=verdict.words[:300] if verdict else "",
        received_at=came.at,
    )
    if outcome == MailOutcome.REVIEW:
        _keep_for_people(row, mail)
    IncomingMail.objects.bulk_create([row], ignore_conflicts=True)
    return IncomingMail.objects.filter(pk=row.pk).exists()


def _keep_for_people(row: IncomingMail, mail: Mail) -> None:
    """Who wrote it, what about, and what it asks for."""
    row.sender, row.subject = mail.envelope.sender, mail.envelope.subject
    if not isinstance(mail.content, Message):
        row.comment = mail.text if row.reason == MailReason.NO_CALENDAR else ""
        return
    event = mail.content.main or mail.content.events[0]
    row.comment = event.comment
    if row.reason == MailReason.INSTANCE:
        row.comment = "\n".join([*_days_of(mail.content), event.comment]).strip()
    start, end = event.start, event.end
    is_one = row.reason == MailReason.INSTANCE and len(mail.content.events) == 1
    if (mail.content.method is Method.COUNTER or is_one) and start and end:
        row.proposed_start_at, row.proposed_end_at = start.at, end.at


def _days_of(content: Message) -> list[str]:
    """Which of a series it is about, by the days that its organiser has them on."""
    days = sorted({one.instance_on for one in content.events if one.instance_on is not None})
    return [long_day(day, year=True) for day in days]
