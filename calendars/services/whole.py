"""Copying a span as a provider lists it, where no cursor tells what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone

from calendars.models import Event
from calendars.services import mirror
from common.errors import UpstreamError

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from calendars.models import Calendar
    from calendars.providers.base import CalendarProvider, RemoteEvent
    from common.spans import Span

_REMOTE: Final = mirror.TOLD.index("remote_id")
_RULE: Final = mirror.TOLD.index("recurrence")
_DELETED: Final = mirror.TOLD.index("deleted_at")


def copy_listing(
    provider: CalendarProvider, calendar: Calendar, span: Span, *, buries: bool
) -> bool:
    """Write what differs and, if it `buries`, bury what is gone; whether anything changed.

    Nothing is buried before the listing is whole: a failure half-way empties no view. Raises
    UpstreamError.
    """
    listed_at = timezone.now()
    known = mirror.known_rows(calendar, span)
    listed: set[UUID] = set()
    series: set[str] = set()
    changed = False
    try:
        for page in provider.list_events(mirror.as_remote(calendar), span):
            rows = _rows(calendar, page, listed_at)
            changed = bool(mirror.write_rows(rows, known, listed_at=listed_at)) or changed
            listed.update(row.pk for row in rows)
            series.update(row.series_remote_id for row in rows)
    except UpstreamError:
        if changed:
            mirror.touch(calendar, timezone.now())
        raise
    if not buries:
        return changed
    gone = [
        event_id
        for event_id, (_, said) in known.items()
        if event_id not in listed and _is_gone(said, series)
    ]
    buried = 0
    for batch in mirror.batches(gone):
        rows_gone = Event.objects.filter(pk__in=batch, seen_at__lte=listed_at)
        buried += mirror.bury_rows(rows_gone, listed_at)
    return changed or bool(buried)


def _rows(calendar: Calendar, page: list[RemoteEvent], listed_at: datetime) -> list[Event]:
    made = (mirror.row_of(calendar, remote, listed_at) for remote in page)
    # A page may name an event twice when it moved while it was listed; the last word counts.
    return list({row.pk: row for row in made if row is not None}.values())


def _is_gone(said: tuple[Any, ...], series: set[str]) -> bool:
    """Whether a row that was not listed stood for something that was there.

    The rule of a series is never listed itself: it lives as long as one occurrence does.
    """
    if said[_DELETED] is not None:
        return False
    return not said[_RULE] or said[_REMOTE] not in series
