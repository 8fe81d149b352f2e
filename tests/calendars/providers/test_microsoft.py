"""Outlook's adapter: the contract, its table of refusals, and what only Graph does."""

from __future__ import annotations

from tests.calendars.providers.contract import CalendarProviderContract


class TestOutlook(CalendarProviderContract):
    KEY = "outlook"
    SIDE = "microsoft"
    CALENDARS = "microsoft.calendars.list"
    LIST = BUSY = "microsoft.calendarView.list"
    CHANGES = "microsoft.calendarView.delta"
    GET = "microsoft.events.get"
    CREATE = "microsoft.events.create"
    UPDATE = "microsoft.events.update"
    DELETE = "microsoft.events.delete"

    def guest_answers(self, sandbox, remote_calendar, remote_id, email):
        event = sandbox.store.get("event", remote_id)
        for guest in event["body"]["attendees"]:
            if guest["emailAddress"]["address"] == email:
                guest["status"] = {"response": "accepted", "time": "2026-03-01T08:00:00Z"}
