"""Google's events and calendars as ours.

https://developers.google.com/workspace/calendar/api/v3/reference/events
https://developers.google.com/workspace/calendar/api/v3/reference/calendarList
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from calendars.enums import ConferenceState, EventStatus, Response, Visibility
from calendars.providers.base import (
    Attendee,
    RemoteCalendar,
    RemoteConference,
    RemoteEvent,
    When,
)
from calendars.providers.errors import EventGone
from calendars.providers.google import kinds
from calendars.providers.joining import zoom_in
from calendars.providers.reading import Reply, known_zone, read_date, read_moment, zone_or_utc
from common.errors import BadReply
from common.spans import Span
from common.wallclock import day_begins, wall_clock
from conferencing.enums import Conference, LinkFailure

if TYPE_CHECKING:
    from datetime import datetime

_STATUS = {
    "confirmed": EventStatus.CONFIRMED,
    "tentative": EventStatus.TENTATIVE,
    "cancelled": EventStatus.CANCELLED,
}
_RESPONSE = {
    "needsAction": Response.NEEDS_ACTION,
    "declined": Response.DECLINED,
    "tentative": Response.TENTATIVE,
    "accepted": Response.ACCEPTED,
}
RESPONSE_WORDS = {ours: theirs for theirs, ours in _RESPONSE.items()}
_VISIBILITY = {
    "public": Visibility.PUBLIC,
    "private": Visibility.PRIVATE,
    "confidential": Visibility.PRIVATE,
}
_WRITING_ROLES = frozenset({"writer", "owner"})
_MEET_FAILED = "Google could not make the Meet link."
NO_MEET_HERE = RemoteConference(
    Conference.MEET,
    ConferenceState.FAILED,
    note="This Google calendar does not allow Meet links.",
    failure=LinkFailure.REFUSED,
)


def read_calendar(reply: Reply) -> RemoteCalendar:
    """One entry of the calendar list. Raises BadReply."""
    solutions = reply.part("conferenceProperties").texts("allowedConferenceSolutionTypes")
    return RemoteCalendar(
        remote_id=reply.remote_id("id"),
        name=reply.text("summaryOverride") or reply.text("summary"),
        timezone=known_zone(reply.text("timeZone")) or "UTC",
        colour=reply.text("backgroundColor"),
        is_primary=reply.flag("primary"),
        is_writable=reply.text("accessRole") in _WRITING_ROLES,
        is_selected=reply.flag("selected") and not reply.flag("hidden"),
        allowed_conferences=frozenset({Conference.MEET} if "hangoutsMeet" in solutions else ()),
    )


def read_event(reply: Reply, calendar: RemoteCalendar) -> RemoteEvent:
    """An event, a series, an occurrence, or what is left of a cancelled one. Raises BadReply."""
    status = _STATUS.get(reply.text("status", "confirmed"))
    if status is None:
        raise BadReply
    start = _when(reply.part("start"), calendar) if "start" in reply else None
    end = _when(reply.part("end"), calendar) if "end" in reply else None
    if status is not EventStatus.CANCELLED and (start is None or end is None):
        raise BadReply
    original = reply.part("originalStartTime")
    organizer = reply.part("organizer")
    attendees = tuple(_attendee(guest) for guest in reply.parts("attendees"))
    return RemoteEvent(
        remote_id=reply.remote_id("id"),
        status=status,
        start=start,
        end=end,
        title=reply.text("summary"),
        description=reply.text("description"),
        location=reply.text("location"),
        is_all_day=start is not None and start.on is not None,
        is_busy=kinds.takes_time(reply),
        visibility=_VISIBILITY.get(reply.text("visibility"), Visibility.DEFAULT),
        response=next((guest.response for guest in attendees if guest.is_self), Response.NONE),
        is_organizer=organizer.flag("self") or "organizer" not in reply,
        organizer_email=organizer.text("email"),
        attendees=attendees,
        recurrence=tuple(reply.texts("recurrence")),
        reminders=_reminders(reply.part("reminders")),
        ical_uid=reply.text("iCalUID"),
        series_remote_id=reply.remote_id("recurringEventId", optional=True),
        original_start_at=_when(original, calendar).at if original.record else None,
        conference=_conference(reply),
        colour=kinds.read_colour(reply),
        kind=kinds.read_kind(reply),
        etag=reply.text("etag"),
        updated_at=_moment_or_none(reply.text("updated")),
    )


def read_occurrence(reply: Reply, calendar: RemoteCalendar) -> tuple[str, datetime] | None:
    """The series and the original start of an item; None for what is no occurrence."""
    original = reply.part("originalStartTime")
    if not original.record:
        return None
    return reply.remote_id("recurringEventId"), _when(original, calendar).at


def living(event: RemoteEvent) -> RemoteEvent:
    """The event, unless it is what is left of a deleted one. Raises EventGone."""
    if event.status is EventStatus.CANCELLED:
        raise EventGone
    return event


def read_span(reply: Reply) -> Span:
    """A busy span. Raises BadReply."""
    try:
        return Span(read_moment(reply.needed("start")), read_moment(reply.needed("end")))
    except ValueError:
        raise BadReply from None


def _when(reply: Reply, calendar: RemoteCalendar) -> When:
    if "date" in reply:
        day = read_date(reply.text("date"))
        at = day_begins(day, ZoneInfo(calendar.timezone))
        return When(at=at, wall=day.isoformat(), timezone=calendar.timezone, on=day)
    at = read_moment(reply.needed("dateTime"))
    zone = known_zone(reply.text("timeZone")) or calendar.timezone
    return When(at=at, wall=wall_clock(at, zone_or_utc(zone)).isoformat(), timezone=zone)


def _moment_or_none(text: str) -> datetime | None:
    return read_moment(text) if text else None


def _attendee(reply: Reply) -> Attendee:
    return Attendee(
        email=reply.text("email"),
        name=reply.text("displayName"),
        response=_RESPONSE.get(reply.text("responseStatus"), Response.NEEDS_ACTION),
        is_optional=reply.flag("optional"),
        is_organizer=reply.flag("organizer"),
        is_self=reply.flag("self"),
    )


def _reminders(reply: Reply) -> tuple[int, ...] | None:
    if reply.flag("useDefault", default=not reply.record):
        return None
    return tuple(sorted({entry.number("minutes") for entry in reply.parts("overrides")}))


def _conference(reply: Reply) -> RemoteConference | None:
    """The provider's own conference, else a Zoom link in the text.

    A Meet link is made after the event: while it is pending there are no entry points.
    """
    conference = reply.part("conferenceData")
    entries = conference.parts("entryPoints")
    videos = [entry.text("uri") for entry in entries if entry.text("entryPointType") == "video"]
    url = next(iter(videos), "") or reply.text("hangoutLink")
    if url:
        return RemoteConference(_kind(conference, url), ConferenceState.READY, url)
    asked = conference.part("createRequest").part("status").text("statusCode")
    if asked == "pending":
        return RemoteConference(Conference.MEET, ConferenceState.PENDING)
    if asked == "failure":
        return RemoteConference(
            Conference.MEET,
            ConferenceState.FAILED,
            note=_MEET_FAILED,
            failure=LinkFailure.NOT_MADE,
        )
    return zoom_in(reply.text("description"), reply.text("location"))


def _kind(conference: Reply, url: str) -> Conference:
    """An add-on's conference is known by its name only; one of a foreign kind is NONE."""
    solution = conference.part("conferenceSolution")
    if solution.part("key").text("type") != "addOn":
        return Conference.MEET
    named = f"{solution.text('name')} {url}".lower()
    for word, kind in (("zoom", Conference.ZOOM), ("teams", Conference.TEAMS)):
        if word in named:
            return kind
    return Conference.NONE
