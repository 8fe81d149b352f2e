"""Addresses of pages as they stand in mails: whole, and good as long as the meeting is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse

from booking.languages import ENGLISH, known_language
from booking.models import Meeting
from booking.tokens import manage_token

if TYPE_CHECKING:
    from booking.models import MeetingBase

# Where a link's name stood that is deleted by now; no link can have it.
_NO_LINK = "m"


def manage_url(meeting: MeetingBase) -> str:
    """Where the booker sees, moves and cancels the meeting, in the language they booked in.

    The token alone opens it.
    """
    slug = meeting.link.slug if meeting.link else _NO_LINK
    token = manage_token(meeting.pk, meeting.manage_token_hash)
    language = known_language(meeting.booker_language)
    query = f"?lang={language}" if language not in {"", ENGLISH} else ""
    return f"{settings.PUBLIC_URL}{reverse('booking:manage', args=[slug, token])}{query}"


def host_url(meeting: MeetingBase) -> str:
    """Where whom the meeting is with sees it and answers a request: a client's person on the
    client's own pages, from where members are led on to theirs.
    """
    if isinstance(meeting, Meeting):
        return f"{settings.PUBLIC_URL}{reverse('portal:meeting', args=[meeting.pk])}"
    return staff_url(meeting)


def staff_url(meeting: MeetingBase) -> str:
    """Where staff see the meeting and answer a request."""
    return f"{settings.PUBLIC_URL}{reverse('booking:meeting_detail', args=[meeting.pk])}"
