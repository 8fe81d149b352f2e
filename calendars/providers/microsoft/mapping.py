"""Graph's events and calendars as ours.

https://learn.microsoft.com/en-us/graph/api/resources/event
https://learn.microsoft.com/en-us/graph/api/resources/calendar
"""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from calendars.enums import ConferenceState, EventKind, EventStatus, Response, Visibility
from calendars.providers.base import (
    Attendee,
    RemoteCalendar,
    RemoteConference,
    RemoteEvent,
    When,
)
from calendars.providers.joining import zoom_in
from calendars.providers.microsoft.body import description_of, without_blob
from calendars.providers.microsoft.recurrence import First, from_graph
from calendars.providers.microsoft.zones import iana_name, read_instant, read_wall
from calendars.providers.reading import read_moment
from common.wallclock import day_begins, wall_clock
from conferencing.enums import Conference

if TYPE_CHECKING:
    from datetime import datetime

    from calendars.providers.reading import Reply

TEAMS_PROVIDER = "teamsForBusiness"
_SKYPE = frozenset({"skypeForBusiness", "skypeForConsumer"})
_FREE = frozenset({"free", "workingElsewhere"})
_KINDS = {"oof": EventKind.OUT_OF_OFFICE, "workingElsewhere": EventKind.WORKING_LOCATION}
_RESPONSE = {
    "accepted": Response.ACCEPTED,
    "tentativelyAccepted": Response.TENTATIVE,
    "declined": Response.DECLINED,
    "notResponded": Response.NEEDS_ACTION,
}


def read_calendar(reply: Reply) -> RemoteCalendar:
    """One calendar. Graph does not tell a calendar's zone, so it is UTC. Raises BadReply."""
    allowed = reply.texts("allowedOnlineMeetingProviders")
    return RemoteCalendar(
        remote_id=reply.remote_id("id"),
        name=reply.text("name"),
        colour=reply.text("hexColor"),
        is_primary=reply.flag("isDefaultCalendar"),
        is_writable=reply.flag("canEdit", default=True),
        allowed_conferences=frozenset({Conference.TEAMS} if TEAMS_PROVIDER in allowed else ()),
    )


def read_event(reply: Reply, calendar: RemoteCalendar) -> RemoteEvent:
    """An event, a series, an occurrence, or a removed one of a delta. Raises BadReply."""
    remote_id = reply.remote_id("id")
    if "@removed" in reply or reply.flag("isCancelled"):
        return RemoteEvent(
            remote_id=remote_id,
            status=EventStatus.CANCELLED,
            start=None,
            end=None,
            series_remote_id=reply.remote_id("seriesMasterId", optional=True),
        )
    start, end = _when(reply, "start", calendar), _when(reply, "end", calendar)
    shown = reply.text("showAs", "busy")
    answered = reply.part("responseStatus").text("response")
    description = _description(reply)
    location = reply.part("location").text("displayName")
    return RemoteEvent(
        remote_id=remote_id,
        status=EventStatus.TENTATIVE if shown == "tentative" else EventStatus.CONFIRMED,
        start=start,
        end=end,
        title=reply.text("subject"),
        description=description,
        location=location,
        is_all_day=start.on is not None,
        is_busy=shown not in _FREE,
        visibility=Visibility.PRIVATE
        if reply.text("sensitivity", "normal") != "normal"
        else Visibility.DEFAULT,
        response=_RESPONSE.get(answered, Response.NONE),
        is_organizer=reply.flag("isOrganizer", default=True),
        organizer_email=reply.part("organizer").part("emailAddress").text("address"),
        attendees=tuple(_attendee(guest) for guest in reply.parts("attendees")),
        recurrence=_recurrence(reply, start),
        reminders=_reminders(reply),
        ical_uid=reply.text("iCalUId"),
        series_remote_id=reply.remote_id("seriesMasterId", optional=True),
        original_start_at=_original_start(reply, start, calendar),
        is_exception=reply.text("type") == "exception",
        conference=_conference(reply) or zoom_in(description, location),
        kind=_KINDS.get(shown, EventKind.NORMAL),
        etag=reply.text("@odata.etag"),
        updated_at=read_moment(reply.text("lastModifiedDateTime"))
        if "lastModifiedDateTime" in reply
        else None,
    )


def _original_start(reply: Reply, start: When, calendar: RemoteCalendar) -> datetime | None:
    """An occurrence in a delta does not say: it is where its series put it.

    Of an all-day one it is a midnight somewhere; the date counts, in the zone of its start.
    """
    if "originalStart" not in reply:
        return start.at if reply.text("type") == "occurrence" else None
    at = read_moment(reply.text("originalStart"))
    if start.on is None:
        return at
    made_in = iana_name(reply.text("originalStartTimeZone"), near=calendar.timezone) or "UTC"
    for zone in (made_in, "UTC"):
        wall = wall_clock(at, ZoneInfo(zone))
        if wall.time() == time(0):
            return day_begins(wall.date(), ZoneInfo(start.timezone))
    return at


def _when(reply: Reply, name: str, calendar: RemoteCalendar) -> When:
    """A time in the zone it was made in; that of an all-day event is a date and never moves."""
    made_in = iana_name(reply.text(f"original{name.title()}TimeZone"), near=calendar.timezone)
    value = reply.part(name)
    at = read_instant(value)
    if not reply.flag("isAllDay"):
        zone = made_in or calendar.timezone
        return When(at=at, wall=wall_clock(at, ZoneInfo(zone)).isoformat(), timezone=zone)
    zone = made_in if made_in and calendar.timezone == "UTC" else calendar.timezone
    wall = read_wall(value)
    if wall.time() != time(0):
        wall = wall_clock(at, ZoneInfo(made_in or zone))
    day = wall.date()
    return When(at=day_begins(day, ZoneInfo(zone)), wall=day.isoformat(), timezone=zone, on=day)


def _description(reply: Reply) -> str:
    body, has_meeting = reply.part("body"), reply.flag("isOnlineMeeting")
    content = body.text("content").replace("\r\n", "\n").strip()
    if body.text("contentType").lower() == "html":
        return description_of(content, has_meeting=has_meeting)
    return without_blob(content) if has_meeting else content


def _attendee(reply: Reply) -> Attendee:
    address = reply.part("emailAddress")
    response = reply.part("status").text("response")
    return Attendee(
        email=address.text("address"),
        name=address.text("name"),
        response=_RESPONSE.get(response, Response.NEEDS_ACTION),
        is_optional=reply.text("type") == "optional",
        is_organizer=response == "organizer",
    )


def _recurrence(reply: Reply, start: When) -> tuple[str, ...]:
    if "recurrence" not in reply:
        return ()
    first = First(
        wall=wall_clock(start.at, ZoneInfo(start.timezone)),
        timezone=start.timezone,
        all_day=start.on is not None,
    )
    return from_graph(reply.part("recurrence"), first)


def _reminders(reply: Reply) -> tuple[int, ...] | None:
    if "isReminderOn" not in reply:
        return None
    return (reply.number("reminderMinutesBeforeStart"),) if reply.flag("isReminderOn") else ()


def _conference(reply: Reply) -> RemoteConference | None:
    """Graph's word is not enough: a meeting is ready when its join link is there."""
    if not reply.flag("isOnlineMeeting"):
        return None
    # Personal accounts answer `unknown` for a Teams link; Skype's are not ours to offer.
    foreign = reply.text("onlineMeetingProvider") in _SKYPE
    kind = Conference.NONE if foreign else Conference.TEAMS
    url = reply.part("onlineMeeting").text("joinUrl")
    state = ConferenceState.READY if url else ConferenceState.PENDING
    return RemoteConference(kind, state, url)
