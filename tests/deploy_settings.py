"""The settings a production installation would have, for `check --deploy`."""

from __future__ import annotations

import base64
import os

os.environ.setdefault("SECRET_KEY", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQR")
os.environ.setdefault("TOKEN_KEYS", "d1:" + base64.b64encode(b"d" * 32).decode())
os.environ.setdefault("PUBLIC_URL", "https://meridian.example")
os.environ.setdefault("ALLOWED_HOSTS", "meridian.example")
os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:6379/9")
os.environ.setdefault("RESEND_API_KEY", "re_deploy")
os.environ.setdefault("RESEND_SIGNING_SECRET", "whsec_" + base64.b64encode(b"d" * 24).decode())

from config.settings import *  # noqa: F403
