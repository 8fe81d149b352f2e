"""Settings of the test suite: the product's own, with an environment of their own."""

from __future__ import annotations

import base64
import os
import tempfile
from pathlib import Path

_data = Path(tempfile.mkdtemp(prefix="meridian-tests-"))


def _shifted(url: str, by: int) -> str:
    """The same Redis, a database further on."""
    server, _, number = url.rpartition("/")
    return f"{server}/{int(number) + by}" if number.isdigit() else url


# Suites that run beside each other share nothing: each has its own folder, database and Redis.
# What one of them starts (a worker, a web server) shares all of its own.
_process = os.environ.get("PYTEST_XDIST_WORKER", "")
if _process and os.environ.get("TESTS_PREPARED_FOR") != _process:
    os.environ["TESTS_PREPARED_FOR"] = _process
    os.environ["DATA_DIR"] = str(_data)
    if os.environ.get("DATABASE_URL", "").startswith("sqlite:"):
        del os.environ["DATABASE_URL"]
    for _name in ("REDIS_URL", "CELERY_BROKER_URL"):
        if _name in os.environ:
            _place = int(_process.removeprefix("gw"))
            os.environ[_name] = _shifted(os.environ[_name], 2 * _place)
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
# Static files are looked for when they are asked for. Else each browser of a test would go through
# all of them first, which takes longer than most pages.
WHITENOISE_AUTOREFRESH = True
if IS_POSTGRES:
    # Nothing here has to outlive a power cut, and waiting for the disk is most of the suite's time.
    DATABASES["default"]["OPTIONS"]["options"] = "-c synchronous_commit=off"
else:
    # Rival threads fail with "table is locked" on SQLite's in-memory test database.
    DATABASES["default"]["TEST"] = {"NAME": str(_data / "test.sqlite3")}
