"""A mail server that refuses some receivers."""

from __future__ import annotations

from smtplib import SMTPServerDisconnected

from django.core.mail.backends.locmem import EmailBackend

refuse: list[str] = []


class Backend(EmailBackend):
    """Keeps mails as Django's test backend does, but for those to `refuse`."""

    def send_messages(self, messages):
        for message in messages:
            if set(message.to) & set(refuse):
                raise SMTPServerDisconnected("connection lost")
        return super().send_messages(messages)
