"""What staff can do with a meeting now; the services decide again."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from booking.enums import MeetingState

if TYPE_CHECKING:
    from datetime import datetime

    from booking.models import MeetingBase


class Action(StrEnum):
    """The steps of a meeting's life that staff take."""

    APPROVE = "approve"
    DECLINE = "decline"
    MOVE = "move"
    REASSIGN = "reassign"
    GUESTS = "guests"
    CANCEL = "cancel"
    NO_SHOW = "no_show"
    ATTENDED = "attended"


_AHEAD = {
    MeetingState.REQUESTED: {
        Action.APPROVE,
        Action.DECLINE,
        Action.MOVE,
        Action.REASSIGN,
        Action.GUESTS,
    },
    MeetingState.CONFIRMED: {Action.MOVE, Action.REASSIGN, Action.GUESTS, Action.CANCEL},
}
_BEGUN = {
    MeetingState.REQUESTED: {Action.DECLINE},
    MeetingState.CONFIRMED: {Action.GUESTS, Action.CANCEL, Action.NO_SHOW},
    MeetingState.NO_SHOW: {Action.ATTENDED},
}


def actions_for(meeting: MeetingBase, now: datetime) -> frozenset[Action]:
    """What can be offered for the meeting as it is."""
    offered = _AHEAD if meeting.start_at > now else _BEGUN
    actions = offered.get(MeetingState(meeting.state), set())
    gone = {Action.CANCEL, Action.GUESTS} if meeting.end_at <= now else set()
    if meeting.group_id is not None and not meeting.guests:
        gone.add(Action.GUESTS)  # in a group everybody books a seat of their own
    return frozenset(actions - gone)
