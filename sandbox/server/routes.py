"""Every address of the sandbox, provider by provider."""

from __future__ import annotations

from sandbox.server import control
from sandbox.server.close.routes import ROUTES as CLOSE
from sandbox.server.google.routes import ROUTES as GOOGLE
from sandbox.server.http import Route
from sandbox.server.livekit.routes import ROUTES as LIVEKIT
from sandbox.server.microsoft.routes import ROUTES as MICROSOFT
from sandbox.server.pages.routes import ROUTES as PAGES
from sandbox.server.resend.routes import ROUTES as RESEND
from sandbox.server.zoom.routes import ROUTES as ZOOM


def all_routes() -> list[Route]:
    return [*GOOGLE, *MICROSOFT, *ZOOM, *LIVEKIT, *CLOSE, *RESEND, *control.ROUTES, *PAGES]
