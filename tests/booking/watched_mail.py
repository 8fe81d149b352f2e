"""A mail server at whose moment of taking a mail something else happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.mail.backends.locmem import EmailBackend

on_sending: Callable[[Any], None] | None = None


class Backend(EmailBackend):
    """Keeps mails as Django's test backend does, once `on_sending` has been called with them."""

    def send_messages(self, messages):
        for message in messages:
            if on_sending is not None:
                on_sending(message)
        return super().send_messages(messages)
