"""Which mails about meetings have not arrived, and how that is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db.models import Exists, OuterRef

from common.enums import MAIL_TROUBLE, MailState
from common.models import SentMail

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from django.db.models import QuerySet

    from booking.models import MeetingBase

ABOUT_MEETING: Final = "meeting"
_CALLED: Final = {
    "booking.reminder": "The reminder",
    "booking.follow_up": "The follow-up",
    "booking.confirmation": "The confirmation",
    "booking.notice": "The notice of the booking",
    "booking.invited": "The invitation",
    "booking.approved": "The approval",
    "booking.moved": "The mail about the new time",
    "booking.cancelled": "The cancellation",
    "booking.declined": "The answer to the request",
    "booking.expired": "The answer to the request",
    "booking.link": "The mail with the join link",
    "booking.undelivered": "The mail about one that did not arrive",
}
_BECAME: Final = {
    MailState.DELAYED: "is late",
    MailState.FAILED: "was refused",
    MailState.BOUNCED: "came back",
    MailState.COMPLAINED: "was marked as spam",
}


def standing_troubles(workspace_id: UUID) -> QuerySet[SentMail]:
    """Mails about meetings that have not arrived, that nobody has dismissed, and after which none
    was sent to the same reader about the same meeting.
    """
    later = SentMail.objects.filter(
        about_id=OuterRef("about_id"),
        recipient__iexact=OuterRef("recipient"),
        created_at__gt=OuterRef("created_at"),
    )
    rows = SentMail.objects.filter(
        workspace_id=workspace_id,
        about_kind=ABOUT_MEETING,
        state__in=MAIL_TROUBLE,
        dismissed_at__isnull=True,
    )
    return rows.exclude(recipient="").exclude(Exists(later))


def troubles_of(workspace_id: UUID, meeting_ids: Iterable[UUID]) -> dict[UUID, list[SentMail]]:
    """What stands in trouble for each of the meetings, oldest first: one query for all."""
    found: dict[UUID, list[SentMail]] = {meeting_id: [] for meeting_id in meeting_ids}
    rows = standing_troubles(workspace_id).filter(about_id__in=list(found))
    for mail in rows.order_by("created_at"):
        if mail.about_id is not None:
            found[mail.about_id].append(mail)
    return found


def trouble_title(mail: SentMail) -> str:
    """The confirmation to ann@x.example came back."""
    called = _CALLED.get(mail.kind, "A mail")
    return f"{called} to {mail.recipient} {_BECAME[MailState(mail.state)]}."


def is_final(mail: SentMail) -> bool:
    """Whether it will not arrive any more by itself."""
    return mail.state != MailState.DELAYED


def refusal_of_booker(meeting: MeetingBase) -> str:
    """Why the last mail to the booker was refused for good; blank when it was not."""
    rows = SentMail.objects.filter(
        workspace_id=meeting.workspace_id,
        about_kind=ABOUT_MEETING,
        about_id=meeting.pk,
        recipient__iexact=meeting.booker_email,
    )
    last = rows.order_by("-created_at").first()
    is_refused = last is not None and last.state == MailState.FAILED and last.accepted_at is None
    return last.detail if last is not None and is_refused else ""
