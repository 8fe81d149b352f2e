"""calendarList and calendars: what the account sees, page by page."""

from __future__ import annotations

from sandbox.server import accounts
from sandbox.server.cursors import decode, encode
from sandbox.server.google.access import LIST_CALENDARS, READ_EVENTS, Caller, caller, enter, place
from sandbox.server.google.errors import google_error
from sandbox.server.http import Json, Request, Response, json_response
from sandbox.server.records import Record

SIZE, LARGEST = 100, 250
MEET = {"allowedConferenceSolutionTypes": ["hangoutsMeet"]}
NO_MEET: Json = {"allowedConferenceSolutionTypes": []}


def _entry(who: Caller, calendar: Record) -> Json:
    role = accounts.role_in(calendar, who.account)
    entry = {
        "kind": "calendar#calendarListEntry",
        "etag": f'"{calendar["changed"]}"',
        "id": calendar["id"],
        "summary": calendar["name"],
        "timeZone": calendar["timezone"],
        "colorId": "14",
        "backgroundColor": calendar["color"] or "#9fe1e7",
        "foregroundColor": "#000000",
        "selected": not calendar["hidden"],
        "accessRole": role,
        "defaultReminders": [{"method": "popup", "minutes": 10}],
        "conferenceProperties": MEET if calendar["meet"] else NO_MEET,
        "dataOwner": calendar["account"].partition(":")[2],
    }
    if accounts.is_primary(calendar, who.account):
        entry["primary"] = True
    if calendar["hidden"]:
        entry["hidden"] = True
    return entry


def list_calendars(request: Request) -> Response:
    who = caller(request, LIST_CALENDARS)
    least = request.arg("minAccessRole")
    if least and least not in accounts.ROLES:
        raise google_error(400, "invalidParameter", "Invalid value.", location="minAccessRole")
    shown = [
        calendar
        for calendar in accounts.calendars_of(who.store, who.account)
        if (request.flag("showHidden") or not calendar["hidden"])
        and (not least or accounts.at_least(accounts.role_in(calendar, who.account), least))
    ]
    revision = int(who.store.setting("revision", 0))
    if request.arg("syncToken"):
        since = _since(who, request.arg("syncToken"))
        shown = [calendar for calendar in shown if calendar["changed"] > since]
    return _page(who, shown, revision)


def _since(who: Caller, token: str) -> int:
    parts = decode(token) or {}
    if parts.get("a") != who.account["id"]:
        message = "Sync token is no longer valid, a full sync is required."
        raise google_error(410, "fullSyncRequired", message, domain="calendar")
    return int(parts["r"])


def _page(who: Caller, shown: list[Record], revision: int) -> Response:
    size = int(who.request.arg("maxResults") or SIZE)
    size = max(1, min(size, LARGEST, int(who.store.setting("google.page_size", LARGEST))))
    parts = decode(who.request.arg("pageToken")) if who.request.arg("pageToken") else {"n": 0}
    if parts is None or "n" not in parts:
        raise google_error(400, "invalid", "Invalid page token value.", location="pageToken")
    first = int(parts["n"])
    result: Json = {
        "kind": "calendar#calendarList",
        "etag": f'"p{revision}"',
        "items": [_entry(who, calendar) for calendar in shown[first : first + size]],
    }
    if first + size < len(shown):
        result["nextPageToken"] = encode(n=first + size)
    else:
        result["nextSyncToken"] = encode(a=who.account["id"], r=revision)
    return json_response(result)


def get_entry(request: Request) -> Response:
    where = place(request, LIST_CALENDARS)
    return json_response(_entry(where, where.calendar))


def get_calendar(request: Request) -> Response:
    where = enter(caller(request, LIST_CALENDARS | READ_EVENTS), request.params["calendar"])
    calendar = where.calendar
    return json_response(
        {
            "kind": "calendar#calendar",
            "etag": f'"{calendar["changed"]}"',
            "id": calendar["id"],
            "summary": calendar["name"],
            "timeZone": calendar["timezone"],
            "conferenceProperties": MEET if calendar["meet"] else NO_MEET,
        }
    )
