"""/control/resend: read the mails that were sent, and let things happen to mails."""

from __future__ import annotations

import base64
import uuid
from datetime import datetime
from email.message import EmailMessage, Message
from email.mime.base import MIMEBase
from email.utils import format_datetime
from typing import Any

from sandbox.server.control import guarded
from sandbox.server.http import Json, Request, Response, json_response, route
from sandbox.server.records import Record
from sandbox.server.resend import events, receiving
from sandbox.server.resend.access import resend_error

SHOWN = 300
_VERDICTS = ("", "pass", "fail")


def mails(request: Request) -> Response:
    """The latest mails, newest first, each with the mail its reader gets (base64)."""
    found = sorted(request.store.all("resend_mail"), key=lambda mail: mail["at"], reverse=True)
    return json_response({"mails": [_line(mail) for mail in found[:SHOWN]]})


def mail(request: Request) -> Response:
    return json_response(_line(_found(request)))


def happen(request: Request) -> Response:
    """Let something become of a mail: `{"type": "email.bounced"}`."""
    events.tell(request.store, _found(request), str(request.json()["type"]))
    return json_response({"ok": True})


def arrive(request: Request) -> Response:
    """Let a mail arrive: `{"raw": base64, "to": [address], "dmarc": "pass"}`, the last at will."""
    sent = request.json()
    raw = base64.b64decode(sent["raw"], validate=True)
    to, dmarc = [str(one) for one in sent["to"]], str(sent.get("dmarc", ""))
    if dmarc not in _VERDICTS:
        raise ValueError("dmarc is pass or fail")
    return json_response({"id": receiving.receive(request.store, raw, to, dmarc)["id"]}, 201)


def arrived(request: Request) -> Response:
    """The latest mails that arrived, newest first."""
    found = sorted(request.store.all("resend_inbound"), key=lambda mail: mail["at"], reverse=True)
    return json_response({"mails": found[:SHOWN]})


def delivered(mail: Record) -> Message:
    """The mail as its reader gets it."""
    body: Json = mail["body"]
    made = EmailMessage()
    for name, key in (("Subject", "subject"), ("From", "from"), ("To", "to")):
        value = body[key]
        made[name] = value if isinstance(value, str) else ", ".join(value)
    if body.get("reply_to"):
        made["Reply-To"] = ", ".join(body["reply_to"])
    for name, value in (body.get("headers") or {}).items():
        made[name] = str(value)
    made["Date"] = format_datetime(datetime.fromisoformat(mail["at"]))
    if body.get("text"):
        made.set_content(body["text"])
    if body.get("html") and body.get("text"):
        made.add_alternative(body["html"], subtype="html")
    elif body.get("html"):
        made.set_content(body["html"], subtype="html")
    files = body.get("attachments") or []
    if files:
        made.make_mixed()
    for file in files:
        made.attach(_part(file))
    return made


def _part(file: Json) -> Any:
    part = MIMEBase("application", "octet-stream")
    part.replace_header("Content-Type", file.get("content_type") or "application/octet-stream")
    part["Content-Transfer-Encoding"] = "base64"
    text = base64.encodebytes(base64.b64decode(file["content"])).decode()
    part.set_payload(text)
    part.add_header("Content-Disposition", "attachment", filename=file["filename"])
    return part


def _line(mail: Record) -> Json:
    return {
        "id": mail["id"],
        "at": mail["at"],
        "last_event": mail["last_event"],
        "key": mail["key"],
        "raw": base64.b64encode(delivered(mail).as_bytes()).decode(),
    }


def _found(request: Request) -> Record:
    given = request.params["mail"]
    found = request.store.get("resend_mail", given) if _is_id(given) else None
    if found is None:
        raise resend_error(404, "not_found", "Email not found")
    return found


def _is_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


_TABLE = [
    ("GET", "/control/resend/mails", mails),
    ("GET", "/control/resend/mails/{mail}", mail),
    ("POST", "/control/resend/mails/{mail}/events", happen),
    ("POST", "/control/resend/inbound", arrive),
    ("GET", "/control/resend/inbound", arrived),
]
ROUTES = [
    route(method, path, guarded(handler), f"control.resend_{handler.__name__}")
    for method, path, handler in _TABLE
]
