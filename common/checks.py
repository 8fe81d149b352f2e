"""Deploy checks: what must be true of the settings before real people use the installation."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution

from common.webhooks import secret_bytes


@register(Tags.security, deploy=True)
def check_public_url(app_configs: Any, **kwargs: Any) -> list[Error]:
    """The public address must be HTTPS: redirect URIs and mail links are made from it."""
    if settings.PUBLIC_URL.startswith("https://"):
        return []
    return [Error("PUBLIC_URL must begin with https://", id="meridian.E001")]


@register(Tags.security, deploy=True)
def check_demo_off(app_configs: Any, **kwargs: Any) -> list[Error]:
    """The demo's sandbox accounts and mailbox page must not be reachable in production."""
    if not settings.DEMO:
        return []
    return [Error("DEMO must be off in production", id="meridian.E002")]


@register(Tags.security)
def check_token_keys(app_configs: Any, **kwargs: Any) -> list[Error]:
    """Every key of the vault's ring must be 32 bytes of base64, and there must be one."""
    if not settings.TOKEN_KEYS:
        return [Error("TOKEN_KEYS is empty: the token vault has no key", id="meridian.E003")]
    errors = []
    for key_id, encoded in settings.TOKEN_KEYS.items():
        try:
            key = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != 32:
            errors.append(
                Error(f"TOKEN_KEYS: the key named {key_id!r} is not 32 bytes", id="meridian.E004")
            )
    return errors


@register(Tags.security, deploy=True)
def check_broker(app_configs: Any, **kwargs: Any) -> list[Error]:
    """The file broker is for one machine only."""
    if settings.CELERY_BROKER_URL.startswith("filesystem://"):
        return [Error("CELERY_BROKER_URL must name a Redis broker", id="meridian.E005")]
    return []


_KEEPS_MAILS = ("filebased", "console", "locmem", "dummy")


@register(Tags.security, deploy=True)
def check_mail(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Mails have to leave, and what becomes of them has to be heard of."""
    found: list[CheckMessage] = []
    if any(f".{name}." in settings.EMAIL_BACKEND for name in _KEEPS_MAILS):
        found.append(
            Caution(
                "Mails reach nobody: neither RESEND_API_KEY nor EMAIL_URL is set",
                hint="docs/operations.md, Mail",
                id="meridian.W001",
            )
        )
    if settings.RESEND_API_KEY and not settings.RESEND_SIGNING_SECRET:
        found.append(
            Caution(
                "Mails that come back are not heard of: RESEND_SIGNING_SECRET is not set",
                hint="docs/operations.md, Mail",
                id="meridian.W002",
            )
        )
    return found


@register(Tags.security)
def check_mail_secrets(app_configs: Any, **kwargs: Any) -> list[Error]:
    """A secret that is none would leave the address of the events closed without a word."""
    given = [one for one in settings.RESEND_SIGNING_SECRET.split(",") if one.strip()]
    if all(map(secret_bytes, given)):
        return []
    return [
        Error(
            "RESEND_SIGNING_SECRET is not a signing secret: whsec_ and base64",
            id="meridian.E006",
        )
    ]
