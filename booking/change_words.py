"""A meeting's history in sentences, and what of it somebody has not seen yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from booking.enums import ChangeKind, Party
from booking.wording import clock, short_day

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from booking.models import MeetingChange

_DID = {
    ChangeKind.BOOKED: "Booked on behalf of the guest",
    ChangeKind.APPROVED: "Approved",
    ChangeKind.DECLINED: "Declined",
    ChangeKind.CANCELLED: "Cancelled",
    ChangeKind.NO_SHOW: "Marked as no-show",
    ChangeKind.ATTENDED: "No-show taken back",
}
_ROLES = {Party.BOOKER: ", the guest", Party.PROVIDER: ", in the calendar"}


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One change: what, by whom, when; what was written to the others, and why a rule gave way."""

    what: str
    who: str
    when: str
    message: str = ""
    reason: str = ""

    @property
    def sentence(self) -> str:
        return f"{self.what} by {self.who}, {self.when}."


def moment_words(at: datetime, zone: ZoneInfo) -> str:
    """Thu 26 Nov, 09:30."""
    return f"{short_day(at.astimezone(zone).date())}, {clock(at, zone)}"


def change_line(change: MeetingChange, zone: ZoneInfo) -> ChangeLine:
    """The change as the reader's clock tells it."""
    kind = ChangeKind(change.kind)
    what = _DID.get(kind, kind.label)
    if kind is ChangeKind.MOVED and change.was_start_at is not None:
        was, to = moment_words(change.was_start_at, zone), moment_words(change.start_at, zone)
        what = f"Moved from {was} to {to}"
    elif kind is ChangeKind.REASSIGNED and change.was_owner_name:
        what = f"Handed over from {change.was_owner_name}"
    who = f"{change.name or Party(change.by).label}{_ROLES.get(Party(change.by), '')}"
    when = moment_words(change.at, zone)
    return ChangeLine(what, who, when, change.message, change.reason)


def unseen(changes: Iterable[MeetingChange], sequence: int) -> list[MeetingChange]:
    """Those made after the meeting was drawn with that sequence."""
    return [change for change in changes if change.sequence > sequence]
