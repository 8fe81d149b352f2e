"""Rooms: made or found by name, gone when they stay empty for too long, and who is in them."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sandbox.server.http import Json, Request, Response, json_response
from sandbox.server.livekit.access import body_of, field, read_token, require, twirp_error
from sandbox.server.records import Record, Records

# How long a room stays empty unless its maker says otherwise.
EMPTY_TIMEOUT = 300


def create(request: Request) -> Response:
    """Get or create: a repeat answers with the room that is there."""
    require(request, "roomCreate")
    body = body_of(request)
    name, empty = field(body, "name", ""), field(body, "empty_timeout", EMPTY_TIMEOUT)
    if not isinstance(name, str) or not name:
        raise twirp_error("invalid_argument", "name is required")
    if not isinstance(empty, int) or isinstance(empty, bool) or empty < 0:
        raise twirp_error("malformed", "the json request could not be decoded")
    return json_response(_shown(open_room(request.store, name, empty)))


def list_rooms(request: Request) -> Response:
    require(request, "roomList")
    names = field(body_of(request), "names", [])
    rooms = [one for one in _live(request.store) if not names or one["name"] in names]
    return json_response({"rooms": [_shown(one) for one in rooms]})


def delete(request: Request) -> Response:
    require(request, "roomCreate")
    name = field(body_of(request), "room", "")
    if all(one["name"] != name for one in _live(request.store)):
        raise twirp_error("not_found", "requested room does not exist")
    request.store.drop("livekit_room", name)
    return json_response({})


def list_participants(request: Request) -> Response:
    name = field(body_of(request), "room", "")
    require(request, "roomAdmin", name)
    room = next((one for one in _live(request.store) if one["name"] == name), None)
    if room is None:
        raise twirp_error("not_found", "requested room does not exist")
    people = [{"identity": who, "name": said} for who, said in room["people"].items()]
    return json_response({"participants": people})


def enter(request: Request) -> Response:
    """What the meeting page asks: who the bearer of the token is, and in which room."""
    claims = read_token(str(request.json().get("token", "")))
    if claims is None:
        return json_response({"ok": False, "why": "The token is not valid, or no longer."}, 401)
    video = claims["video"]
    name = video.get("room")
    if video.get("roomJoin") is not True or not isinstance(name, str) or not name:
        return json_response({"ok": False, "why": "The token opens no room."}, 403)
    room = open_room(request.store, name, EMPTY_TIMEOUT)
    room["people"][str(claims.get("sub", ""))] = str(claims.get("name", ""))
    request.store.put("livekit_room", name, room)
    return json_response(
        {
            "ok": True,
            "room": name,
            "name": claims.get("name") or claims.get("sub", ""),
            "host": video.get("roomAdmin") is True,
            "others": len(room["people"]) - 1,
        }
    )


def open_room(store: Records, name: str, empty_timeout: int) -> Record:
    """The room of that name, new if there is none."""
    found = next((one for one in _live(store) if one["name"] == name), None)
    if found is not None:
        return found
    made: Record = {
        "name": name,
        "sid": f"RM_{secrets.token_urlsafe(9)}",
        "empty_timeout": empty_timeout,
        "created_at": store.now().isoformat(),
        "people": {},
    }
    return store.put("livekit_room", name, made)


def _live(store: Records) -> list[Record]:
    return [one for one in store.all("livekit_room") if one["people"] or not _is_over(store, one)]


def _is_over(store: Records, room: Record) -> bool:
    made = datetime.fromisoformat(room["created_at"])
    return bool(store.now() > made + timedelta(seconds=room["empty_timeout"]))


def _shown(room: Record) -> Json:
    """As protocol buffers write it in JSON: numbers of 64 bits as text."""
    made = int(datetime.fromisoformat(room["created_at"]).timestamp())
    return {
        "sid": room["sid"],
        "name": room["name"],
        "empty_timeout": room["empty_timeout"],
        "departure_timeout": 20,
        "max_participants": 0,
        "creation_time": str(made),
        "metadata": "",
        "num_participants": len(room["people"]),
        "num_publishers": 0,
        "active_recording": False,
    }
