"""One event in several calendars: told as one, with the copy to open chosen.

Whoever is invited with two of their accounts, or sees a colleague's calendar, has the same event
more than once. Copies share the iCalendar UID and the start (RFC 5545, 3.8.4.7); occurrences of a
series share the first and differ in the second. A masked copy tells only its time, so it is never
matched with one that tells more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from calendars.queries import SeenEvent, VisibleCalendar


class Told(NamedTuple):
    """An event to draw, with the other calendars' copies of it."""

    event: SeenEvent
    copies: tuple[SeenEvent, ...] = ()


def told_once(events: Iterable[SeenEvent], sources: Mapping[UUID, VisibleCalendar]) -> list[Told]:
    """Each event once, in the order given; of copies the one the member may write to leads.

    Among several such the calendar that comes first in `sources` has it.
    """
    groups: dict[object, list[SeenEvent]] = {}
    for event in events:
        groups.setdefault(_key(event), []).append(event)
    places = {calendar_id: place for place, calendar_id in enumerate(sources)}

    def order(event: SeenEvent) -> tuple[bool, int]:
        return not sources[event.calendar_id].may_write, places[event.calendar_id]

    told = []
    for group in groups.values():
        if len(group) == 1:
            told.append(Told(group[0]))
            continue
        first, *others = sorted(group, key=order)
        told.append(Told(first, tuple(others)))
    return told


def _key(event: SeenEvent) -> tuple[str, datetime, bool] | UUID:
    if event.is_masked or not event.ical_uid:
        return event.id
    return event.ical_uid, event.start_at, event.is_all_day
