"""Who calls Graph, with which scopes, and what they prefer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sandbox.server import accounts
from sandbox.server import oauth as tokens
from sandbox.server.http import Request
from sandbox.server.instants import any_zone
from sandbox.server.microsoft import teams
from sandbox.server.microsoft.errors import (
    graph_error,
    malformed_id,
    not_found,
    unknown_zone,
)
from sandbox.server.records import Record, Records

ME = frozenset({"User.Read", "User.ReadBasic.All", "User.ReadWrite"})
WRITE = frozenset({"Calendars.ReadWrite", "Calendars.ReadWrite.Shared"})
READ = WRITE | {"Calendars.Read", "Calendars.Read.Shared"}
READ_BASIC = READ | {"Calendars.ReadBasic"}
_ZONE = re.compile(r'outlook\.timezone\s*=\s*"?([^",;]+)"?', re.IGNORECASE)
_BODY = re.compile(r'outlook\.body-content-type\s*=\s*"?(text|html)"?', re.IGNORECASE)
_PAGE = re.compile(r"odata\.maxpagesize\s*=\s*(\d+)", re.IGNORECASE)
_ID = re.compile(r"[A-Za-z0-9_=-]{20,}\Z")


@dataclass(frozen=True, slots=True)
class Caller:
    """An account with a live token, the request it made and what it prefers."""

    request: Request
    account: Record
    zone_name: str = "UTC"
    text: bool = False

    @property
    def store(self) -> Records:
        return self.request.store

    @property
    def zone(self) -> ZoneInfo:
        return any_zone(self.zone_name) or ZoneInfo("UTC")

    def page_size(self) -> int | None:
        found = _PAGE.search(self.request.headers.get("prefer", ""))
        return int(found.group(1)) if found else None


def caller(request: Request, accepted: frozenset[str]) -> Caller:
    """The account behind the token. Refuses with 401 and 403."""
    token = request.bearer()
    found = tokens.read_access(request.store, token, "microsoft")
    if found is None:
        words = (
            "Access token has expired or is not yet valid." if token else "Access token is empty."
        )
        raise graph_error(request, 401, "InvalidAuthenticationToken", words)
    account, scopes = found
    short = {scope.removeprefix("https://graph.microsoft.com/") for scope in scopes}
    if not accepted & short:
        message = "Access is denied. Check credentials and try again."
        raise graph_error(request, 403, "ErrorAccessDenied", message)
    if request.method == "GET":
        teams.settle(request.store)
    prefer = request.headers.get("prefer", "")
    zone, body = _ZONE.search(prefer), _BODY.search(prefer)
    name = zone.group(1).strip() if zone else "UTC"
    if any_zone(name) is None:
        raise unknown_zone(request, name)
    return Caller(request, account, name, bool(body and body.group(1).lower() == "text"))


def calendar_of(who: Caller) -> Record:
    """The calendar of the path, or the default one where the path names none."""
    wanted = who.request.params.get("calendar")
    if wanted is None:
        return accounts.primary_of(who.store, who.account)
    if not _ID.match(wanted):
        raise malformed_id(who.request)
    calendar = who.store.get("calendar", wanted)
    if calendar is None or calendar["account"] != who.account["id"]:
        raise not_found(who.request)
    return calendar


def writable(who: Caller, calendar: Record) -> None:
    """Refuses with 403 where the account may only look."""
    if not accounts.at_least(calendar["role"], "writer"):
        message = "Access is denied. Check credentials and try again."
        raise graph_error(who.request, 403, "ErrorAccessDenied", message)


def check_id(request: Request, value: str) -> str:
    if not _ID.match(value):
        raise malformed_id(request)
    return value
