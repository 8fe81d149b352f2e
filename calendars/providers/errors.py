"""Errors that only a calendar provider can raise; the rest stand in `common.errors`."""

from __future__ import annotations

from common.errors import UpstreamError


class EventGone(UpstreamError):
    """404 or 410 on an event: it is no longer there. Deleting swallows this."""

    code = "event_gone"
    status = 410
    default_message = "This event no longer exists in its calendar."


class CalendarGone(UpstreamError):
    """404 on a calendar: unshared or deleted. Never swallowed: the calendar is paused.

    `calendar_remote_id` says which one, when several were asked about.
    """

    code = "calendar_gone"
    status = 410
    default_message = "This calendar is no longer there, or no longer shared with the account."

    def __init__(self, message: str = "", calendar_remote_id: str = "") -> None:
        self.calendar_remote_id = calendar_remote_id
        super().__init__(message)


class CursorLost(UpstreamError):
    """The provider forgot the sync cursor (410): start over from a full listing."""

    code = "cursor_lost"
    status = 410
    default_message = "The calendar has to be read anew."
