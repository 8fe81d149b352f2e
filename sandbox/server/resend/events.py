"""What became of a mail, told to the address in the setting `resend.tracking`, signed as by Svix.

Who reads decides: addresses at `bounce.example` come back, at `complain.example` report spam, at
`delayed.example` wait, at `suppressed.example` are not even tried; Resend's own test addresses do
the like (https://resend.com/docs/dashboard/emails/send-test-emails).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from sandbox.server.http import Json
from sandbox.server.push import Delivery
from sandbox.server.records import Record, Records, random_text
from sandbox.server.resend.access import SIGNING_SECRET

BOUNCE = {
    "message": "The recipient's email provider sent a hard bounce message, indicating that the "
    "recipient's email address does not exist.",
    "subType": "General",
    "type": "Permanent",
}
SUPPRESSED = {"message": "The address bounced before.", "type": "OnAccountSuppressionList"}
_FATES = {
    "bounce.example": ("email.sent", "email.bounced"),
    "complain.example": ("email.sent", "email.delivered", "email.complained"),
    "delayed.example": ("email.sent", "email.delivery_delayed"),
    "suppressed.example": ("email.suppressed",),
    "bounced@resend.dev": ("email.sent", "email.bounced"),
    "complained@resend.dev": ("email.sent", "email.delivered", "email.complained"),
    "suppressed@resend.dev": ("email.suppressed",),
}
_ARRIVES = ("email.sent", "email.delivered")


def after_sending(store: Records, mail: Record) -> None:
    reader = mail["readers"][0].lower()
    fate = _FATES.get(reader) or _FATES.get(reader.rpartition("@")[2], _ARRIVES)
    for kind in fate:
        tell(store, mail, kind)


def tell(store: Records, mail: Record, kind: str, **more: Any) -> None:
    """Let this become of the mail, and tell of it."""
    mail["last_event"] = kind.removeprefix("email.")
    mail["events"].append({"type": kind, "at": store.now().isoformat()})
    store.put("resend_mail", mail["id"], mail)
    body = mail["body"]
    data: Json = {
        "created_at": mail["at"],
        "email_id": mail["id"],
        "from": body["from"],
        "to": mail["readers"],
        "subject": body["subject"],
        "tags": {tag["name"]: tag["value"] for tag in body.get("tags") or []},
    }
    if kind == "email.bounced":
        data["bounce"] = BOUNCE
    if kind == "email.suppressed":
        data["suppressed"] = SUPPRESSED
    post(store, "resend.tracking", kind, {**data, **more}, SIGNING_SECRET)


def post(store: Records, setting: str, kind: str, data: Json, secret: str) -> None:
    """Send an event to the address in the setting, if there is one."""
    address = store.setting(setting)
    if not address or store.courier is None:
        return
    sent = {"type": kind, "created_at": store.now().isoformat(), "data": data}
    body = json.dumps(sent).encode()
    headers = signed(body, secret=secret, at=int(store.now().timestamp()))
    store.courier.add(Delivery(address, headers, body))


def signed(body: bytes, *, secret: str, at: int, event_id: str = "") -> dict[str, str]:
    """The headers of an event (https://docs.svix.com/receiving/verifying-payloads/how-manual)."""
    event_id = event_id or f"msg_{random_text(27)}"
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{event_id}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "svix-id": event_id,
        "svix-timestamp": str(at),
        "svix-signature": f"v1,{base64.b64encode(mac).decode()}",
    }
