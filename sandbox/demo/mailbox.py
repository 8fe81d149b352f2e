"""The demo's mailbox: every mail as its reader would get it, read from the stand-in of Resend."""

from __future__ import annotations

import base64
import email
import email.policy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings

from common.http import ProviderSession

if TYPE_CHECKING:
    from email.message import EmailMessage as Mail

_BECAME: Final = {
    "bounced": "came back",
    "complained": "was reported as spam",
    "delivery_delayed": "is delayed",
    "suppressed": "was not sent: the address had bounced before",
    "failed": "could not be sent",
}


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file of a mail."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class KeptMail:
    """One mail as it was sent, and what became of it."""

    key: str
    sent_at: datetime
    mail: Mail
    trouble: str = ""

    def header(self, name: str) -> str:
        """A header in plain words."""
        return str(self.mail.get(name, ""))

    @property
    def sender(self) -> str:
        return self.header("From")

    @property
    def to(self) -> str:
        return self.header("To")

    @property
    def subject(self) -> str:
        return self.header("Subject")

    @property
    def text(self) -> str:
        """The plain-text body."""
        return self._body("plain")

    @property
    def html(self) -> str:
        """The HTML body, blank when there is none."""
        return self._body("html")

    def _body(self, kind: str) -> str:
        part: Any = self.mail.get_body(preferencelist=(kind,))
        return str(part.get_content()) if part is not None else ""

    @property
    def attachments(self) -> list[Attachment]:
        """Every file that came with it."""
        return [
            Attachment(
                name=part.get_filename() or "file",
                content_type=str(part.get("Content-Type", "")),
                content=bytes(part.get_payload(decode=True) or b""),
            )
            for part in self.mail.iter_attachments()
        ]


def _asked(path: str) -> Any:
    """What the sandbox answers; None where it has no such thing. Raises UpstreamUnavailable."""
    session = ProviderSession("The sandbox", time_limit=timedelta(seconds=5))
    answer = session.send("GET", f"{settings.SANDBOX_URL}/control/resend/{path}")
    return answer.data if answer.ok else None


def _read(line: dict[str, str]) -> KeptMail:
    mail = email.message_from_bytes(base64.b64decode(line["raw"]), policy=email.policy.default)
    return KeptMail(
        key=line["id"],
        sent_at=datetime.fromisoformat(line["at"]),
        mail=mail,
        trouble=_BECAME.get(line["last_event"], ""),
    )


def all_mails() -> list[KeptMail]:
    """The latest mails, newest first. Raises UpstreamUnavailable while the sandbox is down."""
    answer = _asked("mails")
    return [_read(line) for line in answer["mails"]] if answer else []


def mail_of(key: str) -> KeptMail | None:
    """The mail of that key, if there is one. Raises UpstreamUnavailable."""
    line = _asked(f"mails/{key}")
    return _read(line) if line else None
