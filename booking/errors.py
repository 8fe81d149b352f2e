"""Refusals that only booking knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_noop

from common.errors import Conflict, DomainError, Forbidden, NotFound

if TYPE_CHECKING:
    from datetime import datetime


class SlotTaken(Conflict):
    """The time cannot be had any more; `nearest` are starts (UTC) that were open a moment ago."""

    code = "slot_taken"
    default_message = gettext_noop("Someone just took this time.")

    def __init__(self, message: str = "", nearest: tuple[datetime, ...] = ()) -> None:
        self.nearest = nearest
        super().__init__(message)

    def details(self) -> dict[str, object]:
        return {"nearest": [start.isoformat() for start in self.nearest]}


class BusyUnknown(DomainError):
    """A calendar that counts cannot be read, and the link does not take requests meanwhile."""

    code = "busy_unknown"
    status = 503
    default_message = gettext_noop(
        "The calendar did not answer, so no time can be promised. Try again."
    )


class LinkClosed(NotFound):
    """There is no such link, or it takes no bookings now."""

    default_message = gettext_noop("This booking link does not exist or is not open.")


class BookerRefused(Forbidden):
    """The workspace does not take bookings from them; by which of its rules stays untold."""

    default_message = gettext_noop(
        "This booking cannot be taken online. Nothing was booked. Ask the host in another way."
    )


class GuestsRefused(BookerRefused):
    """The workspace does not take who is to come along, or who invites them."""

    default_message = gettext_noop(
        "These guests cannot be invited online. Nothing was changed. Ask the host in another way."
    )


class ChangedMeanwhile(Conflict):
    """Somebody changed the meeting since the caller saw it."""

    code = "changed_meanwhile"
    default_message = gettext_noop("This changed meanwhile.")


class RecordBusy(Conflict):
    """The record of who books is being erased at this moment; the time is as open as it was."""

    code = "record_busy"
    default_message = gettext_noop(
        "The record of this person is being changed at this moment. Nothing was booked. Try again."
    )


class EmailUnproven(DomainError):
    """The link books for proved addresses only, and a code is on its way to this one.

    `verification` names the check: the same submit once more, with it and the code, books.
    `is_wrong` when a code was typed and is not the one.
    """

    code = "email_unverified"
    status = 428
    default_message = gettext_noop("A code is on its way to your address. Nothing is booked yet.")

    def __init__(
        self, message: str = "", verification: str = "", *, is_wrong: bool = False
    ) -> None:
        self.verification = verification
        self.is_wrong = is_wrong
        super().__init__(message)

    def details(self) -> dict[str, object]:
        return {"verification": self.verification} if self.verification else {}
