"""Settings of the test suite: the product's own, with an environment of their own."""

from __future__ import annotations

import base64
import os
import tempfile
from pathlib import Path

_data = Path(tempfile.mkdtemp(prefix="meridian-tests-"))
os.environ.setdefault("SECRET_KEY", "tests-only-" + "x" * 50)
os.environ.setdefault("TOKEN_KEYS", "t1:" + base64.b64encode(b"k" * 32).decode())
os.environ.setdefault("DATA_DIR", str(_data))
os.environ.setdefault("DATABASE_URL", f"sqlite:///{_data / 'tests.sqlite3'}")
os.environ.setdefault("LOG_LEVEL", "CRITICAL")
os.environ.setdefault("PUBLIC_URL", "http://testserver")
os.environ.setdefault("ALLOWED_HOSTS", "testserver,localhost,127.0.0.1")

from config.settings import *  # noqa: F403
from config.settings import DATABASES, IS_POSTGRES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
if IS_POSTGRES:
    # Nothing here has to outlive a power cut, and waiting for the disk is most of the suite's time.
    DATABASES["default"]["OPTIONS"]["options"] = "-c synchronous_commit=off"
else:
    # Rival threads fail with "table is locked" on SQLite's in-memory test database.
    DATABASES["default"]["TEST"] = {"NAME": str(_data / "test.sqlite3")}
