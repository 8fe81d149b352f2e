"""An event's times in words where they are of another zone than the reader's, or of two."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from calendars.phrases import city_of, journey_in_words, span_in_words
from calendars.wording import clock
from workspaces.zones import is_zone

if TYPE_CHECKING:
    from calendars.queries import SeenEvent


def journey(event: SeenEvent) -> str:
    """Both times of an event that ends elsewhere, each as the clock there reads."""
    own = ZoneInfo(event.timezone), ZoneInfo(event.end_timezone)
    return journey_in_words(event.start_at, event.end_at, *own)


def ends_elsewhere(event: SeenEvent) -> bool:
    """Whether it ends in another zone than it begins in, both known."""
    return is_zone(event.timezone) and is_zone(event.end_timezone)


def elsewhere(event: SeenEvent, zone: ZoneInfo) -> str:
    """The start in the event's own zone, where that is another hour.

    One that has two zones is told in those, and here in the reader's.
    """
    if ends_elsewhere(event):
        return _for_reader(event, zone)
    if event.is_all_day or not is_zone(event.timezone) or event.timezone == "UTC":
        return ""
    theirs = ZoneInfo(event.timezone)
    local = event.start_at.astimezone(theirs)
    if local.utcoffset() == event.start_at.astimezone(zone).utcoffset():
        return ""
    return f"{local:%H:%M} in {city_of(event.timezone)}"


def _for_reader(event: SeenEvent, zone: ZoneInfo) -> str:
    """Both times in the reader's zone; with the days where those are others there."""
    ends = (event.start_at, event.timezone), (event.end_at, event.end_timezone)
    same = all(
        at.astimezone(zone).date() == at.astimezone(ZoneInfo(own)).date() for at, own in ends
    )
    first, last = (at.astimezone(zone) for at, _ in ends)
    span = f"{clock(first)}\u2013{clock(last)}"
    said = span if same and first.date() == last.date() else span_in_words(first, last, zone)
    return f"{said} in {city_of(zone.key)}"
