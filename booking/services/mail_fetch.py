"""Mails that a service received for us: it says that one came, a worker fetches it.

https://resend.com/docs/dashboard/receiving/introduction
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.utils import timezone

from booking.enums import MessageKind
from booking.itip.post import MOST_BYTES, unread_mail
from booking.services.incoming import take_in, take_unread
from common import fetch_guard, outbox
from common.errors import (
    BadReply,
    Conflict,
    InvalidInput,
    RateLimited,
    TooLarge,
    UpstreamUnavailable,
)
from common.http import ProviderSession
from common.secrets import Secret

if TYPE_CHECKING:
    from common.http import Answer
    from common.models import OutboxMessage

LABEL: Final = "Resend"
_BUSY: Final = "Somebody was changing what it is about at that moment."
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_API_LIMIT: Final = timedelta(seconds=10)
_DOWNLOAD_LIMIT: Final = timedelta(seconds=30)
# An answer may repeat text and HTML, which are not read.
_API_SIZE: Final = 16 * 1024 * 1024
_MOST_RECIPIENTS: Final = 100
# Its coming may be told before every server there knows of it.
_APPEARS_WITHIN: Final = timedelta(hours=1)


def expect_mail(email_id: str) -> None:
    """Have the mail of that id fetched, once, however often its coming is told.

    Raises InvalidInput for what is no id.
    """
    if not _ID.fullmatch(email_id):
        raise InvalidInput("email_id", "This is not the id of a mail.")
    outbox.enqueue(
        kind=MessageKind.MAIL_FETCH,
        payload={"email_id": email_id},
        dedupe_key=f"mail:fetch:{email_id}",
    )


def handle_mail_fetch(message: OutboxMessage) -> None:
    """The outbox's handler for `booking.mail_fetch`. Raises UpstreamError."""
    email_id = message.payload["email_id"]
    url = urljoin(_api(), f"emails/receiving/{email_id}")
    session = ProviderSession(LABEL, time_limit=_API_LIMIT, size_limit=_API_SIZE)
    told: dict[str, Any] = {}
    raw: bytes | None = None
    # A mail that is too large will be the next time, too: whom it was for is told at once.
    with suppress(TooLarge):
        answer = session.send("GET", url, token=Secret(settings.RESEND_API_KEY))
        if answer.status == 404:
            if timezone.now() < message.created_at + _APPEARS_WITHIN:
                raise UpstreamUnavailable(f"{LABEL} does not hold this mail yet.")
            return  # deleted there, or kept no longer
        _check(answer)
        told = answer.data if isinstance(answer.data, dict) else {}
        raw = _download(_raw_address(told))
    try:
        _take(raw, told, email_id)
    except Conflict as error:
        # The service tells of a mail once: given up here, it would be lost.
        raise UpstreamUnavailable(_BUSY) from error


def _take(raw: bytes | None, told: dict[str, Any], email_id: str) -> None:
    recipients, now = _recipients(told), timezone.now()
    if raw is not None:
        take_in(raw=raw, recipients=recipients, now=now)
        return
    said = {name: _text(told.get(name)) for name in ("from", "subject", "message_id")}
    mail = unread_mail(
        name=email_id,
        sender=said["from"],
        subject=said["subject"],
        message_id=said["message_id"],
    )
    take_unread(mail=mail, recipients=recipients, now=now)


def _api() -> str:
    return f"{settings.RESEND_API_URL.rstrip('/')}/"


def _check(answer: Answer) -> None:
    if answer.status == 429:
        raise RateLimited(f"{LABEL} asks to wait.", retry_after=answer.retry_after)
    if answer.status in {401, 403}:
        raise UpstreamUnavailable(
            f"{LABEL} does not let this key read received mails. The mail waits there until an "
            "operator has put the key right."
        )
    if not answer.ok:
        raise UpstreamUnavailable(f"{LABEL} answered {answer.status}.")


def _raw_address(told: dict[str, Any]) -> str:
    raw = told.get("raw")
    address = raw.get("download_url") if isinstance(raw, dict) else None
    if not isinstance(address, str) or not address:
        raise BadReply(f"{LABEL} did not say where the mail can be read.")
    return address


def _recipients(told: dict[str, Any]) -> list[str]:
    found = [one for name in ("to", "cc", "bcc") for one in _texts(told.get(name))]
    return [re.sub(r"^.*<([^<>]*)>\s*$", r"\1", one[:1000]) for one in found[:_MOST_RECIPIENTS]]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _download(address: str) -> bytes:
    """The mail itself, from an address that the answer named: any public host's, or the API's own.

    Raises UpstreamError.
    """
    if _origin(address) == _origin(_api()):
        session = ProviderSession(LABEL, time_limit=_DOWNLOAD_LIMIT, size_limit=MOST_BYTES)
        return session.read(address)
    return fetch_guard.fetch(Secret(address), time_limit=_DOWNLOAD_LIMIT, size_limit=MOST_BYTES)


def _origin(address: str) -> tuple[str, str]:
    try:
        parts = urlsplit(address)
    except ValueError:
        raise BadReply(f"{LABEL} did not say where the mail can be read.") from None
    return parts.scheme.lower(), parts.netloc.lower()
