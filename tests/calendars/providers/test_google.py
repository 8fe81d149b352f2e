"""Google's adapter: the contract, its table of refusals, and what only Google does."""

from __future__ import annotations

from tests.calendars.providers.contract import CalendarProviderContract


class TestGoogle(CalendarProviderContract):
    KEY = SIDE = "google"
    CALENDARS = "google.calendarList.list"
    LIST = CHANGES = "google.events.list"
    GET = "google.events.get"
    CREATE = "google.events.insert"
    UPDATE = "google.events.patch"
    DELETE = "google.events.delete"
    BUSY = "google.freebusy.query"

    def guest_answers(self, sandbox, remote_calendar, remote_id, email):
        event = sandbox.store.get("event", f"{remote_calendar['id']}/{remote_id}")
        for guest in event["body"]["attendees"]:
            if guest["email"] == email:
                guest["responseStatus"] = "accepted"
