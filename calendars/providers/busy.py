"""Which events take their calendar's time, and cutting a long span into askable ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calendars.enums import EventStatus, Response
from calendars.providers.base import BusySpan
from common.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import timedelta

    from calendars.providers.base import RemoteCalendar, RemoteEvent


def busy_events(
    events: Iterable[RemoteEvent],
    calendar: RemoteCalendar,
    span: Span,
    *,
    ignoring: frozenset[str] = frozenset(),
) -> Iterator[BusySpan]:
    """The spans of those events that count: not free, cancelled, declined or to be ignored."""
    for event in events:
        if event.start is None or event.end is None or event.end.at <= event.start.at:
            continue
        counts = (
            event.is_busy
            and event.status is not EventStatus.CANCELLED
            and event.response != Response.DECLINED
            and event.remote_id not in ignoring
        )
        taken = Span(event.start.at, event.end.at)
        if counts and taken.overlaps(span):
            yield BusySpan(taken, calendar.remote_id, event.remote_id)


def windows(span: Span, longest: timedelta) -> Iterator[Span]:
    """The span in pieces no longer than that."""
    start = span.start
    while start < span.end:
        end = min(start + longest, span.end)
        yield Span(start, end)
        start = end
