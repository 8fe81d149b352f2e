"""Reading of environment values that a library has no parser for."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
