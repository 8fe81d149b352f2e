"""A feed as a calendar file: what other calendars subscribe to (RFC 5545, RFC 7986). Pure.

It has no METHOD, for it is no message: nobody is asked anything, and nobody is named as organiser
or attendee. Its own address stands nowhere in it (no SOURCE), so that a copy which is handed on
hands on no key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from icalendar import Calendar, Event, vDuration

from booking.ics import (
    PRODUCT,
    Status,
    Words,
    conference_property,
    one_line,
    text_lines,
    web_address,
)
from common.spans import in_utc

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

# How often programs are asked to look again. Google does not listen and looks every few hours.
READ_AGAIN_AFTER: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One event of a feed, times in UTC. `changed_at` is when what it says changed last."""

    uid: str
    sequence: int
    changed_at: datetime
    start: datetime
    end: datetime
    status: Status
    summary: str
    description: str = ""
    location: str = ""
    url: str = ""
    conference_url: str = ""


def build_feed(*, name: str, zone: str, entries: Iterable[FeedEntry]) -> bytes:
    """The calendar: the same bytes for the same entries. CRLF lines of at most 75 octets.

    Texts may hold anything, as in an invitation. Raises ValueError for a naive time or an address
    that is none of the web.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("name", Words(one_line(name)))
    calendar.add("x-wr-calname", Words(one_line(name)))
    calendar.add("x-wr-timezone", zone)
    calendar.add("refresh-interval", READ_AGAIN_AFTER, {"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(READ_AGAIN_AFTER))
    for entry in entries:
        calendar.add_component(_event(entry))
    return bytes(calendar.to_ical())


def _event(entry: FeedEntry) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    changed_at = in_utc(entry.changed_at).replace(microsecond=0)
    event.add("dtstamp", changed_at)
    event.add("last-modified", changed_at)
    event.add("dtstart", in_utc(entry.start).replace(microsecond=0))
    event.add("dtend", in_utc(entry.end).replace(microsecond=0))
    event.add("summary", Words(one_line(entry.summary)))
    event.add("status", entry.status)
    event.add("transp", "TRANSPARENT" if entry.status == "CANCELLED" else "OPAQUE")
    if entry.status == "TENTATIVE":
        event.add("x-microsoft-cdo-busystatus", "TENTATIVE")
    description, location = text_lines(entry.description), one_line(entry.location)
    if description:
        event.add("description", Words(description))
    if location:
        event.add("location", Words(location))
    if entry.url:
        event.add("url", web_address(entry.url))
    if entry.conference_url:
        event.add("conference", conference_property(entry.conference_url))
    return event
