"""AES-256-GCM with a ring of named keys. Pure: keys come in, bytes go out.

A sealed value is: version (1 byte), length of the key's name (1 byte), the name, a 96-bit random
nonce, ciphertext with its 128-bit tag (NIST SP 800-38D). What it belongs to is bound as associated
data, so a value copied to another row does not open.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = 1
_NONCE = 12


class Unreadable(Exception):
    """The value does not open: wrong key, wrong place, or changed bytes."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by name. The active one seals, every one opens."""

    active: str
    keys: Mapping[str, bytes]

    @classmethod
    def from_settings(cls, encoded: Mapping[str, str]) -> KeyRing:
        """A ring from base64 keys, the first one active. Raises ValueError when there is none."""
        keys = {name: base64.b64decode(key) for name, key in encoded.items()}
        if not keys:
            raise ValueError("TOKEN_KEYS is empty")
        return cls(active=next(iter(keys)), keys=keys)

    def seal(self, plain: bytes, bound_to: str) -> bytes:
        """Seal with the active key. `bound_to` names the place the value belongs to."""
        nonce = os.urandom(_NONCE)
        name = self.active.encode()
        sealed = AESGCM(self.keys[self.active]).encrypt(nonce, plain, bound_to.encode())
        return bytes([VERSION, len(name)]) + name + nonce + sealed

    def unseal(self, sealed: bytes, bound_to: str) -> bytes:
        """Open what was sealed for this place. Raises Unreadable."""
        if len(sealed) < 2 or sealed[0] != VERSION:
            raise Unreadable("not a sealed value of this version")
        until = 2 + sealed[1]
        key = self.keys.get(sealed[2:until].decode("utf-8", "replace"))
        if key is None:
            raise Unreadable("sealed with a key that is not on the ring")
        nonce, cipher = sealed[until : until + _NONCE], sealed[until + _NONCE :]
        try:
            return AESGCM(key).decrypt(nonce, cipher, bound_to.encode())
        except (InvalidTag, ValueError):
            raise Unreadable("it does not open here") from None


def place(workspace_id: object, row_id: object, provider: str, field: str) -> str:
    """The associated data of one field of one connection."""
    return f"{VERSION}|{workspace_id}|{row_id}|{provider}|{field}"
