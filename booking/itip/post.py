"""A mail taken apart: who sent it to whom, and its calendar message. Nothing in it is fetched,
shown or run; HTML is not even looked at.

Everything is bounded before work is put into it, so that no mail costs more than a moment.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from email.message import Message as MimeMessage
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32
from typing import TYPE_CHECKING, Any, Final

from booking.enums import MailReason
from booking.itip import addresses
from booking.itip.reading import read_message
from booking.itip.shapes import Envelope, Mail, Message, Refusal, Unreadable, Verdict
from booking.plain import CONTROLS

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BYTES: Final = 10 * 1024 * 1024
LONGEST_LINE: Final = 128 * 1024
MOST_LINE_ENDS: Final = 500_000
LONGEST_PART_HEADER: Final = 8 * 1024
MOST_HEADER_BYTES: Final = 256 * 1024
MOST_BOUNDARIES: Final = 40
MOST_DASHES: Final = 4000
MOST_PARTS: Final = 100
DEEPEST: Final = 12
MOST_CALENDAR_PARTS: Final = 6
MOST_CALENDAR_BYTES: Final = 512 * 1024
MOST_TEXT: Final = 2000
LONGEST_SUBJECT: Final = 2000
LONGEST_VERDICT: Final = 8192
MOST_RECIPIENTS: Final = 100

OVERSIZE: Final = Refusal(
    MailReason.TOO_LARGE,
    "It is larger than 10 MB and was not read. Ask for it again without what is attached.",
)

_CALENDAR_TYPES: Final = frozenset({"text/calendar", "application/ics", "application/x-ics"})
_RECIPIENT_HEADERS: Final = ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc")
# Only what begins an item is a result: behind it stand words that the sender chose.
_RESULT: Final = re.compile(
    r"\s*(dmarc|spf|dkim)\s*(?:/\s*\d+\s*)?=\s*([a-z]+)(?!\S)", re.IGNORECASE
)
# Some servers name the whole address there.
_OF: Final = re.compile(r"(?<!\S)header\.from\s*=\s*(?:[^\s@]*@)?([^\s@]+)", re.IGNORECASE)
_BULK: Final = frozenset({"bulk", "junk", "auto_reply"})
_CLOSED: Final = "application/x-attached-mail"
_OUTLOOKS_OWN: Final = "It is written in a form that only Outlook reads (winmail.dat)."


class _Part(MimeMessage):
    """A part as Python's parser sees it: an attached mail is one piece, and no header that it has
    to take apart is long. It would open each mail in a mail, and make a part of each block of a
    delivery report; and the work it puts into parameters grows with their square.
    """

    def get(self, name: str, failobj: Any = None) -> Any:
        longest = max(
            (len(said) for key, said in self.raw_items() if key.lower() == name), default=0
        )
        if longest > LONGEST_PART_HEADER:
            raise Unreadable(MailReason.TOO_LARGE, "A part of it has a header that is too long.")
        return super().get(name, failobj)

    def get_content_type(self) -> str:
        found = super().get_content_type()
        return _CLOSED if found.startswith("message/") else found


def read_mail(raw: bytes, *, authserv_id: str = "") -> Mail:
    """What the mail says. Never raises: what cannot be read is a Refusal in its content.

    `authserv_id` names our own receiving server, whose verdict about the sender is believed when
    it stands topmost; blank, nobody's is.
    """
    digest = hashlib.sha256(raw).hexdigest()
    envelope = Envelope()
    try:
        # By themselves first: whose mail it is shall be known of one that is refused, too.
        envelope = _envelope(BytesHeaderParser(policy=compat32).parsebytes(_head(raw)), authserv_id)
        _check_size(raw)
        mime = BytesParser(_Part, policy=compat32).parsebytes(raw)
    except Unreadable as error:
        return Mail(envelope, Refusal(error.reason, error.words), digest=digest)
    except (ValueError, LookupError, RecursionError, TypeError, AttributeError):
        # What Python's own parser trips over is no mail that a calendar program wrote.
        words = "This is not a mail that can be read."
        return Mail(envelope, Refusal(MailReason.MALFORMED, words), digest=digest)
    mail = Mail(envelope, digest=digest)
    try:
        parts = list(_parts(mime))
        mail = replace(mail, text=_text(parts))
        found = _calendar(parts)
    except Unreadable as error:
        return replace(mail, content=Refusal(error.reason, error.words))
    if found is None:
        return mail
    message, text = found
    said = "\n".join([envelope.message_id, envelope.sender, text])
    return replace(mail, content=message, digest=hashlib.sha256(_bytes(said)).hexdigest())


def unread_mail(*, name: str, sender: str = "", subject: str = "", message_id: str = "") -> Mail:
    """A mail that is too large, by what the service that holds it says; `name` is its own there."""
    found = addresses.parse([sender])
    envelope = Envelope(
        message_id=_line(message_id, 255),
        sender=found[0][1] if len(found) == 1 else "",
        subject=_line(addresses.decoded(subject[:LONGEST_SUBJECT]), 200),
    )
    return Mail(envelope, OVERSIZE, digest=hashlib.sha256(_bytes(f"unread {name}")).hexdigest())


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _head(raw: bytes) -> bytes:
    head = re.split(rb"\r?\n\r?\n", raw[: MOST_HEADER_BYTES + 4], maxsplit=1)[0]
    if len(head) > MOST_HEADER_BYTES:
        raise Unreadable(MailReason.TOO_LARGE, "Its headers are longer than 256 kB.")
    return head


def _check_size(raw: bytes) -> None:
    if len(raw) > MOST_BYTES:
        raise Unreadable(OVERSIZE.reason, OVERSIZE.words)
    if raw.count(b"\n") + raw.count(b"\r") > MOST_LINE_ENDS:
        raise Unreadable(MailReason.TOO_LARGE, "It has more lines than are read.")
    if any(len(line) > LONGEST_LINE for line in raw.split(b"\n")):
        raise Unreadable(MailReason.TOO_LARGE, "It has a line longer than 128 kB.")
    lower = raw.lower()
    boundaries = lower.count(b"boundary") + lower.count(b"message/rfc822")
    # A line ends with either sign for Python's parser.
    dashes = lower.count(b"\n--") + lower.count(b"\r--")
    if boundaries > MOST_BOUNDARIES or dashes > MOST_DASHES:
        raise Unreadable(MailReason.TOO_LARGE, "It is made of too many parts.")


def _parts(mime: MimeMessage) -> Iterator[MimeMessage]:
    """The leaves, without what is in an attached mail: a forwarded one speaks for nobody here."""
    waiting, seen = [(mime, 0)], 0
    while waiting:
        part, depth = waiting.pop(0)
        seen += 1
        if seen > MOST_PARTS or depth > DEEPEST:
            raise Unreadable(MailReason.TOO_LARGE, "It is made of too many parts.")
        if part.get_content_type() == _CLOSED:
            continue
        # Asked for the text of a leaf, Python would decode it by whatever codec the mail names.
        if part.is_multipart():
            waiting += [(one, depth + 1) for one in part.get_payload()]  # type: ignore[misc]
        else:
            yield part


def _calendar(parts: list[MimeMessage]) -> tuple[Message, str] | None:
    """The calendar message and its text. Programs send several copies in one mail."""
    found: list[tuple[Message, str]] = []
    trouble: Unreadable | None = None
    calendar_parts = [part for part in parts if _is_calendar(part)]
    if len(calendar_parts) > MOST_CALENDAR_PARTS:
        raise Unreadable(MailReason.TOO_LARGE, "It holds too many calendar files.")
    for part in calendar_parts:
        is_main = part.get_content_type() == "text/calendar"
        try:
            text = _decoded(part, MOST_CALENDAR_BYTES)
            found.append((read_message(text, _param(part, "method") if is_main else ""), text))
        except Unreadable as error:
            # A file beside the message, such as a ticket's, says nothing against the message.
            trouble = error if is_main or trouble is None else trouble
            if is_main:
                raise
    if not found:
        if trouble is not None:
            raise trouble
        if any(part.get_content_type() == "application/ms-tnef" for part in parts):
            raise Unreadable(MailReason.MALFORMED, _OUTLOOKS_OWN)
        return None
    if any(one != found[0][0] for one, _ in found):
        raise Unreadable(MailReason.MISMATCH, "It holds calendar messages that differ.")
    message, text = found[0]
    return message, _canonical_text(text)


def _is_calendar(part: MimeMessage) -> bool:
    if part.get_content_type() in _CALENDAR_TYPES:
        return True
    try:
        name = part.get_filename() or ""
    except (LookupError, ValueError, TypeError):
        name = ""
    return str(name).lower().endswith(".ics")


def _canonical_text(text: str) -> str:
    return re.sub(r"\r\n?", "\n", text).strip()


def _decoded(part: MimeMessage, most: int) -> str:
    """The part's text; a charset that is unknown, or wrong, costs only the letters it broke."""
    try:
        payload = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError, AttributeError):
        payload = None
    if not isinstance(payload, bytes):
        raise Unreadable(MailReason.MALFORMED, "Its calendar part cannot be decoded.")
    if len(payload) > most:
        raise Unreadable(MailReason.TOO_LARGE, "Its calendar part is larger than 512 kB.")
    charset = addresses.known_charset(_param(part, "charset")) or "utf-8"
    # Last, as old programs fold: within a letter (RFC 5545, 3.1).
    whole = re.sub(rb"\r?\n[ \t]", b"", payload) if _is_calendar(part) else payload
    for name, content in ((charset, payload), ("utf-8", payload), ("utf-8", whole)):
        try:
            return content.decode(name)
        except (UnicodeError, LookupError):
            continue
    return payload.decode("utf-8", "replace")


def _param(part: MimeMessage, name: str) -> str:
    try:
        value = part.get_param(name)
    except (LookupError, ValueError, TypeError):
        return ""
    if isinstance(value, tuple):
        value = value[2]
    return str(value or "").strip()[:80]


def _text(parts: list[MimeMessage]) -> str:
    """The beginning of the first plain text that is no file."""
    for part in parts:
        is_plain = part.get_content_type() == "text/plain" and not _is_calendar(part)
        if is_plain and part.get_content_disposition() != "attachment":
            try:
                text = _decoded(part, MOST_BYTES)
            except Unreadable:
                continue
            lines = re.sub(r"\r\n?", "\n", text[: 4 * MOST_TEXT]).split("\n")
            return "\n".join(CONTROLS.sub(" ", line).rstrip() for line in lines).strip()[:MOST_TEXT]
    return ""


def _envelope(mime: MimeMessage, authserv_id: str) -> Envelope:
    # More than one sender, or several From headers, name nobody in particular.
    name, sender = addresses.only_one(_values(mime, "From"))
    recipients = [
        address
        for name in _RECIPIENT_HEADERS
        for _, address in addresses.parse(_values(mime, name)[:10])
        if address
    ]
    return Envelope(
        message_id=_line(_first(mime, "Message-ID"), 255),
        sender=sender,
        sender_name=_line(name, 120),
        recipients=tuple(dict.fromkeys(recipients))[:MOST_RECIPIENTS],
        subject=_line(addresses.decoded(_first(mime, "Subject")[:LONGEST_SUBJECT]), 200),
        is_automatic=_is_automatic(mime),
        verdict=_verdict(_values(mime, "Authentication-Results"), authserv_id, sender),
    )


def _is_automatic(mime: MimeMessage) -> bool:
    """Whether a program wrote it, or nobody would read an answer to it (RFC 3834)."""
    return (
        mime.get_content_type() == "multipart/report"
        or _first(mime, "Auto-Submitted").strip().lower() not in {"", "no"}
        or _first(mime, "Return-Path").strip() == "<>"
        or _first(mime, "Precedence").strip().lower() in _BULK
    )


def _first(mime: MimeMessage, name: str) -> str:
    return "".join(_values(mime, name)[:1])


def _values(mime: MimeMessage, name: str) -> list[str]:
    """The header's values, unfolded; letters beyond ASCII are UTF-8 (RFC 6532)."""
    return [
        re.sub(r"[\r\n]+", " ", value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        for key, value in mime.raw_items()
        if key.lower() == name.lower()
    ]


def _line(text: str, most: int) -> str:
    return " ".join(CONTROLS.sub(" ", text).split())[:most]


def _verdict(values: list[str], authserv_id: str, sender: str) -> Verdict:
    """What our own server wrote, which stands above all that came with the mail (RFC 8601, 5).

    A failure outranks what else it says, and so does what cannot be read of it: a sender's own
    words stand in between, and not every server writes them so that they end where they should.
    What it found of another domain than the sender's says nothing for the sender.
    """
    if not authserv_id or not values:
        return Verdict.UNKNOWN
    said, is_whole = _bare(values[0][:LONGEST_VERDICT])
    server, *items = said.split(";")
    if server.casefold().split()[:1] != [authserv_id.casefold()]:
        return Verdict.UNKNOWN
    found: dict[str, set[str]] = {}
    is_theirs = True
    for item in items:
        if (hit := _RESULT.match(item)) is not None:
            found.setdefault(hit[1].lower(), set()).add(hit[2].lower())
            is_theirs = is_theirs and _is_of(sender, item[hit.end() :])
    is_signed = "pass" in found.get("dkim", ())
    dmarc, is_sent_elsewhere = (
        found.get("dmarc", set()),
        {"fail", "softfail"} & found.get("spf", set()),
    )
    if not is_whole or not is_theirs or len(values[0]) > LONGEST_VERDICT or "fail" in dmarc:
        return Verdict.FAILED
    if "pass" in dmarc:
        return Verdict.PASSED
    return Verdict.FAILED if is_sent_elsewhere and not is_signed else Verdict.UNKNOWN


def _is_of(sender: str, properties: str) -> bool:
    """Whether a result is of the sender's domain, or one above it, as far as it says."""
    domain = sender.rpartition("@")[2]
    named = [addresses.canonical(f"x@{one}").rpartition("@")[2] for one in _OF.findall(properties)]
    return all(one and f".{domain}".endswith(f".{one}") for one in named)


def _bare(value: str) -> tuple[str, bool]:
    """The header without its comments and quoted strings, and whether each of them ends."""
    kept: list[str] = []
    depth, is_quoted, is_escaped = 0, False, False
    for letter in value:
        if is_escaped:
            is_escaped = False
        elif letter == "\\":
            is_escaped = True
        elif is_quoted or (letter == '"' and not depth):
            is_quoted = not is_quoted if letter == '"' else is_quoted
        elif letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
        elif not depth:
            kept.append(letter)
        if depth < 0:
            break
    return "".join(kept), depth == 0 and not is_quoted
