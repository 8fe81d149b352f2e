"""Weeks laid out from events that are made in a line, for the tests of their geometry."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from calendars.week import EventBlock, lay_out_week

DUBLIN = ZoneInfo("Europe/Dublin")
MONDAY = date(2026, 11, 16)
NOW = datetime(2026, 11, 18, 14, 20, tzinfo=UTC)  # Wednesday; Dublin keeps UTC in November


def clock(text, day=MONDAY):
    return datetime.combine(day, time.fromisoformat(text), tzinfo=UTC)


def timed(start, end, *, day=MONDAY, until=None, number=0, **more):
    return event(number, start=clock(start, day), end=clock(end, until or day), **more)


def whole(first, after, number=0, **more):
    return event(number, all_day=True, start_on=first, end_on=after, **more)


def event(number=0, **more):
    given = {
        "id": f"e{number}",
        "title": "Crit",
        "href": f"/e{number}",
        "calendar": "Studio",
        "hue": "moss",
    }
    return EventBlock(**{**given, **more})


def november(day):
    return date(2026, 11, day)


def week(*events, monday=MONDAY, zone=DUBLIN, now=NOW, **more):
    return lay_out_week(events, monday, zone, now, **more)


def blocks(layout):
    return [(index, block) for index, day in enumerate(layout.days) for block in day.blocks]


def classes(*events, **more):
    """Column and placing classes of every block, without hue and states."""
    return [
        (
            index,
            " ".join(c for c in block.classes.split() if re.fullmatch(r"([snmlw]|of)\d+|over", c)),
        )
        for index, block in blocks(week(*events, **more))
    ]
