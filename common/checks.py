"""Deploy checks: what must be true of the settings before real people use the installation."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django.conf import settings
from django.core.checks import Error, Tags, register


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
