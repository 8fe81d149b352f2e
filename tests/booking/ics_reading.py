"""What a calendar would understand of a file: read by two libraries that share no code.

`icalendar` keeps what it finds; `ical` holds every property against a model and refuses what does
not fit. Both reduce a file to the same plain facts, so that one table of expectations serves both.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

from ical.calendar_stream import IcsCalendarStream
from icalendar import Calendar


@dataclass(frozen=True)
class Understood:
    """One event and how it was sent. Addresses are bare, times in UTC, texts unescaped."""

    method: str
    uid: str
    sequence: int
    stamp: datetime
    start: datetime
    end: datetime
    status: str
    is_busy: bool
    summary: str
    description: str
    location: str
    url: str
    conferences: tuple[str, ...]
    organizer: tuple[str, str]
    sent_by: str
    attendees: tuple[tuple[str, str], ...]
    is_asked: bool
    alarms: tuple[timedelta, ...]


def read_by_icalendar(content):
    calendar = Calendar.from_ical(content)
    (event,) = calendar.walk("VEVENT")
    named = event.get("attendee", [])
    attendees = named if isinstance(named, list) else [named]
    return Understood(
        method=str(calendar.get("method", "")),
        uid=str(event["uid"]),
        sequence=int(event["sequence"]),
        stamp=event["dtstamp"].dt.astimezone(UTC),
        start=event["dtstart"].dt.astimezone(UTC),
        end=event["dtend"].dt.astimezone(UTC),
        status=str(event.get("status", "")),
        is_busy=str(event["transp"]) == "OPAQUE",
        summary=str(event["summary"]),
        description=str(event.get("description", "")),
        location=str(event.get("location", "")),
        url=str(event.get("url", "")),
        conferences=tuple(one.uri for one in event.conferences),
        organizer=_named(str(event["organizer"]), event["organizer"].params.get("CN")),
        sent_by=_bare(event["organizer"].params.get("SENT-BY")),
        attendees=tuple(_named(str(one), one.params.get("CN")) for one in attendees),
        is_asked=bool(attendees)
        and all(
            (one.params.get("RSVP"), one.params.get("PARTSTAT")) == ("TRUE", "NEEDS-ACTION")
            for one in attendees
        ),
        alarms=tuple(sorted(one["trigger"].dt for one in event.walk("VALARM"))),
    )


def read_by_ical(content):
    calendar = IcsCalendarStream.calendar_from_ics(content.decode())
    (event,) = calendar.events
    assert not calendar.timezones
    return Understood(
        method=calendar.method or "",
        uid=event.uid,
        sequence=event.sequence,
        stamp=event.dtstamp.astimezone(UTC),
        start=event.dtstart.astimezone(UTC),
        end=event.dtend.astimezone(UTC),
        status=event.status.value if event.status else "",
        is_busy=event.transparency == "OPAQUE",
        summary=event.summary,
        description=event.description or "",
        location=event.location or "",
        url=event.url or "",
        conferences=tuple(str(one.uri) for one in event.conference),
        organizer=_named(str(event.organizer.uri), event.organizer.common_name),
        sent_by=_bare(event.organizer.sent_by),
        attendees=tuple(_named(str(one.uri), one.common_name) for one in event.attendees),
        is_asked=bool(event.attendees)
        and all((one.rsvp, one.status) == (True, "NEEDS-ACTION") for one in event.attendees),
        alarms=tuple(sorted(one.trigger for one in event.alarm)),
    )


READERS = {"icalendar": read_by_icalendar, "ical": read_by_ical}


def _named(address, name):
    return _bare(address), str(name or "")


def _bare(uri):
    assert not uri or str(uri).startswith("mailto:")
    return str(uri or "").removeprefix("mailto:")


def files_in(message):
    """The calendar files of a sent mail as (method the MIME part names, content): all of them."""
    parsed = message_from_bytes(message.message().as_bytes(), policy=default)
    return [
        (part.get_param("method"), part.get_payload(decode=True))
        for part in parsed.walk()
        if part.get_content_type() == "text/calendar"
    ]


def file_in(message):
    """The one calendar file of a mail, however often it is enclosed; None without one."""
    found = files_in(message)
    assert len(set(found)) <= 1, "One mail carries two different calendar files."
    for method, content in found:
        assert f"\r\nMETHOD:{method}\r\n".encode() in content
    return found[0][1] if found else None
