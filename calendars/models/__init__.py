"""Connections, calendars, the mirror of events, and promised time."""

from __future__ import annotations

from calendars.models.choices import CalendarChoice
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
from calendars.models.turns import AccountTurn

__all__ = [
    "AccountTurn",
    "Calendar",
    "CalendarChoice",
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
