"""A mail taken apart: who sent it to whom, and its calendar message. Nothing in it is fetched,
shown or run; HTML is not even looked at.

Everything is bounded before work is put into it, so that no mail costs more than a moment.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32
from typing import TYPE_CHECKING, Final

from booking.enums import MailReason
from booking.itip import addresses
from booking.itip.reading import read_message
from booking.itip.shapes import Envelope, Mail, Message, Refusal, Unreadable, Verdict
from booking.plain import CONTROLS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message as MimeMessage

MOST_BYTES: Final = 10 * 1024 * 1024
LONGEST_LINE: Final = 128 * 1024
MOST_HEADER_BYTES: Final = 256 * 1024
MOST_BOUNDARIES: Final = 40
MOST_DASHES: Final = 4000
MOST_PARTS: Final = 100
DEEPEST: Final = 12
MOST_CALENDAR_PARTS: Final = 6
MOST_CALENDAR_BYTES: Final = 512 * 1024
MOST_TEXT: Final = 2000
MOST_RECIPIENTS: Final = 100

_CALENDAR_TYPES: Final = frozenset({"text/calendar", "application/ics", "application/x-ics"})
_RECIPIENT_HEADERS: Final = ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc")
# Codecs whose work is bounded by what they are given; Python knows others that are not.
_CHARSETS: Final = re.compile(
    r"utf-?8|us-ascii|ascii|iso-?8859-\d{1,2}|latin-?1|windows-125\d|cp125\d|utf-16(le|be)?|koi8-[ru]"
    r"|gb2312|gbk|gb18030|big5|shift[_-]jis|euc-(jp|kr)|iso-2022-jp|macintosh",
    re.IGNORECASE,
)
_RESULT: Final = re.compile(r"\b(dmarc|spf|dkim)\s*=\s*([a-z]+)", re.IGNORECASE)
_COMMENT: Final = re.compile(r"\([^()]*\)")


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
        mime = BytesParser(policy=compat32).parsebytes(raw)
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


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _head(raw: bytes) -> bytes:
    head = re.split(rb"\r?\n\r?\n", raw[: MOST_HEADER_BYTES + 4], maxsplit=1)[0]
    if len(head) > MOST_HEADER_BYTES:
        raise Unreadable(MailReason.TOO_LARGE, "Its headers are longer than 256 kB.")
    return head


def _check_size(raw: bytes) -> None:
    if len(raw) > MOST_BYTES:
        raise Unreadable(MailReason.TOO_LARGE, "It is larger than 10 MB.")
    if any(len(line) > LONGEST_LINE for line in raw.split(b"\n")):
        raise Unreadable(MailReason.TOO_LARGE, "It has a line longer than 128 kB.")
    lower = raw.lower()
    boundaries = lower.count(b"boundary") + lower.count(b"message/rfc822")
    if boundaries > MOST_BOUNDARIES or lower.count(b"\n--") > MOST_DASHES:
        raise Unreadable(MailReason.TOO_LARGE, "It is made of too many parts.")


def _parts(mime: MimeMessage) -> Iterator[MimeMessage]:
    """The leaves, without what is in an attached mail: a forwarded one speaks for nobody here."""
    waiting, seen = [(mime, 0)], 0
    while waiting:
        part, depth = waiting.pop(0)
        seen += 1
        if seen > MOST_PARTS or depth > DEEPEST:
            raise Unreadable(MailReason.TOO_LARGE, "It is made of too many parts.")
        if part.get_content_maintype() == "message":
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
    charset = _param(part, "charset") or "utf-8"
    for name in dict.fromkeys([charset if _CHARSETS.fullmatch(charset) else "utf-8", "utf-8"]):
        try:
            return payload.decode(name)
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
    senders = [one for one in addresses.parse(_values(mime, "From")) if one[1]]
    # More than one sender, or several From headers, name nobody in particular.
    is_one = len(senders) == 1 and len(_values(mime, "From")) == 1
    recipients = [
        address
        for name in _RECIPIENT_HEADERS
        for _, address in addresses.parse(_values(mime, name)[:10])
        if address
    ]
    automatic = "".join(_values(mime, "Auto-Submitted")).strip().lower()
    is_report = mime.get_content_type() == "multipart/report"
    return Envelope(
        message_id=_line(" ".join(_values(mime, "Message-ID")[:1]), 255),
        sender=senders[0][1] if is_one else "",
        sender_name=_line(senders[0][0], 120) if is_one else "",
        recipients=tuple(dict.fromkeys(recipients))[:MOST_RECIPIENTS],
        subject=_line(addresses.decoded(" ".join(_values(mime, "Subject")[:1])), 200),
        is_automatic=is_report or automatic not in {"", "no"},
        verdict=_verdict(_values(mime, "Authentication-Results"), authserv_id),
    )


def _values(mime: MimeMessage, name: str) -> list[str]:
    """The header's values, unfolded; letters beyond ASCII are UTF-8 (RFC 6532)."""
    return [
        re.sub(r"[\r\n]+", " ", value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        for key, value in mime.raw_items()
        if key.lower() == name.lower()
    ]


def _line(text: str, most: int) -> str:
    return " ".join(CONTROLS.sub(" ", text).split())[:most]


def _verdict(values: list[str], authserv_id: str) -> Verdict:
    """What our own server wrote, which stands above all that came with the mail (RFC 8601, 5)."""
    if not authserv_id or not values:
        return Verdict.UNKNOWN
    server, _, results = _COMMENT.sub(" ", values[0][:8192]).partition(";")
    if server.split()[:1] != [authserv_id]:
        return Verdict.UNKNOWN
    said: dict[str, set[str]] = {}
    for name, result in _RESULT.findall(results):
        said.setdefault(name.lower(), set()).add(result.lower())
    if "pass" in said.get("dmarc", ()):
        return Verdict.PASSED
    is_signed = "pass" in said.get("dkim", ())
    if "fail" in said.get("dmarc", ()) or (
        {"fail", "softfail"} & said.get("spf", set()) and not is_signed
    ):
        return Verdict.FAILED
    return Verdict.UNKNOWN
