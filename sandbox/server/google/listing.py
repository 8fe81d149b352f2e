"""events.list, events.get and events.instances: windows, pages, filters and sync tokens."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.server.cursors import decode, encode
from sandbox.server.google import times
from sandbox.server.google.access import READ_EVENTS, Place, place, stored_event
from sandbox.server.google.errors import bad_request, google_error, not_found
from sandbox.server.google.events import (
    HORIZON,
    answer,
    bounds,
    etag_of,
    exceptions_of,
    find_occurrence,
    is_series,
    occurrences,
    overlaps,
    zone_of,
)
from sandbox.server.http import Json, Request, Response, empty, json_response
from sandbox.server.instants import iana_zone, utc_text
from sandbox.server.records import Record

Item = tuple[Record, Json]
Order = Callable[[Place, Item], list[Any]]
NOT_WITH_SYNC: tuple[str, ...] = (
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
)
NOT_WITH_SYNC += ("timeMin", "timeMax", "updatedMin")
SIZE, LARGEST = 250, 2500
ACCESS_ROLES = {"writerWithoutPrivateAccess": "writer"}


def get(request: Request) -> Response:
    where = place(request, READ_EVENTS)
    record = stored_event(where, request.params["event"])
    if record is not None:
        body = record["body"]
    else:
        found = find_occurrence(where, request.params["event"])
        if found is None:
            raise not_found()
        record, body = found
    if request.headers.get("if-none-match", "") == etag_of(record):
        return empty(304)
    headers = [("ETag", etag_of(record))]
    shown = answer(where, record, body, _asked_zone(where), full=True)
    return json_response(shown, headers=headers)


def list_events(request: Request) -> Response:
    where = place(request, READ_EVENTS)
    sync = request.arg("syncToken")
    if sync:
        state = _sync_state(where, sync)
        return _page(where, _changed(where, state), state, _by_change)
    order = ORDERS.get(
        request.arg("orderBy"), _by_start if request.flag("singleEvents") else _by_birth
    )
    return _page(where, _window(where), _new_state(where), order)


def instances(request: Request) -> Response:
    where = place(request, READ_EVENTS)
    series_id = request.params["event"]
    record = stored_event(where, series_id)
    if record is None:
        raise not_found()
    after, before = _range(request)
    items = _expanded(where, record, after, before, deleted=request.flag("showDeleted"))
    wanted = times.query_instant(request.arg("originalStart"), "originalStart")
    if wanted:
        zone = zone_of(where)
        items = [i for i in items if times.instant(i[1]["originalStartTime"], zone) == wanted]
    return _page(where, items, None, _by_start)


def _asked_zone(where: Place) -> ZoneInfo:
    name = where.request.arg("timeZone")
    if not name:
        return zone_of(where)
    found = iana_zone(name)
    if found is None:
        raise google_error(400, "badRequest", "Invalid time zone.", location="timeZone")
    return found


def _range(request: Request) -> tuple[datetime | None, datetime | None]:
    after = times.query_instant(request.arg("timeMin"), "timeMin")
    before = times.query_instant(request.arg("timeMax"), "timeMax")
    if after and before and after >= before:
        message = "The specified time range is empty."
        raise google_error(400, "timeRangeEmpty", message, domain="calendar", location="timeMax")
    return after, before


def _window(where: Place) -> list[Item]:
    request = where.request
    single, deleted = request.flag("singleEvents"), request.flag("showDeleted")
    order = request.arg("orderBy")
    if order not in {"", "startTime", "updated"}:
        raise google_error(400, "invalidParameter", "Invalid orderBy.", location="orderBy")
    if order == "startTime" and not single:
        message = "The requested ordering is not available for the particular query."
        raise google_error(400, "badRequest", message, location="orderBy")
    after, before = _range(request)
    items: list[Item] = []
    for record in where.store.events_of(where.calendar["id"]):
        items += _shown(where, record, after, before, single=single, deleted=deleted)
    return [item for item in items if _wanted(request, item[1])]


def _by_start(where: Place, item: Item) -> list[Any]:
    body = item[1]
    value = body.get("start") or body["originalStartTime"]
    return [times.instant(value, zone_of(where)).astimezone(UTC).isoformat(), body["id"]]


def _by_change(where: Place, item: Item) -> list[Any]:
    return [item[0]["changed"], item[1]["id"]]


def _by_birth(where: Place, item: Item) -> list[Any]:
    return [item[0]["born"], item[1]["id"]]


ORDERS: dict[str, Order] = {"startTime": _by_start, "updated": _by_change}


def _shown(
    where: Place,
    record: Record,
    after: datetime | None,
    before: datetime | None,
    *,
    single: bool,
    deleted: bool,
) -> list[Item]:
    """The items that one record gives in the window."""
    body = record["body"]
    if is_series(body):
        if body["status"] == "cancelled":
            return [(record, body)] if deleted and not single else []
        if single:
            return list(_plain(where, record, after, before))
        # A series is in the window when one of its occurrences is.
        return [(record, body)] if any(_plain(where, record, after, before)) else []
    if body["status"] == "cancelled" and not deleted and not _told(where, body, single=single):
        return []
    return [(record, body)] if overlaps(bounds(body, zone_of(where)), after, before) else []


def _told(where: Place, body: Json, *, single: bool) -> bool:
    """A cancelled occurrence is told beside its series, but not one by one."""
    if single or "recurringEventId" not in body:
        return False
    master = stored_event(where, body["recurringEventId"])
    return master is not None and master["body"]["status"] != "cancelled"


def _plain(
    where: Place, record: Record, after: datetime | None, before: datetime | None
) -> Iterable[Item]:
    """The occurrences of a series that no exception replaces."""
    replaced = exceptions_of(where, record["body"]["id"])
    until = before or where.store.now() + HORIZON
    for body in occurrences(record, after, until, zone_of(where)):
        if body["id"] not in replaced:
            yield record, body


def _expanded(
    where: Place, record: Record, after: datetime | None, before: datetime | None, *, deleted: bool
) -> list[Item]:
    body = record["body"]
    if not is_series(body) or body["status"] == "cancelled":
        return []
    items = list(_plain(where, record, after, before))
    for exception in exceptions_of(where, body["id"]).values():
        items += _shown(where, exception, after, before, single=True, deleted=deleted)
    return items


def _wanted(request: Request, body: Json) -> bool:
    """Do the filters q, iCalUID, updatedMin, eventTypes and the extended properties let it by?"""
    text = request.arg("q").lower()
    if text:
        fields = [str(body.get(name, "")) for name in ("summary", "description", "location")]
        fields += [guest["email"] for guest in body.get("attendees", [])]
        if not any(text in field.lower() for field in fields):
            return False
    if request.arg("iCalUID") and body.get("iCalUID") != request.arg("iCalUID"):
        return False
    types = request.args("eventTypes")
    if types and body.get("eventType", "default") not in types:
        return False
    since = times.query_instant(request.arg("updatedMin"), "updatedMin")
    if since and datetime.fromisoformat(body["updated"]) < since:
        return False
    kept = body.get("extendedProperties", {})
    for kind in ("private", "shared"):
        for pair in request.args(f"{kind}ExtendedProperty"):
            name, mark, value = pair.partition("=")
            if not mark:
                raise bad_request(f"Invalid {kind}ExtendedProperty.")
            if kept.get(kind, {}).get(name) != value:
                return False
    return True


def _new_state(where: Place) -> Json | None:
    """What a sync token of this list keeps; a list ordered or filtered by content gives none."""
    request = where.request
    if any(request.arg(name) for name in NOT_WITH_SYNC if name not in {"timeMin", "timeMax"}):
        return None
    after, before = _range(request)
    return {
        "c": where.calendar["id"],
        "g": where.calendar["generation"],
        "s": request.flag("singleEvents"),
        "a": after.isoformat() if after else None,
        "b": before.isoformat() if before else None,
    }


def _sync_state(where: Place, token: str) -> Json:
    """What the token keeps. 400 beside filters, 410 when it is not known any more."""
    if any(where.request.arg(name) for name in NOT_WITH_SYNC):
        raise bad_request("Sync token cannot be used with the given parameters.")
    state = decode(token) or {}
    good = state.get("c") == where.calendar["id"] and state.get("g") == where.calendar["generation"]
    if not good or state.get("s") != where.request.flag("singleEvents"):
        message = "Sync token is no longer valid, a full sync is required."
        raise google_error(
            410, "fullSyncRequired", message, domain="calendar", location="syncToken"
        )
    return state


def _changed(where: Place, state: Json) -> list[Item]:
    """What changed since the token, in its window; deletions are always among it."""
    since = int(state["r"])
    items: list[Item] = []
    for record in where.store.events_of(where.calendar["id"]):
        if record["changed"] <= since:
            continue
        if state["s"] and is_series(record["body"]):
            items += _changed_series(where, record, since)
        else:
            items.append((record, record["body"]))
    return [item for item in items if _in_view(where, item, state, since)]


def _in_view(where: Place, item: Item, state: Json, since: int) -> bool:
    """Is the change one for this token? What never was in its window is not."""
    record, body = item
    if body["status"] == "cancelled" or record["born"] <= since:
        return True
    if "recurringEventId" in body and body["originalStartTime"] != body["start"]:
        # An occurrence was in the window where its series had it, before it was one of its own.
        master = stored_event(where, body["recurringEventId"])
        if master is not None and master["born"] <= since:
            return True
    after, before = (datetime.fromisoformat(state[n]) if state[n] else None for n in ("a", "b"))
    if is_series(body):
        return any(_plain(where, record, after, before))
    return overlaps(bounds(body, zone_of(where)), after, before)


def _changed_series(where: Place, record: Record, since: int) -> list[Item]:
    """A changed series, one by one: what it gives now, and what it gave before as cancelled."""
    body = record["body"]
    gone = body["status"] == "cancelled"
    now = [] if gone else list(_plain(where, record, None, None))
    ids = {item[1]["id"] for item in now} | set(exceptions_of(where, body["id"]))
    former = [was["body"] for was in record.get("was", []) if was["until"] > since]
    former += [{**body, "status": "confirmed"}] if gone else []
    for old in former:
        for made in occurrences({"body": old}, None, where.store.now() + HORIZON, zone_of(where)):
            if made["id"] not in ids:
                ids.add(made["id"])
                kept = {k: made[k] for k in ("id", "recurringEventId", "originalStartTime")}
                now.append((record, {**kept, "status": "cancelled"}))
    return now


def _page(where: Place, items: list[Item], state: Json | None, order: Order) -> Response:
    """One page of the items. The next one begins after the last item of this one, not at a number:
    what is deleted between two pages takes nothing else along.
    """
    request = where.request
    items = sorted(items, key=lambda item: order(where, item))
    try:
        size = max(1, min(int(request.arg("maxResults") or SIZE), LARGEST))
    except ValueError:
        raise google_error(
            400, "invalidParameter", "Invalid value.", location="maxResults"
        ) from None
    size = min(size, int(where.store.setting("google.page_size", LARGEST)))
    last, revision = _page_start(where, request.arg("pageToken"))
    first = bisect_right(items, last, key=lambda item: order(where, item)) if last else 0
    if not request.arg("pageToken") and where.store.setting("google.empty_first_page"):
        # Google may answer an empty page that is not the last.
        size = 0
    zone = _asked_zone(where)
    shown = [answer(where, record, body, zone) for record, body in items[first : first + size]]
    calendar = where.calendar
    result: Json = {
        "kind": "calendar#events",
        "etag": f'"p{calendar["changed"]}{revision}"',
        "summary": calendar["name"],
        "updated": utc_text(where.store.now(), decimals=3),
        "timeZone": str(zone),
        "accessRole": ACCESS_ROLES.get(where.role, where.role),
        "defaultReminders": [{"method": "popup", "minutes": 10}],
        "items": shown,
    }
    if first + size < len(items) or not size:
        at = order(where, items[first + size - 1]) if size else last
        result["nextPageToken"] = encode(k=at, r=revision, c=calendar["id"])
    elif state is not None:
        result["nextSyncToken"] = encode(**{**state, "r": revision})
    return json_response(result)


def _page_start(where: Place, token: str) -> tuple[list[Any], int]:
    """After which item the page begins, and the revision at which the first page was read."""
    if not token:
        return [], int(where.store.setting("revision", 0))
    parts = decode(token) or {}
    if parts.get("c") != where.calendar["id"]:
        raise google_error(400, "invalid", "Invalid page token value.", location="pageToken")
    return list(parts["k"]), int(parts["r"])
