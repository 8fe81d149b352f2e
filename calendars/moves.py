"""What a drag, or its keys, asks for: another start or end of an event, as a draft."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from calendars.addresses import FIRST_YEAR, LAST_YEAR, local_day, local_time
from calendars.phrases import all_day_in_words, span_in_words
from calendars.presenters import NO_TITLE, all_day_from, all_day_until
from calendars.providers.base import UNSET, EventDraft
from common.errors import Conflict, InvalidInput
from common.wallclock import starts_at, wall_clock
from workspaces.zones import is_zone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calendars.models import Event

_ONE_DAY = timedelta(days=1)
_WALL = len("2026-11-19T14:30")


def read_move(typed: Mapping[str, str], event: Event, zone: ZoneInfo) -> EventDraft:
    """The draft that `start` and `end` mean: wall times of the zone shown, or instants.

    Without an end the event keeps its length, counted in real time over a clock change; without a
    start it keeps its start. An all-day event has dates, the end exclusive. `was` is the start
    the page showed: Conflict when somebody moved the event meanwhile. Raises InvalidInput.
    """
    if event.is_all_day:
        return _read_dates(typed, event)
    start = _instant("start", typed, zone)
    end = _instant("end", typed, zone)
    if _was_elsewhere(typed.get("was", ""), event, zone):
        raise Conflict(moved_meanwhile(event, zone))
    if start is None and end is None:
        raise InvalidInput("start", "Say where it goes.")
    first = event.start_at if start is None else start
    last = first + (event.end_at - event.start_at) if end is None else end
    return EventDraft(
        start=first.astimezone(UTC),
        end=last.astimezone(UTC),
        # An event stays in the zone it was made in; the page's is only how it is looked at.
        timezone=event.timezone if is_zone(event.timezone) else UNSET,
    )


def where_it_is(event: Event, zone: ZoneInfo) -> str:
    """`Thursday 19 November 2026, 10:00` to its end, or its dates."""
    if event.is_all_day:
        return all_day_in_words(all_day_from(event), all_day_until(event) - _ONE_DAY)
    return span_in_words(event.start_at, event.end_at, zone)


def where_it_goes(typed: Mapping[str, str], event: Event, zone: ZoneInfo) -> str:
    """Where `read_move` would put it, in the same words. Raises what that does."""
    draft = read_move(typed, event, zone)
    start, end = draft.start, draft.end
    if isinstance(start, datetime) and isinstance(end, datetime):
        return span_in_words(start, end, zone)
    if isinstance(start, date) and isinstance(end, date):
        return all_day_in_words(start, end - _ONE_DAY)
    return ""


def moved_meanwhile(event: Event, zone: ZoneInfo) -> str:
    """That somebody moved it, and where it is."""
    title = event.title or NO_TITLE
    return f"“{title}” was moved meanwhile, to {where_it_is(event, zone)}. It stays there."


def way_back(event: Event) -> dict[str, str]:
    """The start and end that put the event back to where it is now."""
    if event.is_all_day:
        return {
            "start": all_day_from(event).isoformat(),
            "end": all_day_until(event).isoformat(),
        }
    return {"start": event.start_at.isoformat(), "end": event.end_at.isoformat()}


def _read_dates(typed: Mapping[str, str], event: Event) -> EventDraft:
    first, after = all_day_from(event), all_day_until(event)
    was = _day("was", typed)
    if was is not None and was != first:
        raise Conflict(moved_meanwhile(event, ZoneInfo("UTC")))
    start, end = _day("start", typed), _day("end", typed)
    if start is None and end is None:
        raise InvalidInput("start", "Say where it goes.")
    begins = first if start is None else start
    return EventDraft(
        start=begins, end=begins + (after - first) if end is None else end, all_day=True
    )


def _instant(name: str, typed: Mapping[str, str], zone: ZoneInfo) -> datetime | None:
    raw = typed.get(name, "")
    if not raw:
        return None
    wall = local_time(raw) if len(raw) == _WALL else None
    if wall is not None:
        return starts_at(wall, zone)
    try:
        moment = datetime.fromisoformat(raw)
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise InvalidInput(name, "Write the time like 2026-11-19T14:30.")
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise InvalidInput(name, "This is not a time that can be used.")
    return moment.astimezone(UTC)


def _day(name: str, typed: Mapping[str, str]) -> date | None:
    raw = typed.get(name, "")
    if not raw:
        return None
    day = local_day(raw)
    if day is None:
        raise InvalidInput(name, "Write the date like 2026-11-19.")
    return day


def _was_elsewhere(was: str, event: Event, zone: ZoneInfo) -> bool:
    """Whether the page showed another start. A wall time is compared as such: in a repeated hour
    it names two instants, and the event is at one of them."""
    wall = local_time(was) if len(was) == _WALL else None
    if wall is not None:
        return wall != wall_clock(event.start_at, zone).replace(second=0, microsecond=0)
    moment = _instant("was", {"was": was}, zone)
    return moment is not None and moment != event.start_at
