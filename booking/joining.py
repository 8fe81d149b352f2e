"""By which links a meeting is joined: ours first where there is a telehealth room, then the
provider's. What is not an http or https address, whoever gave it, is text and never a link.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from calendars.prose import is_web_address
from conferencing.enums import Conference, LinkKind
from conferencing.telehealth.links import join_url

if TYPE_CHECKING:
    from booking.models import MeetingBase


def first_link(meeting: MeetingBase, kind: LinkKind) -> str:
    """The link to show and to mail, in the hands of the booker or of the owner; may be blank."""
    if meeting.room_id is not None:
        return join_url(meeting.room_id, kind)
    return _web_link(meeting)


def other_link(meeting: MeetingBase) -> str:
    """The provider's link where ours comes first, for when the room does not open."""
    return _web_link(meeting) if meeting.room_id is not None else ""


def unlinked_words(meeting: MeetingBase) -> str:
    """What the provider gave to join by where that is no web address; blank where it is one."""
    return "" if _web_link(meeting) else meeting.conference_url


def _web_link(meeting: MeetingBase) -> str:
    return meeting.conference_url if is_web_address(meeting.conference_url) else ""


def awaits_link(meeting: MeetingBase) -> bool:
    """Whether people have to wait for a link before they know how to join."""
    return meeting.room_id is None


def wanted_conference(meeting: MeetingBase) -> Conference:
    """What kind of link the meeting is to have: its own wish, else its link's, else none."""
    if meeting.wanted_conference:
        return Conference(meeting.wanted_conference)
    return Conference(meeting.link.conference) if meeting.link else Conference.NONE
