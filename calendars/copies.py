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
    events = list(events)
    repeated = _repeated(event.ical_uid for event in events)
    told: list[Told] = []
    groups: dict[tuple[str, datetime, bool], list[SeenEvent]] = {}
    leads: dict[tuple[str, datetime, bool], int] = {}
    for event in events:
        # Most are in one calendar only, and a week has a thousand.
        if event.ical_uid in repeated and not event.is_masked:
            key = event.ical_uid, event.start_at, event.is_all_day
            group = groups.setdefault(key, [])
            group.append(event)
            if len(group) > 1:
                continue
            leads[key] = len(told)
        told.append(Told(event))
    places = {calendar_id: place for place, calendar_id in enumerate(sources)}

    def order(event: SeenEvent) -> tuple[bool, int]:
        return not sources[event.calendar_id].may_write, places[event.calendar_id]

    for key, group in groups.items():
        if len(group) > 1:
            first, *others = sorted(group, key=order)
            told[leads[key]] = Told(first, tuple(others))
    return told


def _repeated(uids: Iterable[str]) -> set[str]:
    """Those that stand there more than once; a blank one is none."""
    once: set[str] = set()
    again: set[str] = set()
    for uid in uids:
        if uid:
            (again if uid in once else once).add(uid)
    return again
