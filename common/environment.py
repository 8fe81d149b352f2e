"""Reading of environment values that a library has no parser for."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable


def parse_keys(entries: Iterable[str]) -> dict[str, str]:
    """`["2026a:base64", …]` as an ordered mapping. Raises ValueError for a nameless entry."""
    keys: dict[str, str] = {}
    for entry in entries:
        name, colon, key = entry.strip().partition(":")
        if not (name and colon and key):
            raise ValueError("TOKEN_KEYS: each entry is a name, a colon and a base64 key")
        keys[name] = key
    return keys


def origin_of(address: str) -> str:
    """Scheme, host and port of an address of the web; blank when it is none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    is_web = parts.scheme in {"http", "https"} and bool(parts.netloc)
    return f"{parts.scheme}://{parts.netloc}" if is_web else ""
