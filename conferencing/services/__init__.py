"""Zoom accounts, the meetings made in them, and their upkeep."""

from __future__ import annotations

from conferencing.services.accounts import (
    check_zoom_plan,
    has_zoom,
    keep_zoom_connection,
    owners_with_zoom,
    zoom_connection_in,
    zoom_connection_model,
    zoom_connections_in,
    zoom_connections_of,
)
from conferencing.services.rooms import (
    create_zoom_meeting,
    end_zoom_meeting,
    read_zoom_meeting,
    retie_zoom_meetings,
    tie_wish,
    tie_zoom_meeting,
    update_zoom_meeting,
    zoom_meeting_at,
    zoom_meeting_for,
    zoom_meeting_of,
)
from conferencing.services.upkeep import look_after

__all__ = [
    "check_zoom_plan",
    "create_zoom_meeting",
    "end_zoom_meeting",
    "has_zoom",
    "keep_zoom_connection",
    "look_after",
    "owners_with_zoom",
    "read_zoom_meeting",
    "retie_zoom_meetings",
    "tie_wish",
    "tie_zoom_meeting",
    "update_zoom_meeting",
    "zoom_connection_in",
    "zoom_connection_model",
    "zoom_connections_in",
    "zoom_connections_of",
    "zoom_meeting_at",
    "zoom_meeting_for",
    "zoom_meeting_of",
]
