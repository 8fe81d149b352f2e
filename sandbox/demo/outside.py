"""What people outside do in their own calendars: answer an invitation, invite, change, call off.

Their mails are written here as calendar programs write them, and brought in by the stand-in of
Resend, which tells of them by its signed webhook.
"""

from __future__ import annotations

import base64
import email
import email.policy
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, getaddresses, make_msgid, parseaddr
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.utils import timezone
from icalendar import Calendar, Event, vCalAddress

from common.errors import UpstreamUnavailable
from common.http import ProviderSession

if TYPE_CHECKING:
    from sandbox.demo.mailbox import KeptMail

_PRODUCT: Final = "-//Elsewhere//A calendar of somebody else//EN"
_HOUR: Final = timedelta(hours=1)
FORGER: Final = "mallory@forger.example"


class Said(StrEnum):
    """What a guest can have their mail program say."""

    ACCEPTED = "ACCEPTED"
    TENTATIVE = "TENTATIVE"
    DECLINED = "DECLINED"
    COUNTER = "COUNTER"
    FORGED = "FORGED"


_WORDS: Final = {
    Said.ACCEPTED: "Accepted",
    Said.TENTATIVE: "Maybe",
    Said.DECLINED: "Declined",
    Said.COUNTER: "New time proposed",
    Said.FORGED: "Declined",
}


@dataclass(frozen=True, slots=True)
class Meeting:
    """An event as one of its mails tells it."""

    method: str
    uid: str
    sequence: int
    title: str
    start: datetime
    end: datetime
    organizer: str
    organizer_name: str
    guest: str
    place: str = ""


def asked_in(mail: KeptMail) -> Meeting | None:
    """The invitation in a mail of ours that its reader can answer by mail, if there is one."""
    found = _meeting_in(mail.mail)
    if found is None or found.method != "REQUEST" or not _is_ours(found.organizer):
        return None
    readers = [address.lower() for _, address in getaddresses([mail.to])]
    return found if found.guest.lower() in readers else None


def answer(asked: Meeting, said: Said, comment: str) -> None:
    """Mail that answer to the organiser. Raises UpstreamUnavailable."""
    sender = FORGER if said is Said.FORGED else asked.guest
    is_counter = said is Said.COUNTER
    if is_counter:
        asked = replace(asked, start=asked.start + _HOUR, end=asked.end + _HOUR)
    event = _event(asked)
    guest = vCalAddress(f"mailto:{asked.guest}")
    status = {Said.COUNTER: Said.TENTATIVE, Said.FORGED: Said.DECLINED}.get(said, said)
    guest.params["PARTSTAT"] = status.value
    event.add("attendee", guest)
    if comment:
        event.add("comment", comment)
    method = "COUNTER" if is_counter else "REPLY"
    subject = f"{_WORDS[said]}: {asked.title}"
    file = _file(method, event)
    _bring(_written(sender, asked.organizer, subject, comment or subject, file))


def invite(meeting: Meeting, words: str, *, is_forged: bool = False) -> None:
    """Mail that invitation, a later version of it, or that it is called off.

    The receiving server finds a forged one not to come from its sender. Raises
    UpstreamUnavailable.
    """
    event = _event(meeting)
    guest = vCalAddress(f"mailto:{meeting.guest}")
    guest.params["PARTSTAT"], guest.params["RSVP"] = "NEEDS-ACTION", "TRUE"
    event.add("attendee", guest)
    is_off = meeting.method == "CANCEL"
    event.add("status", "CANCELLED" if is_off else "CONFIRMED")
    if words:
        event.add("description", words)
    subject = f"{'Called off' if is_off else 'Invitation'}: {meeting.title}"
    sender = formataddr((meeting.organizer_name, meeting.organizer))
    file = _file(meeting.method, event)
    mail = _written(sender, meeting.guest, subject, words or subject, file)
    _bring(mail, dmarc="fail" if is_forged else "pass")


def new_uid(organizer: str) -> str:
    """A name for an event, as the organiser's calendar would give it."""
    return f"{uuid.uuid4()}@{organizer.rpartition('@')[2]}"


def later(meeting: Meeting) -> Meeting:
    """The next version: an hour later."""
    start, end = meeting.start + _HOUR, meeting.end + _HOUR
    return replace(meeting, sequence=meeting.sequence + 1, start=start, end=end)


def called_off(meeting: Meeting) -> Meeting:
    return replace(meeting, method="CANCEL", sequence=meeting.sequence + 1)


def invited() -> list[Meeting]:
    """The last version of each event that was written about here, newest first.

    Raises UpstreamUnavailable.
    """
    session = ProviderSession("The sandbox", time_limit=timedelta(seconds=5))
    reply = session.send("GET", f"{settings.SANDBOX_URL}/control/resend/inbound")
    found: dict[str, Meeting] = {}
    for line in reply.data["mails"] if reply.ok else []:
        raw = base64.b64decode(line["raw"])
        meeting = _meeting_in(email.message_from_bytes(raw, policy=email.policy.default))
        if meeting is not None and meeting.method in {"REQUEST", "CANCEL"}:
            found.setdefault(meeting.uid, meeting)
    return list(found.values())


def _is_ours(mailbox: str) -> bool:
    return mailbox.lower().endswith(f"@{settings.INBOUND_DOMAIN}")


def _meeting_in(mail: Any) -> Meeting | None:
    """What the first calendar part of a mail says; None where there is none that names a guest."""
    for part in mail.walk():
        if part.get_content_type() == "text/calendar":
            calendar: Any = Calendar.from_ical(part.get_payload(decode=True))
            event = calendar.walk("VEVENT")[0]
            guests = event.get("attendee", [])
            guests = guests if isinstance(guests, list) else [guests]
            if not guests or "organizer" not in event:
                return None
            organizer = event["organizer"]
            # The file of a booker names the others that come, too, after them.
            return Meeting(
                method=str(calendar.get("method", "")),
                uid=str(event["uid"]),
                sequence=int(event.get("sequence", 0)),
                title=str(event.get("summary", "")),
                start=event.decoded("dtstart"),
                end=event.decoded("dtend"),
                organizer=_mailbox(organizer),
                organizer_name=str(organizer.params.get("CN", "")),
                guest=_reader_among([_mailbox(one) for one in guests], mail),
                place=str(event.get("location", "")),
            )
    return None


def _mailbox(address: vCalAddress) -> str:
    return str(address).lower().removeprefix("mailto:")


def _reader_among(guests: list[str], mail: Any) -> str:
    readers = [address.lower() for _, address in getaddresses([str(mail.get("To", ""))])]
    return next((one for one in guests if one in readers), guests[0])


def _event(meeting: Meeting) -> Event:
    event = Event()
    event.add("uid", meeting.uid)
    event.add("sequence", meeting.sequence)
    event.add("dtstamp", timezone.now().astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", meeting.start.astimezone(UTC))
    event.add("dtend", meeting.end.astimezone(UTC))
    event.add("summary", meeting.title)
    organizer = vCalAddress(f"mailto:{meeting.organizer}")
    if meeting.organizer_name:
        organizer.params["CN"] = meeting.organizer_name
    event.add("organizer", organizer)
    if meeting.place:
        event.add("location", meeting.place)
    return event


def _file(method: str, event: Event) -> tuple[str, str]:
    calendar = Calendar()
    for name, value in (("prodid", _PRODUCT), ("version", "2.0"), ("method", method)):
        calendar.add(name, value)
    calendar.add_component(event)
    return method, calendar.to_ical().decode()


def _written(sender: str, to: str, subject: str, text: str, file: tuple[str, str]) -> EmailMessage:
    """The mail as a mail program writes it: the words, and beside them the calendar's part."""
    method, ics = file
    mail = EmailMessage(policy=email.policy.SMTP)
    mail["From"], mail["To"] = sender, to
    mail["Subject"] = " ".join(subject.split())
    mail["Date"] = format_datetime(timezone.now())
    mail["Message-ID"] = make_msgid(domain=parseaddr(sender)[1].rpartition("@")[2])
    mail.set_content(text)
    mail.add_alternative(ics, subtype="calendar", params={"method": method})
    return mail


def _bring(mail: EmailMessage, dmarc: str = "pass") -> None:
    raw = base64.b64encode(mail.as_bytes()).decode()
    body = {"raw": raw, "to": [str(mail["To"])], "dmarc": dmarc}
    session = ProviderSession("The sandbox", time_limit=timedelta(seconds=5))
    reply = session.send("POST", f"{settings.SANDBOX_URL}/control/resend/inbound", json=body)
    if not reply.ok:
        raise UpstreamUnavailable(f"The sandbox answered {reply.status}.")
