"""Whether what a service sent to us is from that service, new, and of a size to be read.

Resend signs by Svix: https://docs.svix.com/receiving/verifying-payloads/how-manual
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from common.errors import DomainError, NotFound
from common.models import SeenEvent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.http import HttpRequest

SIZE_LIMIT: Final = 256 * 1024
# Svix's own tolerance, for a copy that somebody kept and for clocks that differ.
TOLERANCE: Final = timedelta(minutes=5)
_SHORTEST_SECRET: Final = 16


class NotSigned(DomainError):
    """Nobody who knows the secret sent this, or not now."""

    code = "not_signed"
    status = 401
    default_message = "This is not signed by the service."


class TooLarge(DomainError):
    """It is not read."""

    code = "too_large"
    status = 413
    default_message = "This is too large."


class NotReadable(DomainError):
    """It is signed and makes no sense."""

    code = "not_readable"
    status = 400
    default_message = "This cannot be read."


@dataclass(frozen=True, slots=True)
class SignedEvent:
    """An event and the id it has however often it is sent."""

    event_id: str
    kind: str
    at: datetime
    data: dict[str, Any]


def secret_bytes(secret: str) -> bytes:
    """The key in a Svix secret; empty when it is none."""
    try:
        key = base64.b64decode(secret.strip().removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return b""
    return key if len(key) >= _SHORTEST_SECRET else b""


def read_event(
    request: HttpRequest, *, secrets: Sequence[str], now: datetime, size_limit: int = SIZE_LIMIT
) -> SignedEvent:
    """The event in the request, signed with one of the secrets within five minutes from now.

    Raises NotFound when there is no usable secret (the address then does not exist), TooLarge,
    NotSigned, NotReadable. Nothing is read of a body before its size is known to be small.
    """
    keys = [key for key in map(secret_bytes, secrets) if key]
    if not keys:
        raise NotFound
    length = request.META.get("CONTENT_LENGTH") or ""
    # One of unknown length is not read either: nobody who signs sends one.
    if not length.isdigit() or int(length) > size_limit:
        raise TooLarge
    body = request.body
    event_id = _verified(request.headers, body, keys=keys, now=now)
    try:
        found = json.loads(body)
        kind, data = found["type"], found["data"]
        at = _moment(found.get("created_at")) or now
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        raise NotReadable from None
    if not isinstance(kind, str) or not isinstance(data, dict):
        raise NotReadable
    return SignedEvent(event_id, kind[:64], min(at, now), data)


def is_new(event: SignedEvent, *, now: datetime) -> bool:
    """Whether the event was not seen before; call it within the transaction that acts on it."""
    _seen, is_first = SeenEvent.objects.get_or_create(
        event_id=event.event_id, defaults={"seen_at": now}
    )
    return is_first


def _verified(
    headers: Mapping[str, str], body: bytes, *, keys: Sequence[bytes], now: datetime
) -> str:
    event_id, stamp = headers.get("svix-id", ""), headers.get("svix-timestamp", "")
    given = headers.get("svix-signature", "")
    if not 0 < len(event_id) <= 128 or not stamp.isascii() or not stamp.isdigit():
        raise NotSigned
    # In seconds: not every number that may be sent is a moment of the calendar.
    if len(stamp) > 12 or abs(int(stamp) - now.timestamp()) > TOLERANCE.total_seconds():
        raise NotSigned("This was signed too long ago, or the clocks differ.")
    signed = f"{event_id}.{stamp}.".encode() + body
    marks = [base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()) for key in keys]
    # Several while a secret is being replaced, on either side.
    offered = [part[3:].encode() for part in given[:2000].split(" ") if part.startswith("v1,")]
    if not any(hmac.compare_digest(mark, one) for mark in marks for one in offered):
        raise NotSigned
    return event_id


def _moment(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    moment = datetime.fromisoformat(text)
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:  # its zone leads out of the calendar
        return None
