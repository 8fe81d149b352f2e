"""What is to be done about a message: from what stands here and what it says, nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from booking.enums import MailReason
from booking.itip.addresses import same_mailbox
from booking.itip.shapes import Mail, Message, Method, Refusal, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from booking.itip.shapes import Occurrence, Party


@dataclass(frozen=True, slots=True)
class Review:
    """Nothing is done: people look at it."""

    reason: MailReason
    words: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """It says nothing that is new, or that anybody has to look at."""

    words: str


@dataclass(frozen=True, slots=True)
class Given:
    """The answer that stands for one guest."""

    sequence: int
    stamped_at: datetime
    answer: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class MeetingFacts:
    """What a reply is held against.

    `sent_sequence` is that of the last file its reader got, None when that is not known;
    `is_same_time` says that the meeting still is when that file said. `answers` are those given
    before, by the address as it stands on the meeting.
    """

    uid: str
    sequence: int
    invited: tuple[str, ...]
    sent_sequence: dict[str, tuple[int, bool]]
    answers: dict[str, Given]


@dataclass(frozen=True, slots=True)
class Count:
    """Keep the answer of that guest; it `is_current` when it is to the time the meeting has, and
    `is_proven` when our own server found that the guest sent it.
    """

    email: str
    answer: str
    sequence: int
    stamped_at: datetime
    comment: str
    is_current: bool
    is_proven: bool = False


@dataclass(frozen=True, slots=True)
class InvitationFacts:
    """The invitation that is kept under this UID and organiser."""

    organizer: str
    sender: str
    sequence: int
    stamped_at: datetime
    is_cancelled: bool
    is_proven: bool


@dataclass(frozen=True, slots=True)
class EarlyCancel:
    """A cancellation that came before what it calls off, from somebody who may speak for it."""

    sender: str
    sequence: int
    is_proven: bool


@dataclass(frozen=True, slots=True)
class Keep:
    """Keep the invitation, or what is new of it, for the owner to answer as that guest; nobody
    answers one that was `called_off` before it came.
    """

    event: Occurrence
    guest: Party
    called_off: EarlyCancel | None = None


@dataclass(frozen=True, slots=True)
class CallOff:
    """The organiser has called it off."""

    event: Occurrence


@dataclass(frozen=True, slots=True)
class Early(Review):
    """The organiser calls off what did not come yet: people look at it, and it is remembered."""

    event: Occurrence


_WANTS = {
    Method.REQUEST: "It invites, and only an answer is expected at this address.",
    Method.CANCEL: "Whom a meeting was booked with does not cancel it by mail here.",
    Method.REPLY: "It answers, and nobody was invited from this address.",
    Method.COUNTER: "It asks for another time. The meeting stands as it was.",
    Method.REFRESH: "It asks for the event to be sent again.",
    Method.DECLINECOUNTER: "It turns a proposal down, and none was made from here.",
    Method.ADD: "It adds an occurrence to a series, which is not done by mail.",
    Method.PUBLISH: "It tells of an event and invites nobody.",
}
_AHEAD = timedelta(days=1)
# Files count in seconds; what lies between them is free to keep those of one second in order.
_NEXT = timedelta(microseconds=1)
_FAILED = "The receiving server found that it does not come from where it says."
_LESS_PROVEN = (
    "The invitation was proven to come from its organiser, and this mail about it was not."
)
_LATE = "Should the invitation come yet, it is called off already."
_NO_SENDER = "It does not name one sender."


def believed(stamped_at: datetime, now: datetime) -> datetime:
    """When a message was written: a clock that runs far ahead must not outrank all to come."""
    return min(stamped_at, now + _AHEAD)


def decide_reply(mail: Mail, meeting: MeetingFacts, now: datetime) -> Count | Review | Nothing:
    """About a mail to a meeting's own address."""
    message = mail.content
    if not isinstance(message, Message):
        return _without_message(mail)
    trouble = _unfit_reply(mail, message, meeting)
    if trouble is not None:
        return trouble
    event = message.main
    if event is None:
        words = "It answers for one occurrence of a series, and this meeting is none."
        return Review(MailReason.INSTANCE, words)
    guest = event.attendees[0].email
    email = next(one for one in meeting.invited if same_mailbox(one, guest))
    counted = _counted(email, event, meeting, now)
    if isinstance(counted, Count) and mail.envelope.verdict is Verdict.PASSED:
        return replace(counted, is_proven=True)
    return counted


def _unfit_reply(mail: Mail, message: Message, meeting: MeetingFacts) -> Review | None:
    """What keeps it from being an answer that one of the guests gave to this meeting."""
    if message.method not in {Method.REPLY, Method.COUNTER}:
        return Review(MailReason.METHOD, _WANTS[message.method])
    if message.uid != meeting.uid:
        words = "It is about another event than the one this address belongs to."
        return Review(MailReason.UNKNOWN_EVENT, words)
    guests = [one for event in message.events for one in event.attendees]
    if message.method is Method.COUNTER:
        # It may name everybody (RFC 5546, 4.2.4): it is its sender's.
        guests.sort(key=lambda one: not same_mailbox(one.email, mail.envelope.sender))
    else:
        guests.sort(key=lambda one: not one.delegated)
    guest = guests[0]
    trouble = _wrong_guest(mail, guest, meeting.invited)
    if trouble is None and message.method is Method.COUNTER:
        return Review(MailReason.COUNTER, _WANTS[Method.COUNTER])
    return trouble


def _counted(
    email: str, event: Occurrence, meeting: MeetingFacts, now: datetime
) -> Count | Review | Nothing:
    """The answer, unless one that came before stands (RFC 5546, 2.1.5).

    Of two with the same number and the same second, what came last stands: some programs stamp
    every answer with the invitation's own time, and whoever changes their mind shall be heard. It
    is kept as a moment later than the other, so that no two are told apart by nothing.
    """
    answer = event.attendees[0].answer
    if not answer:
        return Nothing("It gives no answer yet.")
    if event.sequence > meeting.sequence:
        words = "It answers a version of the meeting that was never sent."
        return Review(MailReason.FUTURE, words)
    stamped_at = believed(event.stamped_at, now)
    before = meeting.answers.get(email)
    if before is not None:
        stands = (before.sequence, before.stamped_at.replace(microsecond=0))
        order = (event.sequence, stamped_at.replace(microsecond=0))
        is_same = (answer, event.comment) == (before.answer, before.comment)
        if order < stands or (order == stands and is_same):
            return Nothing("A later answer was there already.")
        if order == stands:
            stamped_at = before.stamped_at + _NEXT
    sent, is_same_time = meeting.sent_sequence.get(email, (meeting.sequence, True))
    is_current = event.sequence >= meeting.sequence or (event.sequence >= sent and is_same_time)
    return Count(email, answer, event.sequence, stamped_at, event.comment, is_current)


def _wrong_guest(mail: Mail, guest: Party, invited: Sequence[str]) -> Review | None:
    if guest.delegated:
        words = "It hands the invitation on to somebody else, or comes from whom it was handed to."
        return Review(MailReason.DELEGATED, words)
    if not _is_among(guest.email, invited):
        words = "It answers for somebody who is not invited to this meeting."
        return Review(MailReason.NOT_INVITED, words)
    return _wrong_sender(mail, (guest.email,), "the guest it answers for")


def _wrong_sender(mail: Mail, allowed: Sequence[str], who: str) -> Review | None:
    sender = mail.envelope.sender
    if not sender:
        return Review(MailReason.WRONG_SENDER, _NO_SENDER)
    if not _is_among(sender, allowed):
        words = f"It was not sent by {who}."
        return Review(MailReason.WRONG_SENDER, words)
    if mail.envelope.verdict is Verdict.FAILED:
        return Review(MailReason.UNPROVEN, _FAILED)
    return None


def decide_invitation(
    mail: Mail,
    kept: InvitationFacts | None,
    addresses: Sequence[str],
    early: Sequence[EarlyCancel] = (),
) -> Keep | CallOff | Review | Nothing:
    """About a mail to an owner's own address; `addresses` are those that reach the owner, `early`
    the cancellations of this event that came before anything else of it.
    """
    message = mail.content
    if not isinstance(message, Message):
        return _without_message(mail)
    if message.method is Method.CANCEL:
        return _decide_cancel(mail, message, kept, addresses)
    if message.method is not Method.REQUEST:
        return Review(MailReason.METHOD, _WANTS[message.method])
    return _decide_request(mail, message, kept, addresses, early)


def _decide_request(
    mail: Mail,
    message: Message,
    kept: InvitationFacts | None,
    addresses: Sequence[str],
    early: Sequence[EarlyCancel],
) -> Keep | Review | Nothing:
    event = message.events[0]
    trouble = _wrong_organizer(mail, event.organizer, kept, addresses)
    trouble = trouble or _unfit_request(message, kept)
    guest = _invited(event, addresses)
    if trouble is not None:
        return trouble
    if guest is None:
        return Review(MailReason.NOT_INVITED, "It invites somebody else.")
    if guest.delegated:
        return Review(MailReason.DELEGATED, "It was handed on by, or to, somebody else.")
    if kept is not None and not _is_later(event, kept):
        return Nothing("This version, or a later one, was there already.")
    return Keep(event, guest, None if kept else _called_off(mail, event, addresses, early))


def _called_off(
    mail: Mail, event: Occurrence, addresses: Sequence[str], early: Sequence[EarlyCancel]
) -> EarlyCancel | None:
    """The cancellation that this invitation came too late for: only one that would call it off,
    too, had it come after.
    """
    sender, is_proven = mail.envelope.sender, mail.envelope.verdict is Verdict.PASSED
    found = [
        one
        for one in early
        if one.sequence >= event.sequence
        and (
            (one.is_proven and _is_among(one.sender, addresses))
            or (
                (one.is_proven or not is_proven)
                and _is_among(one.sender, (event.organizer.email, sender))
            )
        )
    ]
    return max(found, key=lambda one: one.sequence, default=None)


def _is_among(email: str, allowed: Sequence[str]) -> bool:
    return any(same_mailbox(one, email) for one in allowed)


def _unfit_request(message: Message, kept: InvitationFacts | None) -> Review | None:
    if any(one.instance for one in message.events):
        return Review(MailReason.INSTANCE, _changed_occurrences(message, kept))
    if message.events[0].is_off:
        words = "It invites to an event and says that the event is called off."
        return Review(MailReason.MISMATCH, words)
    return None


def _wrong_organizer(
    mail: Mail, organizer: Party, kept: InvitationFacts | None, addresses: Sequence[str]
) -> Review | None:
    """Who may speak for an organiser is settled by the first mail: no later one adds somebody, and
    where the first was proven to come from them, each has to be. Owners may pass on what came to
    their own mailbox, where that is proven.
    """
    is_proven, sender = mail.envelope.verdict is Verdict.PASSED, mail.envelope.sender
    if is_proven and _is_among(sender, addresses):
        return None
    allowed = (organizer.email, organizer.sent_by)
    if kept is not None:
        allowed = (kept.organizer, kept.sender)
    trouble = _wrong_sender(mail, [one for one in allowed if one], "the event's organiser")
    if trouble is not None or kept is None or not kept.is_proven:
        return trouble
    return None if is_proven else Review(MailReason.UNPROVEN, _LESS_PROVEN)


def _decide_cancel(
    mail: Mail, message: Message, kept: InvitationFacts | None, addresses: Sequence[str]
) -> CallOff | Review | Nothing:
    trouble = _wrong_organizer(mail, message.events[0].organizer, kept, addresses)
    event = message.main
    if kept is None:
        words = "It calls off an event that nobody was invited to at this address."
        if trouble is not None or event is None:
            return Review(MailReason.UNKNOWN_EVENT, words)
        return Early(MailReason.UNKNOWN_EVENT, f"{words} {_LATE}", event)
    if trouble is not None:
        return trouble
    if event is None:
        words = (
            "It calls off single occurrences of a series, and only whole series are followed here. "
            "Take them out of your calendar yourself."
        )
        return Review(MailReason.INSTANCE, words)
    # Programs send a cancellation with the number of the invitation, so an equal one counts.
    if kept.is_cancelled or event.sequence < kept.sequence:
        return Nothing("A later version was there already.")
    return CallOff(event)


def _changed_occurrences(message: Message, kept: InvitationFacts | None) -> str:
    """Why that is not done, and what its reader can do; which ones is theirs alone to read."""
    if kept is not None:
        return (
            "It changes single occurrences of a series, and only whole series are followed here. "
            "Your calendar stays as it is: change it there yourself."
        )
    if message.main is not None:
        what = "It invites to a series with changed occurrences, which cannot be kept here."
    else:
        what = "It invites to single occurrences of a series, and only whole series are kept here."
    return f"{what} Answer it in your own mail program."


def _is_later(event: Occurrence, kept: InvitationFacts) -> bool:
    if kept.is_cancelled and event.sequence <= kept.sequence:
        return False
    return (event.sequence, event.stamped_at) > (kept.sequence, kept.stamped_at)


def _invited(event: Occurrence, addresses: Sequence[str]) -> Party | None:
    return next(
        (
            one
            for address in addresses
            for one in event.attendees
            if same_mailbox(one.email, address)
        ),
        None,
    )


def _without_message(mail: Mail) -> Review | Nothing:
    if isinstance(mail.content, Refusal):
        return Review(mail.content.reason, mail.content.words)
    if mail.envelope.is_automatic:
        return Nothing("An automatic mail without anything for a calendar.")
    words = "It is written by a person and holds nothing for a calendar."
    return Review(MailReason.NO_CALENDAR, words)
