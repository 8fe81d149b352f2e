"""Join links: signed, without personal data, and recognised wherever they stand in a text."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.conf import settings
from django.core import signing

from conferencing.enums import LinkKind

if TYPE_CHECKING:
    from collections.abc import Iterator

_SALT: Final = "conferencing.telehealth.join"
_LETTERS: Final = {LinkKind.GUEST: "g", LinkKind.BOOKER: "b", LinkKind.OWNER: "o"}
_KINDS: Final = {letter: kind for kind, letter in _LETTERS.items()}
_SHAPE: Final = r"[\w-]{22}[gbo]\.[\w-]{43}"
_IN_TEXT: Final = re.compile(rf"https?://[^\s<>\"']{{1,200}}?/join/({_SHAPE})(?![\w-])")


@dataclass(frozen=True, slots=True)
class JoinLink:
    """What a link says: which room, and whose hands it was put into."""

    room_id: UUID
    kind: LinkKind


def join_token(room_id: UUID, kind: LinkKind) -> str:
    """The signed part of a link; always the same for the same room and kind."""
    named = base64.urlsafe_b64encode(room_id.bytes).decode().rstrip("=")
    return _signer().sign(named + _LETTERS[kind])


def join_url(room_id: UUID, kind: LinkKind = LinkKind.GUEST) -> str:
    """The whole link."""
    return f"{settings.PUBLIC_URL}/join/{join_token(room_id, kind)}"


def read_token(token: str) -> JoinLink | None:
    """What a token says; None for one that we have not signed."""
    if not re.fullmatch(_SHAPE, token, re.ASCII):
        return None
    try:
        said = _signer().unsign(token)
        return JoinLink(UUID(bytes=base64.urlsafe_b64decode(said[:22] + "==")), _KINDS[said[22]])
    except (signing.BadSignature, ValueError, KeyError):
        return None


def links_in(text: str) -> Iterator[tuple[str, JoinLink]]:
    """The links of ours in a text, at whatever address this installation had, with what they say.

    Only the signature makes one ours.
    """
    if "/join/" not in text:
        return
    for found in _IN_TEXT.finditer(text):
        link = read_token(found.group(1))
        if link is not None:
            yield found.group(0), link


def room_in(*texts: str) -> UUID | None:
    """The room that the texts lead to, if one of them holds a link of ours."""
    return next((link.room_id for text in texts for _, link in links_in(text)), None)


def _signer() -> signing.Signer:
    return _signer_with(settings.SECRET_KEY, tuple(settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=4)
def _signer_with(key: str, fallbacks: tuple[str, ...]) -> signing.Signer:
    return signing.Signer(key=key, fallback_keys=list(fallbacks), salt=_SALT, sep=".")
