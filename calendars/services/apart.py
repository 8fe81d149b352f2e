"""Occurrences that differ from their series: kept when the series gets another shape.

Providers forget them then: Google when the start moves, Outlook with any change of rule or start.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from calendars import series_drafts
from calendars.providers.base import EventDraft
from calendars.recurrence import BadRule, occurrences
from calendars.services import mirror
from common.errors import InvalidInput, Unsupported, UpstreamError
from common.spans import Span
from common.wallclock import occurs_at, wall_clock

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from calendars.models import Calendar
    from calendars.providers.base import CalendarProvider, RemoteEvent

MOST_CALLS: Final = 40
# Of an occurrence that was moved beyond what was listed it is not known whether it is deleted.
_EDGE: Final = timedelta(days=35)
_FIELDS: Final = {
    "title": "title",
    "description": "description",
    "location": "location",
    "is_busy": "busy",
    "colour": "colour",
    "kind": "kind",
    "end_timezone": "end_timezone",
    "visibility": "visibility",
    "reminders": "reminders",
}


@dataclass(frozen=True, slots=True)
class Own:
    """What one occurrence has of its own; `offset` is how far it was moved on the wall."""

    fields: dict[str, Any]
    offset: timedelta | None = None
    length: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Apart:
    """The occurrences that differ, by the wall time that the rule gives them."""

    removed: frozenset[datetime] = frozenset()
    changed: dict[datetime, Own] = field(default_factory=dict)


@dataclass(slots=True)
class Restored:
    """What came of it: the occurrences as they are now, and how many lost what they had."""

    occurrences: list[RemoteEvent]
    lost: int = 0
    back: int = 0

    def notes(self) -> tuple[str, ...]:
        """The losses in words."""
        found = []
        if self.lost:
            which = "1 changed event is" if self.lost == 1 else f"{self.lost} changed events are"
            found.append(f"{which} as the series again.")
        if self.back:
            which = "1 deleted event is" if self.back == 1 else f"{self.back} deleted events are"
            found.append(f"{which} back.")
        return tuple(found)


def apart_of(rule: RemoteEvent, listed: Iterable[RemoteEvent], span: Span) -> Apart:
    """What differs among the occurrences that the provider listed for the span."""
    walls = _walls(rule, span)
    inner = Span(span.start + _EDGE, span.end - _EDGE)
    gone = {at: wall for at, wall in walls.items() if inner.start <= at < inner.end}
    changed = {}
    for one in listed:
        at = one.original_start_at
        if at is None or at not in walls:
            continue
        gone.pop(at, None)
        own = _own(one, rule)
        if own.fields or own.offset or own.length:
            changed[walls[at]] = own
    return Apart(frozenset(gone.values()), changed)


def _walls(rule: RemoteEvent, span: Span) -> dict[datetime, datetime]:
    """The wall time of each occurrence of the rule, by its instant."""
    try:
        series = series_drafts.series_of(rule)
        rule_only = [line for line in series.lines if line.upper().startswith("RRULE")]
        found = occurrences(rule_only, series.start, series.zone, span)
    except (BadRule, Unsupported, InvalidInput):
        return {}
    return {one.at: one.wall for one in found}


def _own(one: RemoteEvent, rule: RemoteEvent) -> Own:
    fields = {
        name: getattr(one, column)
        for column, name in _FIELDS.items()
        if getattr(one, column) != getattr(rule, column)
    }
    if {a.email for a in one.attendees} != {a.email for a in rule.attendees}:
        fields["attendees"] = one.attendees
    length = _length(one)
    return Own(
        fields, _offset(one, rule) or None, length if length and length != _length(rule) else None
    )


def _length(event: RemoteEvent) -> timedelta | None:
    if event.start is None or event.end is None:
        return None
    if event.start.on is not None and event.end.on is not None:
        return event.end.on - event.start.on
    return event.end.at - event.start.at


def _offset(one: RemoteEvent, rule: RemoteEvent) -> timedelta:
    """How far it was moved from where the rule has it, on the wall."""
    if one.start is None or one.original_start_at is None or rule.start is None:
        return timedelta(0)
    zone = series_drafts.series_of(rule).zone
    if one.start.on is not None:
        return one.start.on - wall_clock(one.original_start_at, zone).date()
    return wall_clock(one.start.at, zone) - wall_clock(one.original_start_at, zone)


def restore(
    provider: CalendarProvider,
    calendar: Calendar,
    rule: RemoteEvent,
    listed: list[RemoteEvent],
    apart: Apart,
    *,
    span: Span,
    shift: timedelta = timedelta(0),
    overruled: Collection[str] = (),
    notify: bool = True,
) -> Restored:
    """Give occurrences back what they had of their own, moved by `shift` with their series.

    `overruled` are fields that the change gives to all. What the provider refuses is counted, not
    raised.
    """
    there = mirror.as_remote(calendar)
    walls = _walls(rule, span)
    done = Restored([])
    calls = 0
    for one in listed:
        at = walls.get(one.original_start_at) if one.original_start_at else None
        former = at - shift if at is not None else None
        is_removed = former in apart.removed
        own = apart.changed.get(former) if former is not None else None
        draft = _draft(own, one, rule, overruled, notify=notify) if own else None
        if not is_removed and draft is None:
            done.occurrences.append(one)
            continue
        calls += 1
        try:
            if calls > MOST_CALLS:
                raise Unsupported("so many exceptions")
            if is_removed:
                provider.delete_event(there, one.remote_id, notify=notify)
            elif draft is not None:
                done.occurrences.append(provider.update_event(there, one.remote_id, draft))
        except UpstreamError:
            done.occurrences.append(one)
            done.back += is_removed
            done.lost += not is_removed
    return done


def _draft(
    own: Own, one: RemoteEvent, rule: RemoteEvent, overruled: Collection[str], *, notify: bool
) -> EventDraft | None:
    """What has to be said to the provider, None when the occurrence has it still."""
    now = _own(one, rule)
    given = {
        name: value
        for name, value in own.fields.items()
        if name not in overruled and now.fields.get(name, _FIELDS) != value
    }
    moved_now, length_now = now.offset or timedelta(0), now.length
    if (own.offset or timedelta(0)) != moved_now or own.length != length_now:
        given |= _times(own, one, rule)
    return EventDraft(**given, notify=notify) if given else None


def _times(own: Own, one: RemoteEvent, rule: RemoteEvent) -> dict[str, Any]:
    if one.start is None or one.original_start_at is None:
        return {}
    series = series_drafts.series_of(rule)
    length = own.length or _length(rule) or timedelta(hours=1)
    wall = wall_clock(one.original_start_at, series.zone) + (own.offset or timedelta(0))
    if series.is_all_day:
        return {"start": wall.date(), "end": wall.date() + length, "all_day": True}
    start = occurs_at(wall, series.zone)
    times = {"start": start, "end": start + length, "timezone": series.zone.key}
    end_zone = own.fields.get("end_timezone", rule.end_timezone)
    return {**times, "end_timezone": end_zone} if end_zone else times
