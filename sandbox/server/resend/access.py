"""Who calls Resend, and how it says no.

https://resend.com/docs/api-reference/errors
"""

from __future__ import annotations

from sandbox.server.http import Json, NotJson, Refusal, Request, json_response

KEY = "re_sandbox_key_that_opens_nothing_else"
# Svix secrets: base64 behind their prefix. One for what became of mails, one for those received.
SIGNING_SECRET = "whsec_c2FuZGJveC10cmFja2luZy1zZWNyZXQtMDAwMQ=="  # noqa: S105 -- opens nothing
INBOUND_SECRET = "whsec_c2FuZGJveC1pbmJvdW5kLXNlY3JldC0wMDAwMQ=="  # noqa: S105 -- opens nothing

# How its receiving server signs what it found out about a sender (RFC 8601).
AUTHSERV_ID = "inbound.resend.example"


def resend_error(status: int, name: str, message: str) -> Refusal:
    """The refusal to raise."""
    return Refusal(json_response({"statusCode": status, "name": name, "message": message}, status))


def require_key(request: Request) -> None:
    """Refuse who does not know the key."""
    given = request.bearer()
    if not given:
        raise resend_error(401, "missing_api_key", "Missing API Key")
    if given != KEY:
        raise resend_error(403, "invalid_api_key", "API key is invalid")


def body_of(request: Request) -> Json:
    try:
        return request.json()
    except NotJson:
        raise resend_error(400, "validation_error", "The request body is not JSON.") from None
