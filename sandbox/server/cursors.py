"""Page and sync cursors: opaque to clients, plain state to the sandbox."""

from __future__ import annotations

import base64
import json
from typing import Any


def encode(**parts: Any) -> str:
    text = json.dumps(parts, separators=(",", ":"), sort_keys=True).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def decode(token: str) -> dict[str, Any] | None:
    """What `encode` packed, or None for anything else."""
    try:
        found = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
