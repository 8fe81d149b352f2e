"""Connections, calendars, the mirror of events, and promised time."""

from __future__ import annotations

from calendars.models.connections import (
    CalendarConnection,
    CalendarConnectionBase,
    OAuthFlow,
    UserCalendarConnection,
)
from calendars.models.events import (
    Calendar,
    CalendarShare,
    Event,
    EventTask,
    PushChannel,
    event_id_for,
)
from calendars.models.holds import Hold
from calendars.models.remembered import RememberedCalendar

__all__ = [
    "Calendar",
    "CalendarConnection",
    "CalendarConnectionBase",
    "CalendarShare",
    "Event",
    "EventTask",
    "Hold",
    "OAuthFlow",
    "PushChannel",
    "RememberedCalendar",
    "UserCalendarConnection",
    "event_id_for",
]
