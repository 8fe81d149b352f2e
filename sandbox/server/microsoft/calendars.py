"""/me and its calendars."""

from __future__ import annotations

import re

from sandbox.server import accounts
from sandbox.server.http import Json, Request, Response
from sandbox.server.microsoft import teams
from sandbox.server.microsoft.access import ME, READ_BASIC, Caller, calendar_of, caller
from sandbox.server.microsoft.errors import answer as reply
from sandbox.server.microsoft.errors import graph_error
from sandbox.server.microsoft.events import change_key, selected
from sandbox.server.microsoft.queries import page
from sandbox.server.records import Record

COLORS: tuple[str, ...] = (
    "lightBlue",
    "lightGreen",
    "lightOrange",
    "lightGray",
    "lightYellow",
    "lightTeal",
)
COLORS += ("lightPink", "lightBrown", "lightRed", "maxColor", "auto")
_NAMED = re.compile(r"name\s+eq\s+'((?:[^']|'')*)'")


def me(request: Request) -> Response:
    who = caller(request, ME)
    account = who.account
    first, _, last = account["name"].partition(" ")
    shown: Json = {
        "@odata.context": f"{request.base_url}/microsoft/graph/v1.0/$metadata#users/$entity",
        "id": account["oid"],
        "displayName": account["name"],
        "givenName": first,
        "surname": last,
        "userPrincipalName": account["email"],
        # A personal account often has no mail here; its address is the userPrincipalName.
        "mail": None if account["kind"] == "personal" else account["email"],
    }
    return reply(request, selected(request.arg("$select"), shown))


def _calendar(who: Caller, calendar: Record) -> Json:
    editable = accounts.at_least(calendar["role"], "writer")
    allowed = teams.providers_of(calendar, who.account)
    color = calendar["color"]
    owner = {"name": who.account["name"], "address": who.account["email"]}
    return {
        "id": calendar["id"],
        "name": calendar["name"],
        "color": color if color in COLORS else "auto",
        "hexColor": color if color.startswith("#") else "",
        "isDefaultCalendar": calendar["primary"],
        "changeKey": change_key(calendar),
        "canShare": editable,
        "canViewPrivateItems": editable,
        "canEdit": editable,
        "allowedOnlineMeetingProviders": allowed,
        "defaultOnlineMeetingProvider": allowed[0] if allowed else "unknown",
        "isTallyingResponses": calendar["primary"],
        "isRemovable": not calendar["primary"],
        "owner": owner,
    }


def list_calendars(request: Request) -> Response:
    who = caller(request, READ_BASIC)
    rows = _named(who, accounts.calendars_of(who.store, who.account))
    select = request.arg("$select")
    found = page(who, rows, "users('me')/calendars", lambda c: selected(select, _calendar(who, c)))
    return reply(request, found)


def _named(who: Caller, calendars: list[Record]) -> list[Record]:
    """What `$filter=name eq '…'` lets by; another filter is refused, not ignored."""
    text = who.request.arg("$filter").strip()
    if not text:
        return calendars
    found = _NAMED.fullmatch(text)
    if not found:
        message = "The query option $filter is not valid."
        raise graph_error(who.request, 400, "ErrorInvalidUrlQuery", message)
    wanted = found.group(1).replace("''", "'")
    return [calendar for calendar in calendars if calendar["name"] == wanted]


def get_calendar(request: Request) -> Response:
    who = caller(request, READ_BASIC)
    shown = selected(request.arg("$select"), _calendar(who, calendar_of(who)))
    context = f"{request.base_url}/microsoft/graph/v1.0/$metadata#users('me')/calendars/$entity"
    return reply(request, {"@odata.context": context, **shown})
