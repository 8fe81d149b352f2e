"""The mail addresses of ours that calendars answer to: one for each meeting, one for each owner.

Each is made of a row's id and a keyed hash of it, so that nobody can guess one, none has to be
stored, and none is found by looking through others. Small letters and digits alone: servers on
the way may fold the case of an address.
"""

from __future__ import annotations

import base64
import hmac
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.conf import settings
from django.utils.crypto import salted_hmac

from booking.itip.addresses import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable

_SALT: Final = "booking.inbound"
_BYTES: Final = 16
_LENGTH: Final = 26
_TOKEN = re.compile(r"(reply|invite)\+([a-z2-7]{26})([a-z2-7]{26})")


class Kind(StrEnum):
    """What an address is for; it begins with this word."""

    REPLY = "reply"
    INVITE = "invite"


@dataclass(frozen=True, slots=True)
class Inbound:
    """An address of ours: whose it is, by the id of the meeting or of the InviteAddress."""

    kind: Kind
    row_id: UUID


def is_on() -> bool:
    """Whether mail comes in here at all."""
    return bool(settings.INBOUND_DOMAIN)


def reply_address(meeting_id: UUID) -> str:
    """Where calendars send the answers to a meeting; blank where no mail comes in."""
    return _address(Kind.REPLY, meeting_id) if is_on() else ""


def invite_address(address_id: UUID) -> str:
    """Where others invite an owner; blank where no mail comes in."""
    return _address(Kind.INVITE, address_id) if is_on() else ""


def is_ours(email: str) -> bool:
    """Whether the address is one of the domain whose mail comes in here."""
    return is_on() and canonical(email).rpartition("@")[2] == settings.INBOUND_DOMAIN


def read_address(email: str) -> Inbound | None:
    """Whose address it is; None for one that was never given out."""
    local, _, domain = canonical(email).rpartition("@")
    hit = _TOKEN.fullmatch(local)
    if hit is None or not is_on() or domain != settings.INBOUND_DOMAIN:
        return None
    row_id = _unpacked(hit[2])
    if row_id is None or _packed(row_id.bytes) != hit[2]:
        return None
    kind = Kind(hit[1])
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    # Each is compared, so that the time it takes says nothing.
    is_right = [hmac.compare_digest(_mark(kind, row_id, key), hit[3]) for key in keys]
    return Inbound(kind, row_id) if any(is_right) else None


def ours_among(emails: Iterable[str]) -> list[str]:
    """The addresses of the domain among these, each once."""
    return list(dict.fromkeys(canonical(one) for one in emails if is_ours(one)))


def _address(kind: Kind, row_id: UUID) -> str:
    mark = _mark(kind, row_id, settings.SECRET_KEY)
    return f"{kind}+{_packed(row_id.bytes)}{mark}@{settings.INBOUND_DOMAIN}"


def _mark(kind: Kind, row_id: UUID, key: str) -> str:
    digest = salted_hmac(_SALT, f"{kind}:{row_id}", secret=key, algorithm="sha256").digest()
    return _packed(digest[:_BYTES])


def _packed(content: bytes) -> str:
    return base64.b32encode(content).decode().rstrip("=").lower()


def _unpacked(text: str) -> UUID | None:
    try:
        return UUID(bytes=base64.b32decode(text.upper() + "=" * (-_LENGTH % 8)))
    except ValueError:
        return None
