"""Mails that were received: kept raw, told of by a webhook, read back in two steps.

https://resend.com/docs/api-reference/emails/retrieve-received-email
"""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
import hmac
import uuid
from datetime import timedelta
from email.utils import getaddresses
from typing import Any

from sandbox.server.http import Json, Request, Response, json_response
from sandbox.server.records import Record, Records
from sandbox.server.resend.access import (
    AUTHSERV_ID,
    INBOUND_SECRET,
    KEY,
    require_key,
    resend_error,
)
from sandbox.server.resend.events import post

URL_LASTS = timedelta(hours=1)


def receive(store: Records, raw: bytes, to: list[str], dmarc: str = "") -> Record:
    """Let a mail arrive at these addresses, and tell of it.

    `dmarc` is what the receiving server found out about its sender: pass, fail, or nothing.
    """
    if dmarc:
        raw = f"Authentication-Results: {AUTHSERV_ID}; dmarc={dmarc}\r\n".encode() + raw
    kept: Record = {
        "id": str(uuid.uuid4()),
        "at": store.now().isoformat(),
        "to": to,
        "raw": base64.b64encode(raw).decode(),
    }
    store.put("resend_inbound", kept["id"], kept)
    shown = _shown(kept)
    data: Json = {
        "email_id": kept["id"],
        "created_at": kept["at"],
        **{name: shown[name] for name in ("from", "to", "cc", "bcc", "message_id", "subject")},
        "attachments": shown["attachments"],
    }
    post(store, "resend.inbound", "email.received", data, INBOUND_SECRET)
    return kept


def read(request: Request) -> Response:
    """What was received, with an address that gives all of it for an hour."""
    require_key(request)
    kept = _kept(request)
    expires = request.store.now() + URL_LASTS
    until = str(int(expires.timestamp()))
    url = f"{request.base_url}/resend/raw/{kept['id']}?until={until}&mark={_mark(kept, until)}"
    raw = {"download_url": url, "expires_at": expires.isoformat()}
    return json_response({"object": "email", **_shown(kept), "raw": raw})


def download(request: Request) -> Response:
    """The mail as it came; the address itself is the right to read it."""
    kept, until = _kept(request), request.arg("until")
    is_good = hmac.compare_digest(request.arg("mark"), _mark(kept, until))
    if not is_good or not until.isdigit() or int(until) < request.store.now().timestamp():
        return Response(403, b"Request has expired", (("Content-Type", "text/plain"),))
    body = base64.b64decode(kept["raw"])
    return Response(200, body, (("Content-Type", "message/rfc822"),))


def _kept(request: Request) -> Record:
    found = request.store.get("resend_inbound", request.params["mail"])
    if found is None:
        raise resend_error(404, "not_found", "Email not found")
    return found


def _mark(kept: Record, until: str) -> str:
    text = f"{kept['id']}.{until}"
    return hmac.new(KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def _shown(kept: Record) -> Json:
    made: Any = email.message_from_bytes(
        base64.b64decode(kept["raw"]), policy=email.policy.compat32
    )

    def readers(name: str) -> list[str]:
        return [address for _name, address in getaddresses([str(made.get(name, ""))]) if address]

    def text(kind: str) -> str | None:
        for part in made.walk():
            if part.get_content_type() == kind and not part.get_filename():
                return bytes(part.get_payload(decode=True) or b"").decode("utf-8", "replace")
        return None

    files = [part for part in made.walk() if part.get_filename()]
    return {
        "id": kept["id"],
        "created_at": kept["at"],
        "from": str(made.get("From", "")),
        "to": kept["to"],
        "cc": readers("Cc"),
        "bcc": [],
        "reply_to": readers("Reply-To"),
        "message_id": str(made.get("Message-ID", "")),
        "subject": str(made.get("Subject", "")),
        "html": text("text/html"),
        "text": text("text/plain"),
        "headers": {name.lower(): str(value) for name, value in made.items()},
        "attachments": [
            {
                "id": f"{kept['id']}-{place}",
                "filename": part.get_filename(),
                "content_type": part.get_content_type(),
                "content_disposition": part.get_content_disposition(),
                "content_id": part.get("Content-ID"),
            }
            for place, part in enumerate(files)
        ],
    }
