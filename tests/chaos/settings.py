"""Settings of the chaos test's processes: the product's own, with a mail server that is killed."""

from __future__ import annotations

import os

from tests.settings import *  # noqa: F403
from tests.settings import CELERY_BEAT_SCHEDULE

if os.environ["CHAOS_MAIL"] == "smtp":
    EMAIL_BACKEND = "common.mail_backends.SmtpBackend"
    EMAIL_HOST, EMAIL_PORT = "127.0.0.1", int(os.environ["CHAOS_MAIL_PORT"])
else:
    EMAIL_BACKEND = "common.mail_backends.ResendBackend"
EMAIL_TIMEOUT = 5
# Found every second, so that the test is not mostly waiting.
CELERY_BEAT_SCHEDULE = {
    "sweep-outbox": {**CELERY_BEAT_SCHEDULE["sweep-outbox"], "schedule": 1.0},
}
