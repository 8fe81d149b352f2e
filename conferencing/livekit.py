"""LiveKit: rooms on its server, and the tokens that it lets people in by.

https://docs.livekit.io/reference/other/roomservice-api
https://docs.livekit.io/frontends/authentication/tokens
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import jwt
from django.conf import settings

from common.errors import (
    BadReply,
    RateLimited,
    Unsupported,
    UpstreamError,
    UpstreamForbidden,
    UpstreamUnavailable,
)
from common.http import ProviderSession
from common.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from common.http import Answer

# For entering; who is in stays in, because the server hands out fresh ones by itself.
ENTER_WITHIN: Final = timedelta(minutes=5)
_CALL_WITHIN: Final = timedelta(minutes=1)
# A server whose clock is behind ours would refuse a token that is not valid yet.
_CLOCKS_APART: Final = timedelta(seconds=30)
_UNREADABLE: Final = "LiveKit gave an answer that could not be read."
_NOT_OURS: Final = "LiveKit does not accept this installation's key. Whoever runs it has to look."

_NO_SERVER: Final = (
    "No LiveKit answers at the configured address. Whoever runs this installation has to look."
)


class LiveKitRoomGone(UpstreamError):
    """There is no such room on the server. Deleting swallows this."""

    code = "conference_gone"
    status = 410
    default_message = "This room does not exist at LiveKit."


@dataclass(frozen=True, slots=True)
class LiveKitServer:
    """A server, the key that it knows us by, and the page on which people meet.

    `meeting_url` holds `{token}` and may hold `{url}`: the server's address for the page's own
    connection. Behind a `#` neither reaches the log of whoever serves the page.
    """

    url: str
    key: str
    secret: Secret
    meeting_url: str

    @property
    def api_url(self) -> str:
        """The address of its API; the one people know is often that of its web socket."""
        url = self.url.rstrip("/")
        for socket, web in (("wss://", "https://"), ("ws://", "http://")):
            if url.startswith(socket):
                return web + url.removeprefix(socket)
        return url

    def page_for(self, token: Secret) -> Secret:
        """The address that lets its bearer in."""
        parts = {"{url}": quote(self.url, safe=""), "{token}": quote(token.reveal(), safe="")}
        page = self.meeting_url
        for part, value in parts.items():
            page = page.replace(part, value)
        return Secret(page)


@dataclass(frozen=True, slots=True)
class Entrant:
    """Who enters: `identity` is unique in the room, `name` is what others read."""

    identity: str
    name: str
    is_host: bool = False


def configured_server() -> LiveKitServer | None:
    """The server that the settings name; None while one of the four is missing."""
    given = (
        settings.LIVEKIT_URL,
        settings.LIVEKIT_API_KEY,
        settings.LIVEKIT_API_SECRET,
        settings.LIVEKIT_MEETING_URL,
    )
    if not all(given) or "{token}" not in settings.LIVEKIT_MEETING_URL:
        return None
    url, key, secret, page = given
    return LiveKitServer(url, key, Secret(secret), page)


def entry_token(server: LiveKitServer, *, room: str, who: Entrant, now: datetime) -> Secret:
    """What lets that one person into that one room, for `ENTER_WITHIN` from `now` (aware)."""
    grants: dict[str, object] = {
        "roomJoin": True,
        "room": room,
        "canPublish": True,
        "canSubscribe": True,
        "canPublishData": True,
    }
    if who.is_host:
        grants["roomAdmin"] = True
    return _signed(
        server, grants, now=now, lasts=ENTER_WITHIN, sub=who.identity, name=who.name[:120]
    )


class LiveKitClient:
    """The server's rooms, for the length of one operation. Every method raises UpstreamError."""

    def __init__(self, server: LiveKitServer, *, now: datetime, time_limit: timedelta) -> None:
        self._server, self._now = server, now
        self._session = ProviderSession("LiveKit", time_limit=time_limit)

    def ensure_room(self, name: str, *, empty_for: timedelta) -> None:
        """Have the room there, empty or not, for at least `empty_for`; a repeat finds it."""
        body = {"name": name, "emptyTimeout": max(60, int(empty_for.total_seconds()))}
        made = self._call("CreateRoom", {"roomCreate": True}, body)
        if made.get("name") != name:
            raise BadReply(_UNREADABLE)

    def delete_room(self, name: str) -> None:
        """End the room and send everybody out; one that is not there is a success."""
        try:
            self._call("DeleteRoom", {"roomCreate": True}, {"room": name})
        except LiveKitRoomGone:
            return

    def room_names(self) -> list[str]:
        """The rooms that are open now."""
        rooms = self._call("ListRooms", {"roomList": True}, {}).get("rooms", [])
        if not isinstance(rooms, list):
            raise BadReply(_UNREADABLE)
        names = [room.get("name") for room in rooms if isinstance(room, dict)]
        return [name for name in names if isinstance(name, str)]

    def _call(
        self, method: str, grants: Mapping[str, object], body: Mapping[str, object]
    ) -> dict[str, Any]:
        answer = self._session.send(
            "POST",
            f"{self._server.api_url}/twirp/livekit.RoomService/{method}",
            token=_signed(self._server, grants, now=self._now, lasts=_CALL_WITHIN),
            json=dict(body),
        )
        if not answer.ok:
            raise error_for(answer)
        if not isinstance(answer.data, dict):
            raise BadReply(_UNREADABLE)
        return answer.data


def error_for(answer: Answer) -> UpstreamError:
    """The error for an answer that is no success, by twirp's code, else by its status.

    https://twitchtv.github.io/twirp/docs/errors.html
    """
    code = answer.data.get("code") if isinstance(answer.data, dict) else None
    if not isinstance(code, str):
        # A proxy's answer, or no LiveKit at all: its 404 says nothing about a room.
        code = _CODES.get(answer.status, "unavailable" if answer.status >= 500 else "malformed")
    if code in {"unauthenticated", "permission_denied"}:
        return UpstreamForbidden(_NOT_OURS)
    if code == "not_found":
        return LiveKitRoomGone()
    if code == "resource_exhausted":
        return RateLimited("LiveKit takes no more rooms right now.", answer.retry_after)
    if code in _PASSING:
        return UpstreamUnavailable("LiveKit did not answer. Try again.")
    if code in {"bad_route", "malformed"}:
        return BadReply(_NO_SERVER)
    return Unsupported("this room", "LiveKit refused this room as it stands.")


_CODES: Final = {401: "unauthenticated", 403: "permission_denied", 429: "resource_exhausted"}
_PASSING: Final = frozenset(
    {"unavailable", "internal", "unknown", "deadline_exceeded", "aborted", "canceled", "dataloss"}
)


def _signed(
    server: LiveKitServer,
    grants: Mapping[str, object],
    *,
    now: datetime,
    lasts: timedelta,
    **claims: str,
) -> Secret:
    payload = {
        "iss": server.key,
        "nbf": int((now - _CLOCKS_APART).timestamp()),
        "exp": int((now + lasts).timestamp()),
        "video": dict(grants),
        **claims,
    }
    return Secret(jwt.encode(payload, server.secret.reveal(), algorithm="HS256"))
