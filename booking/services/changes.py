"""The lifecycle of a meeting: the one door to everything that changes it.

Who changes what is said by a `Doer`. Each of these is a decision of its own, raises a DomainError
with a sentence for people, and answers the meeting as it is then; the same change asked for twice
is a success that changes nothing. Event, mails, calendar files and rooms follow from the outbox.
`changes_of` reads the history.
"""

from __future__ import annotations

from booking.enums import ChangeKind, Party
from booking.services.approving import approve_meeting
from booking.services.ending import (
    cancel_meeting,
    decline_meeting,
    expire_requests,
    mark_no_show,
)
from booking.services.history import Doer, changes_of, forget
from booking.services.inviting import change_guests, new_guests, takes_more_guests
from booking.services.moving import check_move, move_meeting, moving_terms
from booking.services.on_behalf import book_for
from booking.services.reassigning import reassign_meeting

__all__ = [
    "ChangeKind",
    "Doer",
    "Party",
    "approve_meeting",
    "book_for",
    "cancel_meeting",
    "change_guests",
    "changes_of",
    "check_move",
    "decline_meeting",
    "expire_requests",
    "forget",
    "mark_no_show",
    "move_meeting",
    "moving_terms",
    "new_guests",
    "reassign_meeting",
    "takes_more_guests",
]
