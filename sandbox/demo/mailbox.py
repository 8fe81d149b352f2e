"""The demo's mailbox: every mail becomes one .eml file, read back by the demo's pages."""

from __future__ import annotations

import email
import email.policy
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from email.message import EmailMessage as Mail
    from pathlib import Path

    from django.core.mail import EmailMessage


class EmailBackend(BaseEmailBackend):
    """Keeps mails instead of sending them."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        settings.MAILBOX.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            name = f"{timezone.now():%Y%m%d-%H%M%S-%f}-{uuid.uuid4().hex[:8]}"
            unfinished = settings.MAILBOX / f"{name}.part"
            unfinished.write_bytes(message.message().as_bytes())
            unfinished.rename(settings.MAILBOX / f"{name}.eml")
        return len(email_messages)


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file of a mail."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class KeptMail:
    """One mail as it was sent."""

    key: str
    sent_at: datetime
    mail: Mail

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


def _read(path: Path) -> KeptMail:
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    sent_at = datetime.strptime(path.stem[:22], "%Y%m%d-%H%M%S-%f").replace(tzinfo=UTC)
    return KeptMail(key=path.stem, sent_at=sent_at, mail=mail)


def all_mails() -> list[KeptMail]:
    """Every kept mail, newest first."""
    if not settings.MAILBOX.exists():
        return []
    return [_read(path) for path in sorted(settings.MAILBOX.glob("*.eml"), reverse=True)]


def mail_of(key: str) -> KeptMail | None:
    """The mail of that key, if there is one."""
    path = settings.MAILBOX / f"{key}.eml"
    return _read(path) if path.exists() else None
