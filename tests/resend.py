"""What tests of mails through Resend share: the stand-in, and its events brought to our address."""

from __future__ import annotations

import json
import time

from django.test import Client as Browser

from sandbox.server.push import Reply
from sandbox.server.resend import events
from sandbox.server.resend.access import SIGNING_SECRET

TRACKING = "/anymail/resend/tracking/"


class Postman:
    """Brings the stand-in's events to our address, in place of HTTP; `held` keeps them back."""

    def __init__(self):
        self.held = False
        self.waiting = []
        self.statuses = []

    def __call__(self, delivery):
        if self.held:
            self.waiting.append(delivery)
            return Reply(204)
        return self.bring(delivery)

    def bring(self, delivery):
        status = post(delivery.body, dict(delivery.headers)).status_code
        self.statuses.append(status)
        return Reply(status)

    def bring_all(self, *, backwards=False):
        waiting, self.waiting = self.waiting, []
        for delivery in reversed(waiting) if backwards else waiting:
            self.bring(delivery)


def post(body, headers, **more):
    return Browser().post(
        TRACKING,
        data=body,
        content_type="application/json",
        headers={k: v for k, v in headers.items() if k != "Content-Type"},
        **more,
    )


def event(kind, *, event_id="", at=None, secret=SIGNING_SECRET, **data):
    """A signed event: its body and headers."""
    body = json.dumps({"type": kind, "created_at": "2026-11-21T12:00:00Z", "data": data}).encode()
    at = int(time.time()) if at is None else at
    return body, events.signed(body, secret=secret, at=at, event_id=event_id)


def tell(kind, **more):
    body, headers = event(kind, **more)
    return post(body, headers)
