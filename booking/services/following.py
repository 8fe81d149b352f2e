"""The meeting's event on its owner's calendar follows every change of the meeting."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from booking.enums import MeetingState
from booking.joining import wanted_conference
from booking.services import rooms
from calendars.enums import ConferenceState
from calendars.owners import booking_calendar_of
from conferencing.enums import Conference, LinkFailure

if TYPE_CHECKING:
    from booking.models import MeetingBase
    from workspaces.owners import Owner


def expect_event(meeting: MeetingBase, owner: Owner) -> None:
    """Note on the row, which the caller saves, what is on its way for a confirmed meeting: the
    room, and the link that comes with the event.
    """
    wanted = wanted_conference(meeting)
    if meeting.state != MeetingState.CONFIRMED or wanted == Conference.NONE:
        return
    if booking_calendar_of(owner) is not None:
        meeting.conference_state = ConferenceState.PENDING
    if meeting.room_id is None:
        meeting.room_id = rooms.room_of_meeting(meeting)


def part_with_event(meeting: MeetingBase) -> None:
    """Let the meeting, which the caller saves, have another event from now on."""
    meeting.event_key = uuid.uuid4()
    meeting.calendar_id = meeting.calendar_event_id = None
    meeting.event_is_due = False
    meeting.conference = meeting.conference_url = meeting.conference_note = ""
    meeting.conference_state = ConferenceState.NONE
    meeting.conference_failure = LinkFailure.NONE
    meeting.conference_since_at = None
    meeting.conference_tries = 0
