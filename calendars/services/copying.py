"""Copying one calendar's window from its provider into the mirror."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone

from calendars.enums import EventStatus
from calendars.models import Calendar, Event
from calendars.providers.errors import CalendarGone
from calendars.services import mirror
from common.errors import UpstreamError
from common.leases import drop_lease, take_lease
from common.spans import Span

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from calendars.providers.base import CalendarProvider, RemoteEvent

BEFORE: Final = timedelta(days=92)
AHEAD: Final = timedelta(days=457)
LEASE: Final = timedelta(seconds=150)

_REMOTE = mirror.TOLD.index("remote_id")
_RULE = mirror.TOLD.index("recurrence")
_DELETED = mirror.TOLD.index("deleted_at")


def window(now: datetime) -> Span:
    """The part of time that the mirror holds: three months back, fifteen ahead."""
    return Span(now - BEFORE, now + AHEAD)


def copy_calendar(
    provider: CalendarProvider, calendar: Calendar, now: datetime
) -> UpstreamError | None:
    """Copy the window of one calendar; the error, if it could not be read.

    One copy at a time, by lease: while another run is at it, nothing is done. How it went is said
    on the calendar's row.
    """
    holder = take_lease(calendar, now=timezone.now(), lasts=LEASE)
    if holder is None:
        return None
    try:
        changed = _copy_window(provider, calendar, window(now))
    except UpstreamError as error:
        gone = {"gone_at": now} if isinstance(error, CalendarGone) else {}
        _note(calendar, sync_tried_at=now, sync_error=error.message[:300], **gone)
        return error
    else:
        span = window(now)
        told: dict[str, Any] = {"changed_at": timezone.now()} if changed else {}
        told |= {"window_from": span.start, "window_until": span.end}
        _note(calendar, synced_at=now, sync_tried_at=now, sync_error="", **told)
        return None
    finally:
        drop_lease(calendar, holder)


def copy_span(provider: CalendarProvider, calendar: Calendar, span: Span) -> None:
    """Copy a span outside the window, for a reader who asks about it. Raises UpstreamError."""
    listed_at = timezone.now()
    known = mirror.known_rows(calendar, span)
    for page in provider.list_events(mirror.as_remote(calendar), span):
        _write_page(calendar, page, known, listed_at)


def _copy_window(provider: CalendarProvider, calendar: Calendar, span: Span) -> bool:
    """Write what differs and bury what is gone; whether anything changed.

    Nothing is buried before the listing is whole: a failure half-way empties no view.
    """
    listed_at = timezone.now()
    known = mirror.known_rows(calendar, span)
    listed: set[UUID] = set()
    series: set[str] = set()
    changed = False
    try:
        for page in provider.list_events(mirror.as_remote(calendar), span):
            rows = _write_page(calendar, page, known, listed_at)
            changed = changed or rows.changed
            listed.update(rows.ids)
            series.update(rows.series)
    except UpstreamError:
        if changed:
            mirror.touch(calendar, timezone.now())
        raise
    gone = [
        event_id
        for event_id, (seen_at, said) in known.items()
        if event_id not in listed and _is_gone(said, series) and seen_at <= listed_at
    ]
    for at in range(0, len(gone), mirror.BATCH):
        Event.objects.filter(pk__in=gone[at : at + mirror.BATCH], seen_at__lte=listed_at).update(
            deleted_at=listed_at, seen_at=listed_at, status=EventStatus.CANCELLED
        )
    return changed or bool(gone)


class _Page:
    """What one page of a listing came to."""

    __slots__ = ("changed", "ids", "series")

    def __init__(self, rows: list[Event], *, changed: bool) -> None:
        self.ids = {row.pk for row in rows}
        self.series = {row.series_remote_id for row in rows}
        self.changed = changed


def _write_page(
    calendar: Calendar, page: list[RemoteEvent], known: mirror.Known, listed_at: datetime
) -> _Page:
    made = (mirror.row_of(calendar, remote, listed_at) for remote in page)
    # A page may name an event twice when it moved while it was listed; the last word counts.
    rows = list({row.pk: row for row in made if row is not None}.values())
    written = mirror.write_rows(rows, known, listed_at=listed_at)
    return _Page(rows, changed=bool(written))


def _is_gone(said: tuple[Any, ...], series: set[str]) -> bool:
    """Whether a row that was not listed stood for something that was there.

    The rule of a series is never listed itself: it lives as long as one occurrence does.
    """
    if said[_DELETED] is not None:
        return False
    return not said[_RULE] or said[_REMOTE] not in series


def _note(calendar: Calendar, **changes: Any) -> None:
    Calendar.objects.filter(pk=calendar.pk).update(**changes, updated_at=timezone.now())
    for name, value in changes.items():
        setattr(calendar, name, value)
