"""What a link of the chain is: the canonical bytes of a row, and their hash."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audit.models import OAuthTokenAccessLog

GENESIS = "0" * 64


def canonical(row: OAuthTokenAccessLog) -> bytes:
    """The bytes the hash covers: the same on every engine, before and after the database."""
    values: dict[str, Any] = {
        "actor_id": row.actor_id,
        "actor_kind": str(row.actor_kind),
        "actor_name": row.actor_name,
        "address": row.address,
        "at": row.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "connection_email": row.connection_email,
        "connection_id": str(row.connection_id),
        "outcome": str(row.outcome),
        "previous_hash": row.previous_hash,
        "provider": str(row.provider),
        "reason": str(row.reason),
        "request_id": row.request_id,
        "seq": row.seq,
        "target": row.target,
        "workspace_id": str(row.workspace_id),
    }
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def hash_of(row: OAuthTokenAccessLog) -> str:
    """SHA-256 over the row's canonical JSON, which holds the previous hash."""
    return hashlib.sha256(canonical(row)).hexdigest()
