"""Who calls the Zoom API, with which scopes, and how Zoom says no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.server import oauth as tokens
from sandbox.server.http import Json, NotJson, Refusal, Request, json_response
from sandbox.server.records import Record, Records

READ_USER = frozenset({"user:read:user", "user:read"})
CREATE = frozenset({"meeting:write:meeting", "meeting:write"})
UPDATE = frozenset({"meeting:update:meeting", "meeting:write"})
DELETE = frozenset({"meeting:delete:meeting", "meeting:write"})
READ = frozenset({"meeting:read:meeting", "meeting:read", "meeting:write"})


@dataclass(frozen=True, slots=True)
class Caller:
    request: Request
    account: Record

    @property
    def store(self) -> Records:
        return self.request.store


def zoom_error(
    status: int, code: int, message: str, headers: tuple[tuple[str, str], ...] = (), **more: Any
) -> Refusal:
    """The refusal to raise."""
    return Refusal(json_response({"code": code, "message": message, **more}, status, headers))


def caller(request: Request, accepted: frozenset[str]) -> Caller:
    """The account behind the token. Refuses with 401 code 124 and 400 code 4711."""
    found = tokens.read_access(request.store, request.bearer(), "zoom")
    if found is None:
        raise zoom_error(401, 124, "Invalid access token.")
    account, scopes = found
    if not accepted & {scope.removesuffix(":admin") for scope in scopes}:
        wanted = ", ".join(sorted(accepted))
        message = f"Invalid access token, does not contain scopes:[{wanted}]."
        raise zoom_error(400, 4711, message)
    return Caller(request, account)


def body_of(request: Request) -> Json:
    try:
        return request.json()
    except NotJson:
        raise zoom_error(400, 300, "Request Body should be a valid JSON object.") from None


def invalid(field: str, message: str) -> Refusal:
    """Validation, with the fields Zoom lists."""
    errors = [{"field": field, "message": message}]
    return zoom_error(400, 300, "Validation Failed.", errors=errors)


def check_user(who: Caller, user: str) -> None:
    """A user's token may name that user only, best as `me`."""
    if user not in {"me", who.account["email"], who.account["sub"]}:
        raise zoom_error(404, 1001, f"User does not exist: {user}.")
