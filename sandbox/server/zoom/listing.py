"""The list of a Zoom user's meetings, page by page."""

from __future__ import annotations

from datetime import timedelta

from sandbox.server.http import Json, Request, Response, json_response
from sandbox.server.instants import parse_instant
from sandbox.server.records import Record
from sandbox.server.zoom.access import LIST, Caller, caller, zoom_error
from sandbox.server.zoom.meetings import INSTANT, NO_FIXED_TIME, shown

TYPES = {"scheduled", "live", "upcoming", "upcoming_meetings", "previous_meetings"}
MOST = 300
AGENDA = 250
# What is over runs out after this: https://support.zoom.com, "Meeting and webinar IDs".
RUNS_OUT = timedelta(days=30)
_FIELDS = ("uuid", "id", "host_id", "topic", "type", "start_time", "duration", "timezone",
           "created_at", "join_url")  # fmt: skip


def list_meetings(request: Request) -> Response:
    """Scheduled meetings that have not run out; the agenda cut off after 250 characters."""
    who = caller(request, LIST).of(request.params["user"])
    kind = request.arg("type") or "scheduled"
    size = request.arg("page_size") or "30"
    if kind not in TYPES or not size.isdigit() or not 1 <= int(size) <= MOST:
        raise zoom_error(400, 300, "Validation Failed.")
    size_of_page = min(int(size), int(who.store.setting("zoom.page_size", MOST)))
    mine = [one for one in who.store.all("meeting") if _is_listed(who, one)]
    mine.sort(key=lambda record: (record["start_time"] or record["created_at"], record["id"]))
    token = request.arg("next_page_token")
    if token and not token.removeprefix("zp-").isdigit():
        raise zoom_error(400, 300, "The next page token is invalid or expired.")
    begin = int(token.removeprefix("zp-")) if token else 0
    end = begin + size_of_page
    return json_response(
        {
            "page_size": size_of_page,
            "total_records": len(mine),
            "next_page_token": f"zp-{end}" if end < len(mine) else "",
            "meetings": [_line(who, record) for record in mine[begin:end]],
        }
    )


def _is_listed(who: Caller, record: Record) -> bool:
    if record["account"] != who.account["id"] or record["type"] == INSTANT:
        return False
    start = parse_instant(record["start_time"] or "")
    if record["type"] == NO_FIXED_TIME or start is None:
        return True
    return start > who.store.now() - RUNS_OUT


def _line(who: Caller, record: Record) -> Json:
    whole = shown(who, record)
    line = {name: whole[name] for name in _FIELDS if name in whole}
    if whole["agenda"]:
        line["agenda"] = whole["agenda"][:AGENDA]
    return line
