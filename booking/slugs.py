"""What an address below `/book/` may look like: pure rules for links and owners' pages alike."""

from __future__ import annotations

import re

from booking.enums import RESERVED_SLUGS
from common.errors import InvalidInput

MAX_SLUG = 60
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])", re.ASCII)
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l"})


def likeness(slug: str) -> str:
    """What is left of an address once signs that are hard to tell apart are made the same.

    Two addresses of one likeness cannot both be had: one would pass for the other.
    """
    return slug.lower().translate(_ALIKE).replace("rn", "m").replace("vv", "w")


_RESERVED = frozenset(likeness(word).replace("-", "") for word in RESERVED_SLUGS)


def clean_slug(raw: str, field: str = "slug") -> str:
    """The address in small letters. Raises InvalidInput naming the field.

    Letters outside ASCII are refused, because many pass for others.
    """
    slug = raw.strip().lower()
    if not _SLUG.fullmatch(slug):
        raise InvalidInput(
            field, "Use 2 to 60 small letters, digits and hyphens, for example intro-call."
        )
    if is_reserved(slug):
        raise InvalidInput(field, "This address is reserved. Choose another.")
    return slug


def is_reserved(slug: str) -> bool:
    """Whether the address is a reserved word, or passes for one."""
    return likeness(slug).replace("-", "") in _RESERVED


def slug_of(words: str) -> str:
    """An address made of the words, valid and not reserved; maybe taken."""
    stem = _NOT_SLUG.sub("-", words.lower()).strip("-")[:50].strip("-")
    if len(stem) < 2 or is_reserved(stem):
        stem = f"{stem}-call".strip("-")
    return stem
