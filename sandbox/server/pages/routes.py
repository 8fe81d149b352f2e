"""Addresses that people open, and what the pages need."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from sandbox.server.http import Request, Response, json_response, route
from sandbox.server.pages import overview, rooms


@lru_cache(maxsize=1)
def _stylesheet() -> bytes:
    return (Path(__file__).parent.parent / "static" / "sandbox.css").read_bytes()


def stylesheet(request: Request) -> Response:
    kind = ("Content-Type", "text/css; charset=utf-8")
    return Response(200, _stylesheet(), (kind, ("Cache-Control", "max-age=3600")))


def healthy(request: Request) -> Response:
    return json_response({"ok": True})


ROUTES = [
    route("GET", "/", overview.overview, "pages.overview"),
    route("GET", "/healthz", healthy, "pages.health"),
    route("GET", "/static/sandbox.css", stylesheet, "pages.stylesheet"),
    route("GET", "/meet/{code}", rooms.meet, "pages.meet"),
    route("GET", "/teams/l/meetup-join/{code}/0", rooms.teams, "pages.teams"),
    route("GET", "/zoom/j/{code}", rooms.zoom, "pages.zoom"),
    route("GET", "/zoom/s/{code}", rooms.zoom, "pages.zoom"),
    route("GET", "/google/event", rooms.event, "pages.event"),
    route("GET", "/microsoft/event", rooms.event, "pages.event"),
]
