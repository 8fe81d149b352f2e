"""What a mail says once it is read: typed, bounded, and not yet believed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import date, datetime

    from booking.enums import MailReason


# Names to other installations the mailbox that mails for an organiser. SENT-BY itself would have
# some programs (Zimbra) mail their answers there instead of to the organiser.
SENT_BY: Final = "X-MERIDIAN-SENT-BY"


class Method(StrEnum):
    """The methods of RFC 5546 that are told apart."""

    REQUEST = "REQUEST"
    REPLY = "REPLY"
    CANCEL = "CANCEL"
    COUNTER = "COUNTER"
    REFRESH = "REFRESH"
    DECLINECOUNTER = "DECLINECOUNTER"
    ADD = "ADD"
    PUBLISH = "PUBLISH"


class Verdict(Enum):
    """What our own receiving server found out about the sender."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Unreadable(Exception):
    """The mail, or what it holds, is not taken; why, as a kind and in words."""

    def __init__(self, reason: MailReason, words: str) -> None:
        self.reason, self.words = reason, words
        super().__init__(words)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the calendar message in a mail cannot be understood."""

    reason: MailReason
    words: str


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody a calendar message names. `email` is canonical, blank for no mailbox."""

    email: str
    name: str = ""
    answer: str = ""
    sent_by: str = ""
    delegated: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """A start or an end: an instant (UTC) with its zone, a floating wall time, or a date.

    `zone` is an IANA name; blank for a floating time, for a date, and for an instant in a zone
    that is known by the sender's rules alone.
    """

    at: datetime | None = None
    wall: datetime | None = None
    on: date | None = None
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One VEVENT. Of a REPLY only ids, order, the one attendee's answer and comment are believed.

    `instance` is the RECURRENCE-ID as it was written, blank for the event or series itself;
    `instance_on` its day there, None when that is not known.
    """

    sequence: int
    stamped_at: datetime
    organizer: Party
    attendees: tuple[Party, ...] = ()
    instance: str = ""
    instance_on: date | None = None
    start: Moment | None = None
    end: Moment | None = None
    title: str = ""
    location: str = ""
    description: str = ""
    comment: str = ""
    recurrence: tuple[str, ...] = ()
    is_free: bool = False
    is_off: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A calendar message: one method, one UID, the event itself and instances of it."""

    method: Method
    uid: str
    events: tuple[Occurrence, ...]

    @property
    def main(self) -> Occurrence | None:
        """The event or series itself; None when only single occurrences are named."""
        return next((one for one in self.events if not one.instance), None)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the headers say. Addresses are canonical; texts are one line of bounded length."""

    message_id: str = ""
    sender: str = ""
    sender_name: str = ""
    recipients: tuple[str, ...] = ()
    subject: str = ""
    is_automatic: bool = False
    verdict: Verdict = Verdict.UNKNOWN


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that was read. `content` is None when it holds nothing of a calendar.

    `text` is the beginning of its plain text, kept for a mail that people wrote; `digest` names
    what it says, whatever a server on its way added.
    """

    envelope: Envelope
    content: Message | Refusal | None = None
    text: str = ""
    digest: str = field(default="")
