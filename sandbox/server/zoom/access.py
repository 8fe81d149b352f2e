"""Who calls the Zoom API, with which scopes, and how Zoom says no."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sandbox.server import oauth as tokens
from sandbox.server.http import Json, NotJson, Refusal, Request, json_response
from sandbox.server.records import Record, Records

READ_USER = frozenset({"user:read:user", "user:read"})
CREATE = frozenset({"meeting:write:meeting", "meeting:write"})
UPDATE = frozenset({"meeting:update:meeting", "meeting:write"})
DELETE = frozenset({"meeting:delete:meeting", "meeting:write"})
LIST = frozenset({"meeting:read:list_meetings", "meeting:read", "meeting:write"})
READ = frozenset({"meeting:read:meeting", "meeting:read", "meeting:write"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose meetings are meant, and who asks: with an app of the whole account, `for_all`."""

    request: Request
    account: Record
    for_all: bool = False

    def of(self, user: str) -> Caller:
        """The caller acting on that user's meetings. Refuses with 404 code 1001, 400 code 4711.

        A user's token may name that user only, best as `me`.
        """
        if user in {"me", self.account["email"], self.account["sub"]}:
            return self
        colleagues = self.store.where("account", provider="zoom", tid=self.account["tid"])
        for one in colleagues if self.for_all else ():
            if user in {one["email"], one["sub"]}:
                return replace(self, account=one)
        raise zoom_error(404, 1001, f"User does not exist: {user}.")

    def may_host_as(self, account_id: str) -> bool:
        """Whether that account's meetings are the caller's to see and change."""
        if not self.for_all:
            return bool(account_id == self.account["id"])
        host = self.store.get("account", account_id)
        return host is not None and host["tid"] == self.account["tid"]

    def host_of(self, meeting: Record) -> Caller:
        """The caller in the place of the meeting's host, by whom limits are counted."""
        return replace(self, account=self.store.get("account", meeting["account"]) or self.account)

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
        finest = max(accepted, key=lambda scope: scope.count(":"))
        wanted = f"{finest}, {finest}:admin"
        message = f"Invalid access token, does not contain scopes:[{wanted}]."
        raise zoom_error(400, 4711, message)
    for_all = bool(scopes) and all(scope.endswith(":admin") for scope in scopes)
    return Caller(request, account, for_all=for_all)


def body_of(request: Request) -> Json:
    try:
        return request.json()
    except NotJson:
        raise zoom_error(400, 300, "Request Body should be a valid JSON object.") from None


def invalid(field: str, message: str) -> Refusal:
    """Validation, with the fields Zoom lists."""
    errors = [{"field": field, "message": message}]
    return zoom_error(400, 300, "Validation Failed.", errors=errors)
