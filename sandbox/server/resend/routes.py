"""Resend's addresses."""

from __future__ import annotations

from sandbox.server.http import route
from sandbox.server.resend import hands, mails, receiving

ROUTES = [
    route("POST", "/resend/emails", mails.send, "resend.emails.send"),
    route("GET", "/resend/emails/receiving/{mail}", receiving.read, "resend.receiving.get"),
    route("GET", "/resend/emails/{mail}", mails.read, "resend.emails.get"),
    route("GET", "/resend/raw/{mail}", receiving.download, "resend.receiving.raw"),
    *hands.ROUTES,
]
