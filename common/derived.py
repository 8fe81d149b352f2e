"""Tokens that are derived from a row's id, so that a mail sent later can name what is only kept as
a hash. 256 bits, of the installation's secret key.
"""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.crypto import salted_hmac

from common.secrets import hash_token

if TYPE_CHECKING:
    from uuid import UUID


def derived_token(salt: str, row_id: UUID, token_hash: str = "") -> str:
    """The token of a row. With its stored hash, also one made under an older secret key."""
    current = _derive(salt, row_id, settings.SECRET_KEY)
    if token_hash and not _is(current, token_hash):
        for key in settings.SECRET_KEY_FALLBACKS:
            older = _derive(salt, row_id, key)
            if _is(older, token_hash):
                return older
    return current


def _is(token: str, token_hash: str) -> bool:
    return hmac.compare_digest(hash_token(token), token_hash)


def _derive(salt: str, row_id: UUID, key: str) -> str:
    digest = salted_hmac(salt, str(row_id), secret=key, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
