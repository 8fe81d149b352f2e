"""Which mails about meetings have not arrived, and how that is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from common.enums import MAIL_TROUBLE, MailState
from common.models import SentMail

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from django.db.models import QuerySet

    from booking.models import MeetingBase

ABOUT_MEETING: Final = "meeting"
_CALLED: Final = {
    "booking.reminder": gettext_noop("The reminder"),
    "booking.follow_up": gettext_noop("The follow-up"),
    "booking.confirmation": gettext_noop("The confirmation"),
    "booking.notice": gettext_noop("The notice of the booking"),
    "booking.invited": gettext_noop("The invitation"),
    "booking.approved": gettext_noop("The approval"),
    "booking.moved": gettext_noop("The mail about the new time"),
    "booking.cancelled": gettext_noop("The cancellation"),
    "booking.declined": gettext_noop("The answer to the request"),
    "booking.booker_declined": gettext_noop("The notice that the booker declined"),
    "booking.expired": gettext_noop("The answer to the request"),
    "booking.link": gettext_noop("The mail with the join link"),
    "booking.undelivered": gettext_noop("The mail about one that did not arrive"),
}
_A_MAIL: Final = gettext_noop("A mail")
_BECAME: Final = {
    MailState.DELAYED: gettext_noop("%(mail)s to %(address)s is late."),
    MailState.FAILED: gettext_noop("%(mail)s to %(address)s was refused."),
    MailState.BOUNCED: gettext_noop("%(mail)s to %(address)s came back."),
    MailState.COMPLAINED: gettext_noop("%(mail)s to %(address)s was marked as spam."),
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
    called = _(_CALLED.get(mail.kind, _A_MAIL))
    return _(_BECAME[MailState(mail.state)]) % {"mail": called, "address": mail.recipient}


def is_final(mail: SentMail) -> bool:
    """Whether it will not arrive any more by itself."""
    return mail.state != MailState.DELAYED


def unreached(meeting: MeetingBase) -> set[str]:
    """Addresses, in small letters, to which the last mail about the meeting came back, was refused
    for good, or was marked as spam: what need not be said is not mailed to them.
    """
    rows = SentMail.objects.filter(
        workspace_id=meeting.workspace_id, about_kind=ABOUT_MEETING, about_id=meeting.pk
    ).exclude(state__in=[MailState.SENDING, MailState.OUTRUN])
    last = {one.recipient.lower(): one for one in rows.order_by("created_at")}
    return {address for address, one in last.items() if one.state in MAIL_TROUBLE and is_final(one)}


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
