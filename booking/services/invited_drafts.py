"""What an invitation from outside is as an event of the owner's calendar, or why it cannot be."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_noop

from booking.enums import InvitationState
from booking.services.events import in_words
from calendars import drafts
from calendars.providers.base import EventDraft
from common.errors import InvalidInput
from conferencing.enums import Conference

if TYPE_CHECKING:
    from datetime import datetime

    from booking.models import OutsideInvitation
    from workspaces.owners import Owner

NO_TITLE: Final = gettext_noop("Invitation")
_OVER: Final = "This event is over."
_NO_ZONE: Final = (
    "It repeats in a time zone that only its sender knows. Answer it in your own mail program."
)
_NO_RULE: Final = (
    "It repeats in a way that is not kept here: {words} Answer it in your own mail program."
)


def draft_of(invitation: OutsideInvitation, owner: Owner) -> EventDraft:
    """The event that stands for it; without guests, whom a provider would write to."""
    is_whole_day = invitation.start_on is not None and invitation.end_on is not None
    title = invitation.title or NO_TITLE
    return EventDraft(
        title=f"Maybe: {title}" if invitation.state == InvitationState.TENTATIVE else title,
        description=_description(invitation),
        location=invitation.location,
        start=invitation.start_on if is_whole_day else invitation.start_at,  # type: ignore[arg-type]
        end=invitation.end_on if is_whole_day else invitation.end_at,  # type: ignore[arg-type]
        timezone=invitation.timezone or owner.zone.key,
        all_day=is_whole_day,
        recurrence=tuple(invitation.recurrence) or None,
        busy=not invitation.is_free,
        notify=False,
    )


def new_draft_of(invitation: OutsideInvitation, owner: Owner) -> EventDraft:
    """The same to be created, under the key that makes a repeat harmless."""
    key = invitation.event_key.hex if invitation.event_key else ""
    return replace(draft_of(invitation, owner), idempotency_key=key, conference=Conference.NONE)


def obstacle_of(invitation: OutsideInvitation, owner: Owner, now: datetime) -> str:
    """Why it cannot be accepted, in a sentence; blank when it can."""
    if not invitation.recurrence:
        return _OVER if invitation.end_at <= now else ""
    if not invitation.timezone:
        return _NO_ZONE
    try:
        drafts.check_new(draft_of(invitation, owner), zone_name=owner.zone.key)
    except InvalidInput as error:
        return _NO_RULE.format(words=error.message)
    return ""


def _description(invitation: OutsideInvitation) -> str:
    name = invitation.organizer_name
    who = f"{name}, {invitation.organizer}" if name else invitation.organizer
    return in_words(f"Organised by {who}\n\n{invitation.description}").strip()
