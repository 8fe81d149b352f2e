"""getSchedule: free and busy of default calendars, on work accounts only."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sandbox.server import accounts
from sandbox.server.http import Json, Request, Response
from sandbox.server.instants import any_zone, parse_wall, to_utc, to_wall
from sandbox.server.microsoft.access import READ_BASIC, Caller, caller
from sandbox.server.microsoft.errors import answer as reply
from sandbox.server.microsoft.errors import bad_property, body_of, graph_error, unknown_zone
from sandbox.server.microsoft.events import span_of
from sandbox.server.microsoft.listing import view_records
from sandbox.server.records import Record

MOST = 20
LONGEST = timedelta(days=62)
_DIGITS = {"tentative": "1", "busy": "2", "oof": "3"}
_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday"]


def get_schedule(request: Request) -> Response:
    who = caller(request, READ_BASIC)
    if who.account["kind"] == "personal":
        message = "This operation is not supported for personal Microsoft accounts."
        raise graph_error(request, 403, "ErrorAccessDenied", message)
    sent = body_of(request)
    names = sent.get("schedules")
    if not isinstance(names, list) or not 1 <= len(names) <= MOST:
        raise bad_property(request, "schedules has to hold between 1 and 20 addresses.")
    after, before = (_moment(who, sent.get(name)) for name in ("startTime", "endTime"))
    minutes = sent.get("availabilityViewInterval") or 30
    if not isinstance(minutes, int) or not 5 <= minutes <= 1440:
        raise bad_property(request, "availabilityViewInterval has to be between 5 and 1440.")
    if not timedelta(0) < before - after < LONGEST:
        message = (
            "The requested time duration specified for FreeBusyViewOptions.TimeWindow is invalid."
        )
        raise graph_error(request, 400, "ErrorInvalidTimeInterval", message)
    value = [_schedule(who, str(name), after, before, minutes) for name in names]
    context = f"{request.base_url}/microsoft/graph/v1.0/$metadata#Collection(scheduleInformation)"
    return reply(request, {"@odata.context": context, "value": value})


def _moment(who: Caller, value: Any) -> datetime:
    given = value if isinstance(value, dict) else {}
    zone = any_zone(str(given.get("timeZone") or "UTC"))
    if zone is None:
        raise unknown_zone(who.request, given["timeZone"])
    moment = parse_wall(str(given.get("dateTime") or ""))
    if moment is None:
        raise bad_property(who.request, "startTime and endTime need a dateTime.")
    return to_utc(moment, zone)


def _schedule(who: Caller, name: str, after: datetime, before: datetime, minutes: int) -> Json:
    account = accounts.find_account(who.store, "microsoft", name)
    calendar = accounts.primary_of(who.store, account) if account else None
    if account is None or calendar is None or account["tid"] != who.account["tid"]:
        return _unknown(name, "ErrorMailRecipientNotFound", "Unable to resolve email address.")
    if calendar["freebusy_error"]:
        return _unknown(name, calendar["freebusy_error"], "The schedule could not be read.")
    records = sorted(view_records(who, calendar, after, before), key=span_of)
    own = account["id"] == who.account["id"]
    return {
        "scheduleId": name,
        "availabilityView": _view(records, after, before, minutes),
        "scheduleItems": [_item(who, record, own=own) for record in records],
        "workingHours": {
            "daysOfWeek": _DAYS,
            "startTime": "08:00:00.0000000",
            "endTime": "17:00:00.0000000",
            "timeZone": {"name": account["timezone"]},
        },
    }


def _unknown(name: str, code: str, message: str) -> Json:
    return {"scheduleId": name, "error": {"message": message, "responseCode": code}}


def _view(records: list[Record], after: datetime, before: datetime, minutes: int) -> str:
    step = timedelta(minutes=minutes)
    digits = []
    while after < before:
        until = min(after + step, before)
        marks = [
            _DIGITS.get(record["body"]["showAs"], "0")
            for record in records
            if span_of(record)[0] < until and span_of(record)[1] > after
        ]
        digits.append(max(marks, default="0"))
        after = until
    return "".join(digits)


def _item(who: Caller, record: Record, *, own: bool) -> Json:
    begins, ends = (
        {
            "dateTime": f"{to_wall(moment, who.zone):%Y-%m-%dT%H:%M:%S}.0000000",
            "timeZone": who.zone_name,
        }
        for moment in span_of(record)
    )
    private = record["body"]["sensitivity"] in {"private", "confidential"}
    item: Json = {"isPrivate": private, "status": record["body"]["showAs"]}
    item |= {"start": begins, "end": ends}
    if own and not private:
        place = record["body"]["location"].get("displayName", "")
        item |= {"subject": record["body"]["subject"], "location": place}
    return item
