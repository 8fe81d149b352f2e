"""The invitation a booker gets: an iTIP message and the MIME part that carries it.

RFC 5545 (iCalendar), RFC 5546 (iTIP), RFC 6047 (iMIP) and RFC 7986 (CONFERENCE).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from email.mime.text import MIMEText
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote

from icalendar import Alarm, Calendar, Event, vCalAddress, vText, vUri

from booking.itip.shapes import SENT_BY
from common.spans import in_utc

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

Method = Literal["REQUEST", "CANCEL", "REPLY"]
Status = Literal["CONFIRMED", "TENTATIVE", "CANCELLED"]
Uninvited = Literal[""]
Answered = Literal["ACCEPTED", "TENTATIVE", "DECLINED"]

PRODUCT = "-//Meridian//Booking//EN"
REMINDER = timedelta(minutes=15)
_FILES: Final[dict[Method, str]] = {
    "REQUEST": "invite.ics",
    "CANCEL": "cancel.ics",
    "REPLY": "answer.ics",
}

_LINE_BREAKS = re.compile(r"\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_NEVER = r"\s\x00-\x20\x7f-\x9f\ud800-\udfff"
_WORD = re.compile(f"[^{_NEVER}]+")
_ATOM = rf"[^{_NEVER}\"(),:;<>@\[\]\\]+"
_MAILBOX = re.compile(f"{_ATOM}@{_ATOM}")
_WEB = re.compile(r"https?://[^/?#]+.*", re.IGNORECASE)
_MAILBOX_SAFE = "@!#$&'*+/=?^`{|}~"
_URL_SAFE = "%:/?#[]@!$&'()*+,;=~"


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox, the name of who reads it, and what they answered; blank for not yet.

    Raises ValueError when the mailbox is none.
    """

    email: str
    name: str = ""
    answer: Answered | Literal[""] = ""

    def __post_init__(self) -> None:
        if not _MAILBOX.fullmatch(self.email):
            raise ValueError("This is not an e-mail address.")


class Words(vText):
    r"""Text as RFC 5545, 3.3.11 escapes it. The library would make a line break of the `\N` in
    `C:\New`.
    """

    def to_ical(self) -> bytes:
        found = str(self).replace("\\", "\\\\")
        for letter in ";,":
            found = found.replace(letter, f"\\{letter}")
        return found.replace("\n", "\\n").encode()


def build_invitation(
    *,
    method: Method,
    uid: str,
    sequence: int,
    dtstamp: datetime,
    start: datetime,
    end: datetime,
    summary: str,
    description: str,
    organizer: Address,
    attendees: Sequence[Address],
    sent_by: str = "",
    location: str = "",
    url: str = "",
    conference_url: str = "",
    status: Status | Uninvited,
    reminders: Sequence[timedelta] = (REMINDER,),
) -> bytes:
    """One event as an iTIP message: CRLF lines of at most 75 octets, times in UTC.

    `uid` stays the same for the meeting's life and `sequence` rises with every change of time or
    state. Texts may hold anything: breaks are kept in the description and become spaces
    elsewhere, other control characters are dropped. `reminders` are how long before the start
    the reader's calendar is to remind them; a cancellation has none. A cancellation without a
    status takes the `attendees` off an event that goes on (RFC 5546, 3.2.5). `sent_by` is the
    mailbox that the mail comes from, named to other installations where that is not the
    organiser's.

    Raises ValueError when method and status contradict each other, the time is naive or ends
    before it starts, nobody is invited, or the uid or an address of the web could not be written
    without changing its meaning.
    """
    _check(method=method, status=status, uid=uid, sequence=sequence, attendees=attendees)
    first, last = in_utc(start).replace(microsecond=0), in_utc(end).replace(microsecond=0)
    if last <= first:
        raise ValueError("A meeting must end after it starts.")
    event = Event()
    event.add("uid", uid)
    event.add("sequence", sequence)
    event.add("dtstamp", in_utc(dtstamp).replace(microsecond=0))
    event.add("dtstart", first)
    event.add("dtend", last)
    event.add("summary", Words(one_line(summary)))
    _add_state(event, method, status)
    event.add("organizer", _sent_for(organizer, sent_by))
    for attendee in attendees:
        event.add("attendee", _invited(attendee) if method == "REQUEST" else _cal_address(attendee))
    for name, text in (("description", text_lines(description)), ("location", one_line(location))):
        if text:
            event.add(name, Words(text))
    if url:
        event.add("url", web_address(url))
    if conference_url:
        event.add("conference", conference_property(conference_url))
    if method == "REQUEST":
        for before in sorted(set(reminders), reverse=True):
            event.add_component(_reminder(summary, before))
    return _message(method, event)


def build_answer(
    *,
    uid: str,
    sequence: int,
    dtstamp: datetime,
    start: datetime | date,
    end: datetime | date,
    summary: str,
    organizer: Address,
    guest: Address,
    sent_by: str,
    answer: Answered,
) -> bytes:
    """A guest's answer to somebody else's invitation (RFC 5546, 3.2.3).

    `uid` and `sequence` are the invitation's; `sent_by` is the mailbox that the answer comes from
    where that is not the guest's own. Raises ValueError for a uid that is none.
    """
    if not _WORD.fullmatch(uid):
        raise ValueError("A UID is one word.")
    event = Event()
    event.add("uid", Words(uid))
    event.add("sequence", sequence)
    event.add("dtstamp", in_utc(dtstamp).replace(microsecond=0))
    event.add("dtstart", start)
    event.add("dtend", end)
    if one_line(summary):
        event.add("summary", Words(one_line(summary)))
    event.add("organizer", _cal_address(organizer))
    attendee = _spoken_for(guest, sent_by)
    attendee.params["PARTSTAT"] = answer
    event.add("attendee", attendee)
    return _message("REPLY", event)


def mime_part(ics: bytes, method: Method) -> MIMEText:
    """The invitation as an attachment that mail programs offer to accept.

    The part's method has to equal the message's own (RFC 6047, 2.4), so another one raises
    ValueError. The charset is written small: django-anymail's Resend backend drops the method
    beside `UTF-8`.
    """
    if f"\r\nMETHOD:{method}\r\n".encode() not in ics:
        raise ValueError("The invitation has another method.")
    part = MIMEText(ics.decode(), "calendar", "utf-8")
    part.set_param("method", method)
    part.add_header("Content-Disposition", "attachment", filename=_FILES[method])
    return part


def _message(method: Method, event: Event) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def _add_state(event: Event, method: Method, status: Status | Uninvited) -> None:
    if status:
        event.add("status", status)
    event.add("transp", "TRANSPARENT" if method == "CANCEL" else "OPAQUE")
    if status == "TENTATIVE":
        # Outlook keeps how busy a time is in a property of its own (MS-OXCICAL).
        event.add("x-microsoft-cdo-busystatus", "TENTATIVE")


def _check(
    *,
    method: Method,
    status: Status | Uninvited,
    uid: str,
    sequence: int,
    attendees: Sequence[Address],
) -> None:
    if (method == "CANCEL") != (status in {"CANCELLED", ""}):
        raise ValueError("A cancelled meeting is sent with CANCEL, and no other is.")
    if not _WORD.fullmatch(uid):
        raise ValueError("A UID is one word.")
    if sequence < 0:
        raise ValueError("A sequence counts from 0.")
    if not attendees:
        raise ValueError("An invitation needs someone it invites.")


def _invited(address: Address) -> vCalAddress:
    attendee = _cal_address(address)
    attendee.params["CUTYPE"] = "INDIVIDUAL"
    attendee.params["ROLE"] = "REQ-PARTICIPANT"
    attendee.params["PARTSTAT"] = address.answer or "NEEDS-ACTION"
    attendee.params["RSVP"] = "TRUE"
    return attendee


def _spoken_for(address: Address, sent_by: str) -> vCalAddress:
    """Whoever it is, with the mailbox that speaks for them where that is another one."""
    found = _cal_address(address)
    if sent_by and sent_by.lower() != address.email.lower():
        found.params["SENT-BY"] = _mailto(Address(sent_by))
    return found


def _sent_for(address: Address, sent_by: str) -> vCalAddress:
    """The organiser, with the mailbox that mails for it.

    Not as SENT-BY: Zimbra mails its answers there, and not to the organiser.
    """
    found = _cal_address(address)
    if sent_by and sent_by.lower() != address.email.lower():
        found.params[SENT_BY] = _mailto(Address(sent_by))
    return found


def _mailto(address: Address) -> str:
    return f"mailto:{quote(address.email, safe=_MAILBOX_SAFE)}"


def _cal_address(address: Address) -> vCalAddress:
    found = vCalAddress(_mailto(address))
    # A quotation mark can only be written as RFC 6868 says, which Outlook shows letter by letter. A
    # backslash escapes nothing here, but programs take it for that, and lose the address after it.
    name = one_line(address.name).replace('"', "'").replace("\\", "/")
    if name:
        found.params["CN"] = name
    return found


def conference_property(address: str) -> vUri:
    """The value of CONFERENCE (RFC 7986, 5.11)."""
    link = vUri(web_address(address))
    link.params["VALUE"] = "URI"
    link.params["FEATURE"] = ["AUDIO", "VIDEO"]
    link.params["LABEL"] = "Join"
    return link


def _reminder(summary: str, before: timedelta) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", Words(one_line(summary)))
    alarm.add("trigger", -before)
    return alarm


def web_address(address: str) -> str:
    """The address as a calendar may hold it. Raises ValueError when it is none of the web."""
    # A data: or javascript: address, or one that breaks the line, must not reach a calendar.
    if not _WORD.fullmatch(address) or not _WEB.fullmatch(address):
        raise ValueError("This is not an address of the web.")
    return quote(address, safe=_URL_SAFE)


def text_lines(text: str) -> str:
    """The text with its line breaks made plain, and no other control character."""
    return _CONTROLS.sub("", _LINE_BREAKS.sub("\n", text)).strip()


def one_line(text: str) -> str:
    """The text in one line, blanks in a row made one."""
    return " ".join(text_lines(text).split())
