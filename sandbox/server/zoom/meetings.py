"""Zoom users and meetings: create, read, change, delete, and the daily limit."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.server.http import Json, Refusal, Request, Response, empty, json_response
from sandbox.server.instants import iana_zone, parse_instant, parse_wall, to_utc, utc_text
from sandbox.server.records import Record
from sandbox.server.zoom import occurrences
from sandbox.server.zoom.access import (
    CREATE,
    DELETE,
    READ,
    READ_USER,
    UPDATE,
    Caller,
    body_of,
    caller,
    invalid,
    zoom_error,
)

DAILY_LIMIT = 100
INSTANT, SCHEDULED, NO_FIXED_TIME, FIXED_TIME = 1, 2, 3, 8
TYPES = {INSTANT, SCHEDULED, NO_FIXED_TIME, FIXED_TIME}
_TEXTS = ("topic", "agenda", "password", "schedule_for", "template_id")
_MOST = {"topic": 200, "agenda": 2000, "password": 10}
_SETTINGS: Json = {
    "host_video": False,
    "participant_video": False,
    "join_before_host": False,
    "mute_upon_entry": False,
    "waiting_room": True,
    "approval_type": 2,
    "audio": "both",
    "auto_recording": "none",
    "meeting_authentication": False,
}


def me(request: Request) -> Response:
    who = caller(request, READ_USER).of(request.params["user"])
    first, _, last = who.account["name"].partition(" ")
    return json_response(
        {
            "id": who.account["sub"],
            "account_id": who.account["tid"],
            "email": who.account["email"],
            "first_name": first,
            "last_name": last,
            "display_name": who.account["name"],
            "type": 2 if who.account["kind"] == "work" else 1,
            "timezone": who.account["timezone"],
            "status": "active",
        }
    )


def create(request: Request) -> Response:
    who = caller(request, CREATE).of(request.params["user"])
    sent = body_of(request)
    _count(who)
    number = 80_000_000_000 + secrets.randbelow(9_999_999_999)
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    record: Record = {
        "id": number,
        "account": who.account["id"],
        "created_at": utc_text(who.store.now()),
        "uuid": secrets.token_urlsafe(16) + "==",
        "secret": digest[:24],
        "word": digest[24:30],
        "base_url": request.base_url,
        "topic": "Zoom Meeting",
        "agenda": "",
        "type": SCHEDULED,
        "start_time": None,
        "duration": 60,
        "timezone": who.account["timezone"],
        "password": digest[30:36],
        "recurrence": None,
        "removed": [],
        "settings": dict(_SETTINGS),
    }
    _apply(who, record, sent)
    who.store.put("meeting", str(number), record)
    return json_response(shown(who, record), 201)


def _count(who: Caller) -> None:
    """100 creates and updates a user and day, counted from 00:00 UTC."""
    _count_second(who)
    today = f"{who.store.now():%Y-%m-%d}"
    limit = int(who.store.setting("zoom.daily_limit", DAILY_LIMIT))
    name = f"zoom.count.{who.account['id']}"
    day, used = who.store.setting(name, [today, 0])
    used = used if day == today else 0
    if used >= limit:
        midnight = datetime.combine(who.store.now().date() + timedelta(days=1), datetime.min.time())
        reset = utc_text(midnight.replace(tzinfo=UTC))
        told = who.store.setting("zoom.tells_reset", "yes") == "yes"
        raise zoom_error(
            429,
            429,
            f"You have exceeded the daily rate limit ({limit}) of Meeting Create/Update API "
            "requests permitted for this particular user.",
            (
                *((("Retry-After", reset),) if told else ()),
                ("X-RateLimit-Category", "Light"),
                ("X-RateLimit-Type", "Daily-limit"),
                ("X-RateLimit-Limit", str(limit)),
                ("X-RateLimit-Remaining", "0"),
            ),
        )
    who.store.set_setting(name, [today, used + 1])


def _count_second(who: Caller) -> None:
    """So many a second of the whole account, where the setting `zoom.qps` says how many."""
    limit = int(who.store.setting("zoom.qps", 0))
    second, used = who.store.setting("zoom.second", ["", 0])
    now = f"{who.store.now():%Y-%m-%dT%H:%M:%S}"
    used = used if second == now else 0
    if limit and used >= limit:
        raise zoom_error(
            429,
            429,
            "You have reached the maximum per-second rate limit for this API. Try again later.",
            (
                ("X-RateLimit-Category", "Light"),
                ("X-RateLimit-Type", "QPS"),
                ("X-RateLimit-Limit", str(limit)),
                ("X-RateLimit-Remaining", "0"),
            ),
        )
    who.store.set_setting("zoom.second", [now, used + 1])


def _apply(who: Caller, record: Record, sent: Json) -> None:
    """Write what was sent into the record. Refuses with 400 code 300."""
    for name in _TEXTS:
        value = sent.get(name)
        if value is None:
            continue
        if not isinstance(value, str) or len(value) > _MOST.get(name, 255):
            raise invalid(name, f"Invalid field: {name}.")
        record[name] = value
    if "type" in sent:
        if sent["type"] not in TYPES:
            raise invalid("type", "Invalid meeting type.")
        record["type"] = sent["type"]
    if "duration" in sent:
        if not isinstance(sent["duration"], int) or not 1 <= sent["duration"] <= 1440:
            raise invalid("duration", "Invalid duration.")
        record["duration"] = sent["duration"]
    _apply_start(record, sent)
    if record["type"] == FIXED_TIME and (sent.get("recurrence") or not record["recurrence"]):
        start = parse_instant(record["start_time"] or "") or who.store.now()
        zone = iana_zone(record["timezone"]) or ZoneInfo("UTC")
        record["recurrence"] = occurrences.clean_recurrence(sent.get("recurrence"), start, zone)
    if isinstance(sent.get("settings"), dict):
        record["settings"] |= sent["settings"]


def _apply_start(record: Record, sent: Json) -> None:
    zone_name: Any = sent.get("timezone") or record["timezone"]
    zone = iana_zone(str(zone_name))
    if zone is None:
        raise invalid("timezone", "Invalid timezone.")
    record["timezone"] = zone_name
    if "start_time" not in sent:
        return
    text = str(sent["start_time"])
    wall = parse_wall(text)
    moment = parse_instant(text) or (to_utc(wall, zone) if wall else None)
    if moment is None:
        raise invalid("start_time", "Invalid start_time.")
    record["start_time"] = utc_text(moment)


def shown(who: Caller, record: Record) -> Json:
    """The meeting as Zoom answers it, with the host's own start address."""
    number, base = record["id"], record["base_url"]
    host = who.store.get("account", record["account"]) or who.account
    shown: Json = {
        "uuid": record["uuid"],
        "id": number,
        "host_id": host["sub"],
        "host_email": host["email"],
        "topic": record["topic"],
        "type": record["type"],
        "status": "waiting",
        "timezone": record["timezone"],
        "agenda": record["agenda"],
        "created_at": record["created_at"],
        "start_url": f"{base}/zoom/s/{number}?zak={record['secret']}",
        "join_url": f"{base}/zoom/j/{number}?pwd={record['word']}.1",
        "password": record["password"],
        "encrypted_password": record["word"],
        "settings": record["settings"],
        "pre_schedule": False,
    }
    if record["type"] in {SCHEDULED, FIXED_TIME}:
        shown |= {"start_time": record["start_time"] or record["created_at"]}
        shown["duration"] = record["duration"]
    if record["type"] == FIXED_TIME:
        shown["recurrence"] = record["recurrence"]
        shown["occurrences"] = occurrences.occurrences_of(record)
    return shown


def _mine(who: Caller) -> Record:
    """The meeting of the path. Refuses with 404 code 3001, 400 code 300."""
    text = who.request.params["meeting"].replace(" ", "")
    if not text.isdigit():
        raise zoom_error(400, 300, "Invalid meeting id.")
    record = who.store.get("meeting", text)
    if record is None or not who.may_host_as(record["account"]):
        raise not_found(text)
    return record


def not_found(number: str) -> Refusal:
    return zoom_error(404, 3001, f"Meeting does not exist: {number}.")


def get(request: Request) -> Response:
    who = caller(request, READ)
    return json_response(shown(who, _mine(who)))


def update(request: Request) -> Response:
    who = caller(request, UPDATE)
    record = _mine(who)
    sent = body_of(request)
    wanted = request.arg("occurrence_id")
    if wanted:
        occurrences.find(record, wanted)
    _count(who.host_of(record))
    if wanted:
        occurrences.change(record, wanted, sent)
    else:
        changed = {**record, "settings": dict(record["settings"])}
        _apply(who, changed, sent)
        record = changed
    who.store.put("meeting", str(record["id"]), record)
    return empty(204)


def delete(request: Request) -> Response:
    who = caller(request, DELETE)
    record = _mine(who)
    wanted = request.arg("occurrence_id")
    if wanted:
        occurrences.find(record, wanted)
        record["removed"].append(wanted)
        who.store.put("meeting", str(record["id"]), record)
    else:
        who.store.drop("meeting", str(record["id"]))
    return empty(204)
