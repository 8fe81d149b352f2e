"""What a meeting's note in the CRM says, and the marks by which what is ours is found again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from booking import wording
from booking.enums import MeetingState, Party
from booking.languages import ENGLISH, speaking

if TYPE_CHECKING:
    from uuid import UUID

    from booking.models import MeetingBase
    from workspaces.owners import Owner

_STATES: Final = {
    MeetingState.CONFIRMED: "Confirmed",
    MeetingState.REQUESTED: "Waiting for approval",
    MeetingState.CANCELLED: "Cancelled",
    MeetingState.DECLINED: "Declined",
    MeetingState.NO_SHOW: "The guest did not come",
}
_BY: Final = {Party.BOOKER: " by the guest", Party.PROVIDER: " in the calendar"}


def note_mark(meeting_id: UUID) -> str:
    """The last line of what we say in a note, alone on it; what people write below is theirs."""
    return f"Meridian meeting {meeting_id}"


def lead_mark(lead_id: UUID) -> str:
    """Stands in the description of a lead that we made."""
    return f"meridian {lead_id.hex}"


def lead_description(lead_id: UUID) -> str:
    """The description of a lead that we make."""
    return f"Made when a meeting was booked in Meridian ({lead_mark(lead_id)})."


def note_text(meeting: MeetingBase, owner: Owner, *, url: str) -> str:
    """The meeting as it is now, in English and in its owner's zone; `url` leads to it.

    Its guests are only counted: they have no lead.
    """
    with speaking(ENGLISH):
        day = wording.long_day(meeting.start_at.astimezone(owner.zone).date(), year=True)
        hours = wording.clock_range(meeting.start_at, meeting.end_at, owner.zone)
        when = f"{day}, {hours}, {wording.zone_words(owner.zone, meeting.start_at)}"
    booker = [meeting.booker_name, meeting.booker_email, meeting.booker_phone]
    lines = [
        f"{meeting.title}: {_state(meeting)}",
        f"When: {when}",
        f"With: {owner.name}",
        f"Booked by: {', '.join(filter(None, booker))}",
    ]
    if meeting.guests:
        number = len(meeting.guests)
        lines.append(f"Guests: {number} more {'person' if number == 1 else 'people'}")
    lines += [f"{answer['label']}: {_typed(answer['answer'])}" for answer in meeting.answers]
    if meeting.message:
        lines.append(f"Message: {_typed(meeting.message)}")
    return "\n".join([*lines, url, note_mark(meeting.pk)])


def _state(meeting: MeetingBase) -> str:
    words = _STATES[MeetingState(meeting.state)]
    if meeting.state == MeetingState.CANCELLED and meeting.cancelled_by:
        words += _BY.get(Party(meeting.cancelled_by), "")
    return f"{words}. {_typed(meeting.cancel_reason)}" if meeting.cancel_reason else words


def _typed(text: str) -> str:
    """What somebody typed, so that no line of it can pass for one of ours."""
    return "\n> ".join(text.splitlines())


def digest(text: str) -> str:
    """Tells whether a note says this already, without keeping what it says."""
    return hashlib.sha256(text.encode()).hexdigest()


def replaced(there: str, text: str, mark: str) -> str | None:
    """What stands in the note, with our part up to its mark replaced; None where somebody took
    our part out.
    """
    lines = there.splitlines()
    for at, line in enumerate(lines, start=1):
        if line.strip() == mark:
            return "\n".join([text, *lines[at:]])
    return None
