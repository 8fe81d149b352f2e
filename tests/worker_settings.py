"""The suite's settings for a worker in a process of its own: its mails go into files."""

from __future__ import annotations

import os

from tests.settings import *  # noqa: F403

EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = os.environ["WORKER_MAIL_PATH"]
