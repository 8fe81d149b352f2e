"""Mails that were sent: taken once for each idempotency key, and told of by webhooks.

https://resend.com/docs/api-reference/emails/send-email and
https://resend.com/docs/dashboard/emails/idempotency-keys
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import uuid
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any

from sandbox.server.http import Json, Request, Response, json_response
from sandbox.server.records import Record, Records
from sandbox.server.resend import events
from sandbox.server.resend.access import body_of, require_key, resend_error

KEY_LASTS = timedelta(hours=24)
MOST_READERS = 50
_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+\Z")


def send(request: Request) -> Response:
    """Take a mail; the same key with the same body is answered with the mail there is."""
    require_key(request)
    store, key = request.store, request.headers.get("idempotency-key", "")
    if len(key) > 256:
        words = "The idempotency key must be between 1 and 256 characters."
        raise resend_error(400, "invalid_idempotency_key", words)
    body = body_of(request)
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    known = store.get("resend_key", key) if key else None
    if known and store.now() < datetime.fromisoformat(known["at"]) + KEY_LASTS:
        if known["digest"] != digest:
            words = "Same idempotency key used with a different request payload."
            raise resend_error(409, "invalid_idempotent_request", words)
        return json_response({"id": known["mail"]})
    readers = _checked(store, body)
    mail: Record = {
        "id": str(uuid.uuid4()),
        "key": key,
        "at": store.now().isoformat(),
        "body": body,
        "readers": readers,
        "last_event": "",
        "events": [],
    }
    store.put("resend_mail", mail["id"], mail)
    if key:
        kept = {"mail": mail["id"], "digest": digest, "at": mail["at"]}
        store.put("resend_key", key, kept)
    events.after_sending(store, mail)
    return json_response({"id": mail["id"]})


def read(request: Request) -> Response:
    """One mail as Resend shows it."""
    require_key(request)
    mail = request.store.get("resend_mail", request.params["mail"])
    if mail is None:
        raise resend_error(404, "not_found", "Email not found")
    body = mail["body"]
    shown = {name: body.get(name) for name in ("from", "subject", "html", "text", "reply_to")}
    return json_response(
        {
            "object": "email",
            "id": mail["id"],
            "to": mail["readers"],
            "created_at": mail["at"],
            "last_event": mail["last_event"],
            **shown,
        }
    )


def _checked(store: Records, body: Json) -> list[str]:
    """The readers of a mail that Resend would take."""
    for name in ("from", "to", "subject"):
        if not body.get(name):
            raise resend_error(422, "missing_required_field", f"Missing `{name}` field.")
    if not body.get("html") and not body.get("text"):
        words = "Missing `html` or `text` field."
        raise resend_error(422, "missing_required_field", words)
    readers = _addresses(body, "to")
    if len(readers) > MOST_READERS:
        raise resend_error(422, "validation_error", "Too many recipients.")
    _addresses(body, "reply_to")
    (sender,) = _addresses({"from": [body["from"]]}, "from")
    allowed = store.setting("resend.domains")
    domain = sender.rpartition("@")[2]
    if allowed is not None and domain not in allowed:
        raise resend_error(403, "validation_error", f"The {domain} domain is not verified.")
    for file in body.get("attachments") or []:
        _check_file(file)
    return readers


def _addresses(body: Json, name: str) -> list[str]:
    given = body.get(name) or []
    found = [parseaddr(str(one))[1] for one in ([given] if isinstance(given, str) else given)]
    if not all(map(_ADDRESS.match, found)):
        raise resend_error(422, "validation_error", f"Invalid `{name}` field.")
    return found


def _check_file(file: Any) -> None:
    if not isinstance(file, dict) or not file.get("filename"):
        raise resend_error(422, "invalid_attachment", "Attachment must have a filename.")
    try:
        base64.b64decode(file.get("content") or "", validate=True)
    except (binascii.Error, TypeError):
        raise resend_error(422, "invalid_attachment", "Attachment is not base64.") from None
