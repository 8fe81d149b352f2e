"""Who calls LiveKit, with which grants, and how twirp says no.

https://docs.livekit.io/frontends/authentication/tokens and
https://twitchtv.github.io/twirp/docs/errors.html
"""

from __future__ import annotations

from typing import Any

import jwt

from sandbox.server.http import Json, NotJson, Refusal, Request, json_response

KEY = "APIsandbox"
SECRET = "a-secret-that-only-the-sandbox-and-its-demo-know"  # noqa: S105 -- it opens nothing else
_STATUS = {
    "unauthenticated": 401,
    "permission_denied": 403,
    "not_found": 404,
    "invalid_argument": 400,
    "malformed": 400,
    "resource_exhausted": 429,
    "unavailable": 503,
}


def twirp_error(code: str, message: str) -> Refusal:
    """The refusal to raise."""
    return Refusal(json_response({"code": code, "msg": message}, _STATUS[code]))


def read_token(token: str) -> Json | None:
    """The claims of a token that this server's key signed and that is valid now; else None."""
    try:
        claims: Json = jwt.decode(
            token,
            SECRET,
            algorithms=["HS256"],
            issuer=KEY,
            options={"require": ["exp", "iss"]},
        )
    except jwt.InvalidTokenError:
        return None
    return claims if isinstance(claims.get("video"), dict) else None


def require(request: Request, grant: str, room: str = "") -> None:
    """Refuse unless the caller's token holds the grant, for that room if one is named."""
    claims = read_token(request.bearer())
    if claims is None:
        raise twirp_error("unauthenticated", "invalid token")
    video: dict[str, Any] = claims["video"]
    if video.get(grant) is not True or (room and video.get("room") != room):
        raise twirp_error("permission_denied", "permissions denied")


def body_of(request: Request) -> Json:
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise twirp_error("malformed", "unexpected Content-Type")
    try:
        return request.json()
    except NotJson:
        raise twirp_error("malformed", "the json request could not be decoded") from None


def field(body: Json, snake: str, default: Any) -> Any:
    """A field by either of the names that protocol buffers give it in JSON."""
    head, *rest = snake.split("_")
    camel = head + "".join(word.title() for word in rest)
    return body.get(snake, body.get(camel, default))
