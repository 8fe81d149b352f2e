"""Settings of the bench: those of the suite, but commits are on disk and files are collected."""

from __future__ import annotations

import os

os.environ.setdefault("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
os.environ["STATIC_MANIFEST"] = "true"

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, IS_POSTGRES

if IS_POSTGRES:
    del DATABASES["default"]["OPTIONS"]["options"]

# Collected once, then looked through once, as in production.
WHITENOISE_AUTOREFRESH = False
ALLOWED_HOSTS = ["testserver"]
# Nobody works on this queue; it is thrown away at the end.
CELERY_TASK_DEFAULT_QUEUE = f"bench-{os.getpid()}"
# The copies are as fresh as workers keep them; none runs here.
MIRROR_FRESH_SECONDS = 3600
