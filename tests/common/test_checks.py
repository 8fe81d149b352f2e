"""What `check` says of the settings for mails."""

from __future__ import annotations

import pytest

from common.checks import check_mail, check_mail_secrets
from sandbox.server.resend.access import SIGNING_SECRET

RESEND, SMTP = "common.mail_backends.ResendBackend", "common.mail_backends.SmtpBackend"


@pytest.mark.parametrize(
    ("backend", "key", "secret", "ids"),
    [
        (RESEND, "re_1", SIGNING_SECRET, []),
        (RESEND, "re_1", "", ["meridian.W002"]),
        (SMTP, "", "", []),
        ("django.core.mail.backends.filebased.EmailBackend", "", "", ["meridian.W001"]),
        ("django.core.mail.backends.console.EmailBackend", "", "", ["meridian.W001"]),
    ],
)
def test_mail_that_reaches_nobody_or_is_not_heard_of(settings, backend, key, secret, ids):
    settings.EMAIL_BACKEND, settings.RESEND_API_KEY = backend, key
    settings.RESEND_SIGNING_SECRET = secret
    assert [one.id for one in check_mail(None)] == ids


@pytest.mark.parametrize(
    ("secret", "is_good"),
    [
        ("", True),
        (SIGNING_SECRET, True),
        (f"{SIGNING_SECRET}, {SIGNING_SECRET}", True),
        ("whsec_", False),
        ("re_123", False),
        (f"{SIGNING_SECRET},short", False),
    ],
)
def test_signing_secret_that_is_none(settings, secret, is_good):
    settings.RESEND_SIGNING_SECRET = secret
    assert (check_mail_secrets(None) == []) is is_good


def test_settings_read_the_mail_transport_from_the_environment():
    import os
    import subprocess
    import sys

    def backend(**given):
        code = "from config import settings as s; print(s.EMAIL_BACKEND)"
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("RESEND", "EMAIL"))}
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**environment, **given},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    assert backend(RESEND_API_KEY="re_1") == RESEND
    assert backend(EMAIL_URL="smtp+tls://a:b@smtp.example:587") == SMTP
    assert backend(EMAIL_URL="smtp+ssl://a:b@smtp.example:465") == SMTP
    assert backend().endswith("filebased.EmailBackend")
