"""The meeting page: it reads the token behind the `#`, which no server saw, and says who is in."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from sandbox.server.http import Request, Response
from sandbox.server.pages.layout import page, text

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def room(request: Request) -> Response:
    script = f"{text(request.base_url)}/static/livekit-room.js"
    body = (
        '<div class="stack-s" id="room" aria-live="polite"><h1 class="t-20">Entering the room</h1>'
        "<noscript><p>A meeting page needs scripts, as video does.</p></noscript></div>"
        f'<script type="module" src="{script}"></script>'
    )
    made = page(
        request, title="Pretend LiveKit room", tape="SANDBOX. This is not LiveKit.", body=body
    )
    headers = [(k, v) for k, v in made.headers if k != "Content-Security-Policy"]
    return Response(200, made.body, (*headers, ("Content-Security-Policy", _POLICY)))


@lru_cache(maxsize=1)
def _script() -> bytes:
    return (Path(__file__).parent.parent / "static" / "livekit-room.js").read_bytes()


def script(request: Request) -> Response:
    kind = ("Content-Type", "text/javascript; charset=utf-8")
    return Response(200, _script(), (kind, ("Cache-Control", "max-age=3600")))
