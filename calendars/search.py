"""Finding events by words, in our copy and among what the member may see of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from calendars.enums import Sight, Visibility
from calendars.models import Event
from calendars.queries import events_by_id
from common.matching import holds, holds_in_json, mentions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from calendars.queries import SeenEvent, VisibleCalendar

PAGE: Final = 20
MOST_WORDS: Final = 8
LONGEST: Final = 200
# More than anybody pages through; what lies further back is not looked at.
MOST_FOUND: Final = 5000


@dataclass(frozen=True, slots=True)
class Found:
    """One page of what was found: what lies ahead first, then what has been, latest first."""

    events: list[SeenEvent]
    total: int
    page: int
    pages: int


def words_of(typed: str) -> list[str]:
    """The words to look for; an event has to have all of them."""
    return list(dict.fromkeys(typed[:LONGEST].casefold().split()))[:MOST_WORDS]


def find_events(
    calendars: Sequence[VisibleCalendar], words: Sequence[str], now: datetime, page: int
) -> Found:
    """Events with every word in title, place, or a guest's name or address; two queries.

    What the member sees only the time of is never looked at: an answer would tell what it is.
    """
    if not words:
        return Found([], 0, 1, 1)
    rows = _readable(calendars).filter(deleted_at__isnull=True, recurrence=[])
    rows = rows.annotate(guests_text=Cast("attendees", TextField()))
    for word in words:
        rows = rows.filter(_mentions(word))
    candidates = rows.order_by("-start_at").values_list(
        "id", "start_at", "end_at", "title", "location", "attendees"
    )
    found = [row[:3] for row in candidates[:MOST_FOUND] if _has_all(row[3:], words)]
    ahead = sorted((row for row in found if row[2] > now), key=lambda row: (row[1], row[0]))
    past = [row for row in found if row[2] <= now]
    ordered = [row[0] for row in (*ahead, *past)]
    pages = max(1, -(-len(ordered) // PAGE))
    page = max(1, min(page, pages))
    here = ordered[(page - 1) * PAGE : page * PAGE]
    return Found(_in_order(here, calendars), len(ordered), page, pages)


def _readable(calendars: Iterable[VisibleCalendar]) -> Any:
    whole = [one.calendar.pk for one in calendars if one.sight == Sight.FULL]
    shared = [one.calendar.pk for one in calendars if Sight.BUSY < one.sight < Sight.FULL]
    return Event.objects.filter(
        Q(calendar_id__in=whole) | (Q(calendar_id__in=shared) & ~Q(visibility=Visibility.PRIVATE))
    )


def _mentions(word: str) -> Q:
    """Rows that may have the word; engines differ in what they find, so they are read again."""
    return holds(word, "title", "location") | holds_in_json(word, "guests_text")


def _has_all(texts: tuple[str, str, Sequence[dict[str, Any]]], words: Sequence[str]) -> bool:
    title, location, attendees = texts
    people = (str(one.get(part) or "") for one in attendees for part in ("name", "email"))
    return mentions("\n".join((title, location, *people)), words)


def _in_order(ids: Sequence[UUID], calendars: Sequence[VisibleCalendar]) -> list[SeenEvent]:
    seen = {event.id: event for event in events_by_id(calendars, ids)}
    return [seen[one] for one in ids if one in seen]
