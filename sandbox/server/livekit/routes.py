"""LiveKit's addresses."""

from __future__ import annotations

from sandbox.server.http import route
from sandbox.server.livekit import page, rooms

SERVICE = "/livekit/twirp/livekit.RoomService"

ROUTES = [
    route("POST", f"{SERVICE}/CreateRoom", rooms.create, "livekit.rooms.create"),
    route("POST", f"{SERVICE}/ListRooms", rooms.list_rooms, "livekit.rooms.list"),
    route("POST", f"{SERVICE}/DeleteRoom", rooms.delete, "livekit.rooms.delete"),
    route(
        "POST",
        f"{SERVICE}/ListParticipants",
        rooms.list_participants,
        "livekit.participants.list",
    ),
    route("GET", "/livekit/room", page.room, "pages.livekit_room"),
    route("POST", "/livekit/enter", rooms.enter, "livekit.enter"),
    route("GET", "/static/livekit-room.js", page.script, "pages.livekit_script"),
]
