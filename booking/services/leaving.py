"""What a member has promised to guests, handed over or called off before they leave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone

from booking.booker import clean_text
from booking.enums import MeetingState
from booking.models import BookingLink
from booking.owners import tables_of
from booking.services.changes import cancel_meeting, decline_meeting, reassign_meeting
from booking.services.feeds import close_feeds_of_member
from common.errors import DomainError
from workspaces.enums import OwnerKind
from workspaces.leaving import Promised
from workspaces.owners import owner_of_member

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from booking.models import MeetingBase
    from booking.services.changes import Doer
    from workspaces.models import Membership
    from workspaces.owners import Owner

# Each hand-over asks a calendar live; a page that takes longer than a minute helps nobody.
AT_ONCE = 25
_WHY = "Handed over when somebody left"
_OPEN = (MeetingState.CONFIRMED, MeetingState.REQUESTED)


@dataclass
class Answered:
    """What became of the answers: how many were done, and what stood against the others."""

    handed: int = 0
    cancelled: int = 0
    refused: dict[UUID, str] = field(default_factory=dict)


def open_meetings_of(membership: Membership, now: datetime) -> list[MeetingBase]:
    """The member's own meetings and requests in the workspace that are not over, by start."""
    rows = (
        tables_of(OwnerKind.USER)
        .meetings()
        .filter(
            workspace=membership.workspace_id,
            user_id=membership.user_id,
            state__in=_OPEN,
            end_at__gt=now,
        )
    )
    return list(rows.order_by("start_at", "pk"))


def open_links_of(membership: Membership) -> QuerySet[BookingLink]:
    """The member's own links in the workspace that take bookings, by title."""
    return BookingLink.objects.filter(
        workspace=membership.workspace_id, user_id=membership.user_id, is_active=True
    ).order_by("title")


def promised_to_guests(membership: Membership, now: datetime) -> list[Promised]:
    """Meetings and requests that wait for an answer, for the page that ends the membership."""
    found = open_meetings_of(membership, now)
    requests = sum(meeting.state == MeetingState.REQUESTED for meeting in found)
    url = reverse("booking:hand_over", args=[membership.pk])
    counts = ((len(found) - requests, "meeting"), (requests, "request"))
    return [
        Promised(f"{count} {word}{'' if count == 1 else 's'} to come", url)
        for count, word in counts
        if count
    ]


def close_links(membership: Membership) -> None:
    """Switch the member's links off, under the lock that bookings wait for: none comes after it;
    and close their calendar feed.

    Within the transaction that ends the membership.
    """
    owner_of_member(membership).lock()
    open_links_of(membership).update(is_active=False)
    close_feeds_of_member(membership, timezone.now())


def answer_promises(
    *,
    meetings: list[MeetingBase],
    wishes: Mapping[UUID, Owner | None],
    doer: Doer,
    now: datetime,
    message: str = "",
) -> Answered:
    """Give each meeting to the owner wished for it, or call it off where that is None.

    One by one, at most `AT_ONCE`; what is refused is told and keeps nothing else back. The new
    owner's hours are set aside, as somebody has decided it; overlaps are refused. Raises
    InvalidInput("message") before anything is done. Never call it within a transaction.
    """
    clean_text(message, "message")
    done = Answered()
    for meeting in [one for one in meetings if one.pk in wishes][:AT_ONCE]:
        to = wishes[meeting.pk]
        try:
            if to is None:
                _call_off(meeting, doer, now, message)
                done.cancelled += 1
            else:
                reassign_meeting(
                    meeting=meeting, to=to, doer=doer, now=now, message=message, overriding=_WHY
                )
                done.handed += 1
        except DomainError as refusal:
            done.refused[meeting.pk] = refusal.message
    return done


def _call_off(meeting: MeetingBase, doer: Doer, now: datetime, message: str) -> None:
    is_request = meeting.state == MeetingState.REQUESTED
    end = decline_meeting if is_request else cancel_meeting
    end(meeting=meeting, doer=doer, now=now, message=message)
