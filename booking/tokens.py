"""Tokens of the public pages: the form's, and the one that opens a meeting. Pure but for the key.

The form's token is signed and names its link, so that one made for another link is refused; its
nonce is the idempotency key and its age the timing check. The manage token is derived from the
meeting's id, so that a repeated submit and a mail sent later can name it although only its hash
is stored. The code that proves an address is derived too, and stored nowhere.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext, gettext_noop

from common.errors import InvalidInput

if TYPE_CHECKING:
    from uuid import UUID

FORM_LIFE = timedelta(hours=12)
_FORM_SALT = "booking.form"
_MANAGE_SALT = "booking.manage"
_CODE_SALT = "booking.code"
CODE_DIGITS = 6
_STALE = gettext_noop(
    "This form was open too long. Your details are kept: press the button once more."
)


@dataclass(frozen=True, slots=True)
class FormToken:
    """A form that was handed out: for which link, and when."""

    nonce: str
    issued_at: datetime

    def age(self, now: datetime) -> timedelta:
        return now - self.issued_at


def issue_form_token(link_id: UUID, now: datetime) -> str:
    """A signed token for one form of one link."""
    content = [str(link_id), secrets.token_urlsafe(18), int(now.timestamp() * 1000)]
    return Signer(salt=_FORM_SALT).sign_object(content)


def read_form_token(token: str, link_id: UUID, now: datetime) -> FormToken:
    """What the token says. Raises InvalidInput for one that is forged, foreign or too old."""
    try:
        named, nonce, issued = Signer(salt=_FORM_SALT).unsign_object(token)
        issued_at = datetime.fromtimestamp(issued / 1000, tz=UTC)
    except (BadSignature, ValueError, TypeError, OverflowError):
        raise InvalidInput("form", gettext(_STALE)) from None
    if named != str(link_id) or not timedelta(seconds=-5) <= now - issued_at <= FORM_LIFE:
        raise InvalidInput("form", gettext(_STALE))
    return FormToken(nonce=str(nonce), issued_at=issued_at)


def submit_key(link_id: UUID, scope: str, nonce: str) -> str:
    """The idempotency key of one submit: unique per link and kind of caller, 64 hex digits."""
    return hashlib.sha256(f"{link_id}\n{scope}\n{nonce}".encode()).hexdigest()


def manage_token(meeting_id: UUID, token_hash: str = "") -> str:
    """The token that opens a meeting. With its hash, also one made under an older secret key."""
    current = _derive(meeting_id, settings.SECRET_KEY)
    if token_hash and not hmac.compare_digest(hash_manage_token(current), token_hash):
        for key in settings.SECRET_KEY_FALLBACKS:
            older = _derive(meeting_id, key)
            if hmac.compare_digest(hash_manage_token(older), token_hash):
                return older
    return current


def hash_manage_token(token: str) -> str:
    """What is stored of it. A plain hash suffices: the token has 256 bits."""
    return hashlib.sha256(token.encode()).hexdigest()


def email_code(check_id: UUID, turn: int) -> str:
    """The six digits that a mail carries, so that no task and no table has to."""
    return _code(check_id, turn, settings.SECRET_KEY)


def is_email_code(typed: str, check_id: UUID, turn: int) -> bool:
    """Whether somebody typed those digits, also of a mail sent under an older secret key."""
    return any(
        hmac.compare_digest(typed.encode(), _code(check_id, turn, key).encode())
        for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    )


def _code(check_id: UUID, turn: int, key: str) -> str:
    digest = salted_hmac(_CODE_SALT, f"{check_id}:{turn}", secret=key, algorithm="sha256").digest()
    return f"{int.from_bytes(digest) % 10**CODE_DIGITS:0{CODE_DIGITS}}"


def _derive(meeting_id: UUID, key: str) -> str:
    digest = salted_hmac(_MANAGE_SALT, str(meeting_id), secret=key, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
