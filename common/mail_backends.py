"""How mails leave: by Resend's API or over SMTP, bounded in time, no trace in logs.

`EMAIL_BACKEND` names one of these. What fails is raised as one of `common.mail_trouble`.
"""

from __future__ import annotations

import smtplib
import time
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin

from anymail.backends.resend import EmailBackend as AnymailResend
from anymail.backends.resend import ResendPayload as AnymailPayload
from anymail.exceptions import AnymailError
from anymail.message import AnymailRecipientStatus
from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend as DjangoSmtp

from common.errors import BadReply, UpstreamError
from common.http import ProviderSession
from common.mail_trouble import MailRefused, MailUnavailable, of_resend, of_smtp
from common.secrets import Secret

if TYPE_CHECKING:
    from django.core.mail import EmailMessage

    from common.http import Answer

# Less than an outbox lease: nobody else begins while this one may still end well.
WHOLE_LIMIT: Final = timedelta(seconds=60)
_ANSWER_LIMIT: Final = 256 * 1024
_UNMAKEABLE: Final = "This mail cannot be sent as it is: an address or a header is not valid."


class _Payload(AnymailPayload):  # type: ignore[misc]  # anymail has no types
    """One mail as Resend takes it; the key that makes a repeat harmless is a header of HTTP."""

    def __init__(self, message: EmailMessage, defaults: Any, backend: Any) -> None:
        key = getattr(message, "idempotency_key", "")
        headers = {"Idempotency-Key": key} if key else {}
        super().__init__(message, defaults, backend, headers=headers)


class ResendBackend(AnymailResend):  # type: ignore[misc]  # anymail has no types
    """Resend's API, through the one door to other services."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("api_key", settings.RESEND_API_KEY)
        kwargs.setdefault("api_url", settings.RESEND_API_URL)
        super().__init__(**kwargs)

    def build_message_payload(self, message: EmailMessage, defaults: Any) -> _Payload:
        return _Payload(message, defaults, self)

    def _send(self, message: EmailMessage) -> bool:
        unmakeable = False
        try:
            return bool(super()._send(message))
        except (AnymailError, ValueError, TypeError):
            # Raised out here: what anymail says holds the address.
            unmakeable = True
        if unmakeable and not self.fail_silently:
            raise MailRefused(_UNMAKEABLE)
        return False

    def post_to_esp(self, payload: _Payload, message: EmailMessage) -> Answer:
        """Post it. Raises UpstreamError, and SaidOtherwise when the key was used before."""
        headers = {k: v for k, v in payload.headers.items() if k != "Authorization"}
        session = ProviderSession(
            "Resend",
            time_limit=timedelta(seconds=settings.EMAIL_TIMEOUT),
            size_limit=_ANSWER_LIMIT,
        )
        url = urljoin(self.api_url, payload.get_api_endpoint())
        token = Secret(self.api_key)
        answer = session.send("POST", url, token=token, json=payload.data, headers=headers)
        if not answer.ok:
            raise of_resend(answer)
        return answer

    def parse_recipient_status(
        self, response: Answer, payload: _Payload, message: EmailMessage
    ) -> dict[str, AnymailRecipientStatus]:
        """Resend's id for the mail. Raises BadReply when there is none."""
        found = response.data.get("id") if isinstance(response.data, dict) else None
        if not isinstance(found, str) or not found:
            raise BadReply("Resend gave an answer that could not be read.")
        status = AnymailRecipientStatus(message_id=found, status="queued")
        return {one.addr_spec: status for one in payload.recipients}


class _Bounded(smtplib.SMTP):
    """A conversation that ends in time, however slowly the other side answers."""

    ends: float | None = None
    is_offered = False

    def connect(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        if self.ends is None:
            self.ends = time.monotonic() + WHOLE_LIMIT.total_seconds()
        return super().connect(*args, **kwargs)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _Replies(self)
        return super().getreply()

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Offer the mail. Servers look at all of it before they answer (RFC 5321, 4.5.3.2.6): who
        does not wait for that sends it again and again.
        """
        self.is_offered = True
        try:
            return super().data(msg)
        finally:
            self.is_offered = False


class _Replies:
    """A server's lines; neither one that comes byte by byte nor many of them last for ever."""

    def __init__(self, talk: _Bounded) -> None:
        assert talk.sock is not None
        self._talk, self._sock, self._read = talk, talk.sock, bytearray()

    def readline(self, most: int) -> bytes:
        """The next line, or what there is of it. Raises TimeoutError when time is over."""
        while b"\n" not in self._read and len(self._read) < most:
            left = (self._talk.ends or 0.0) - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._sock.settimeout(left if self._talk.is_offered else min(self._talk.timeout, left))
            found = self._sock.recv(most)
            if not found:
                break
            self._read += found
        end = min(self._read.find(b"\n") + 1 or len(self._read), most)
        line = bytes(self._read[:end])
        del self._read[:end]
        return line

    def close(self) -> None:
        """The socket is closed by whom it belongs to."""


class _BoundedTls(_Bounded, smtplib.SMTP_SSL):
    """The same, encrypted from the first byte."""


class SmtpBackend(DjangoSmtp):
    """A mail server. What it has taken counts as sent, however the conversation ends."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _BoundedTls if self.use_ssl else _Bounded

    def open(self) -> bool | None:
        trouble: UpstreamError
        try:
            return super().open()
        # Whatever goes wrong before the mail is offered (name, TLS, password) is no word about it.
        except smtplib.SMTPAuthenticationError as error:
            trouble = of_smtp(error)
        except (OSError, UnicodeError):
            trouble = MailUnavailable()
        with suppress(OSError):
            self.close()
        raise trouble

    def _send(self, email_message: EmailMessage) -> bool:
        trouble: UpstreamError
        try:
            return bool(super()._send(email_message))  # type: ignore[misc]  # not in the stubs
        except OSError as error:  # smtplib's own errors, too
            trouble = of_smtp(error)
        except (ValueError, TypeError):
            trouble = MailRefused(_UNMAKEABLE)
        # Raised out here: the server's words hold the address.
        if self.fail_silently:
            return False
        raise trouble

    def _close_connection(self, connection: smtplib.SMTP) -> None:
        try:
            super()._close_connection(connection)  # type: ignore[misc]  # not in the stubs
        except OSError:
            with suppress(OSError):
                connection.close()
