"""The form of a mail: what each reader's program has to find in it, and where."""

from __future__ import annotations

import copy
import hashlib
import re
from email.header import Header
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.utils import formataddr
from typing import TYPE_CHECKING, Any, Final

from django.core.mail import EmailMultiAlternatives
from django.utils.crypto import salted_hmac

if TYPE_CHECKING:
    from email.message import Message

_SALT = "common.mail"
# Of 75 characters at most; Python's own count is one too many.
_LONGEST_WORD: Final = 74
_BLANK_LINES = re.compile(r"[ \t]*\n(?:[ \t]*\n)+")


class Letter(EmailMultiAlternatives):
    """A mail to one reader. A calendar file attached as a `MIMEText` is put where programs look.

    As a message of its own (SMTP) the file stands beside text and HTML, with its method, where
    programs that offer to answer look for it (RFC 6047, 2.4); and once more as an attachment, for
    those who save it. A service that takes the parts one by one (Resend) gets it as an attachment
    alone, method included. `idempotency_key` is for receivers that drop repeats; it is no header.
    """

    idempotency_key = ""
    # What anymail passes on to the service as it is.
    esp_extra: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.body = tidy(str(self.body))

    def message(self, *args: Any, **kwargs: Any) -> Any:
        """The whole mail in MIME."""
        made = super().message(*args, **kwargs)
        del made["Subject"]
        made["Subject"] = in_words(str(self.subject))
        if made.get_content_type() == "multipart/mixed":
            parts: list[Message] = made.get_payload()  # type: ignore[assignment]
            for place, part in enumerate(parts):
                if is_calendar(part):
                    parts[0] = _with_beside(parts[0], part)
                    parts[place] = _as_plain_file(part)
        return made

    def digest(self) -> str:
        """A keyed hash of everything its reader sees, the same for the same mail made anew."""
        seen = salted_hmac(_SALT, "", algorithm="sha256")
        head = [self.subject, self.from_email, *self.to, *self.reply_to]
        bodies = [self.body, *(str(text) for one in self.alternatives for text in one)]
        for piece in (*head, *bodies, *map(_content_of, self.attachments)):
            data = piece if isinstance(piece, bytes) else piece.encode("utf-8", "surrogatepass")
            seen.update(hashlib.sha256(data).digest())
        return seen.hexdigest()


def tidy(text: str) -> str:
    """What templates make of plain text, with one blank line where they leave several."""
    return f"{_BLANK_LINES.sub(chr(10) * 2, text).strip()}\n"


def named(name: str, address: str) -> str:
    """A name with its address for a header; `name` is one line."""
    if name.isascii():
        return formataddr((name, address))
    return f"{in_words(name)} <{address}>"


def in_words(text: str) -> str:
    """One line of text for a header: as it is, or in words as long as programs read (RFC 2047, 2)
    where it is not ASCII.
    """
    if text.isascii():
        return text
    return Header(text, "utf-8", maxlinelen=_LONGEST_WORD).encode(linesep="")


def is_calendar(part: Message) -> bool:
    """Whether it is an iTIP message."""
    return part.get_content_type() == "text/calendar" and bool(part.get_param("method"))


def _with_beside(text: Message, part: Message) -> Message:
    """The text, or its alternatives, with the file as one more of them."""
    answerable = copy.deepcopy(part)
    del answerable["Content-Disposition"]
    if text.get_content_type() != "multipart/alternative":
        return MIMEMultipart("alternative", _subparts=[text, answerable])
    text.attach(answerable)
    return text


def _as_plain_file(part: Message) -> Message:
    """Two parts that both ask to be answered would be two invitations to some programs."""
    file = copy.deepcopy(part)
    file.set_type("application/ics")
    file.del_param("method")
    file.del_param("charset")
    file.set_param("name", file.get_filename() or "invite.ics")
    return file


def _content_of(attachment: Any) -> bytes:
    if isinstance(attachment, MIMEBase):
        return bytes(attachment.get_payload(decode=True) or b"") + str(attachment.items()).encode()
    return repr(tuple(attachment)).encode()
