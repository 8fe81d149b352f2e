"""Settings of `make demo`: the product's own, pointed at the sandbox, with data in one folder."""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path

from sandbox.server import endpoints
from sandbox.server.resend.access import AUTHSERV_ID

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(os.environ.get("DEMO_DIR", ROOT / ".demo")).resolve()
_PORT = os.environ.get("PORT", "8000")
_SANDBOX_URL = f"http://localhost:{os.environ.get('SANDBOX_PORT', '8100')}"


def _kept_secrets() -> dict[str, str]:
    """This demo's own keys: made once, or what was sealed yesterday would not open today."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / "secrets.json"
    if not file.exists():
        made = {
            "SECRET_KEY": secrets.token_urlsafe(50),
            "TOKEN_KEYS": "demo:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        }
        fresh = file.with_suffix(f".{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(made))
        fresh.rename(file)
    kept: dict[str, str] = json.loads(file.read_text())
    return kept


os.environ.update(
    {
        **_kept_secrets(),
        **endpoints(_SANDBOX_URL),
        "DEMO": "true",
        "PUBLIC_URL": os.environ.get("PUBLIC_URL", f"http://localhost:{_PORT}"),
        "DATA_DIR": str(FOLDER),
        "DATABASE_URL": f"sqlite:///{FOLDER / 'db.sqlite3'}",
        "REDIS_URL": "",
        "CELERY_BROKER_URL": "filesystem://",
        "ACCOUNT_EMAIL_VERIFICATION": "none",
        "CSP_FORM_ACTION": _SANDBOX_URL,
        "ALLOWED_HOSTS": "*",
        "INBOUND_DOMAIN": "in.meridian.example",
        "INBOUND_AUTHSERV_ID": AUTHSERV_ID,
    }
)
for _provider in ("GOOGLE", "MICROSOFT", "ZOOM"):
    os.environ[f"{_provider}_CLIENT_ID"] = f"demo-{_provider.lower()}"
    os.environ[f"{_provider}_CLIENT_SECRET"] = f"demo-{_provider.lower()}-secret"

from config.settings import *  # noqa: E402, F403
