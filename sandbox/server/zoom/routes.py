"""Zoom's addresses."""

from __future__ import annotations

from sandbox.server.http import route
from sandbox.server.zoom import listing, meetings, oauth

MEETING = "/zoom/v2/meetings/{meeting}"

ROUTES = [
    route("GET", "/zoom/oauth/authorize", oauth.authorize, "zoom.authorize"),
    route("POST", "/zoom/oauth/authorize", oauth.authorize, "zoom.authorize"),
    route("POST", "/zoom/oauth/token", oauth.token, "zoom.token"),
    route("POST", "/zoom/oauth/revoke", oauth.revoke, "zoom.revoke"),
    route("GET", "/zoom/v2/users/{user}", meetings.me, "zoom.users.get"),
    route("GET", "/zoom/v2/users/{user}/meetings", listing.list_meetings, "zoom.meetings.list"),
    route("POST", "/zoom/v2/users/{user}/meetings", meetings.create, "zoom.meetings.create"),
    route("GET", MEETING, meetings.get, "zoom.meetings.get"),
    route("PATCH", MEETING, meetings.update, "zoom.meetings.update"),
    route("DELETE", MEETING, meetings.delete, "zoom.meetings.delete"),
]
