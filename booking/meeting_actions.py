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
    CANCEL = "cancel"
    NO_SHOW = "no_show"
    ATTENDED = "attended"


_AHEAD = {
    MeetingState.REQUESTED: {Action.APPROVE, Action.DECLINE, Action.MOVE, Action.REASSIGN},
    MeetingState.CONFIRMED: {Action.MOVE, Action.REASSIGN, Action.CANCEL},
}
_BEGUN = {
    MeetingState.REQUESTED: {Action.DECLINE},
    MeetingState.CONFIRMED: {Action.CANCEL, Action.NO_SHOW},
    MeetingState.NO_SHOW: {Action.ATTENDED},
}


def actions_for(meeting: MeetingBase, now: datetime) -> frozenset[Action]:
    """What can be offered for the meeting as it is."""
    offered = _AHEAD if meeting.start_at > now else _BEGUN
    actions = offered.get(MeetingState(meeting.state), set())
    over = {Action.CANCEL} if meeting.end_at <= now else set()
    return frozenset(actions - over)
