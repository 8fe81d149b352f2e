"""Changing and deleting one event of a series, this and the following, or all of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from audit.enums import AccessReason
from calendars import drafts, series_drafts
from calendars.enums import Scope
from calendars.models import Event, event_id_for
from calendars.providers.base import UNSET, EventDraft
from calendars.providers.errors import EventGone
from calendars.services import (
    conferences,
    events,
    meanwhile,
    mirror,
    series_copy,
    splitting,
    writing,
)
from calendars.services.apart import Apart, Restored, apart_of, restore
from calendars.services.series_copy import SeriesCopy
from common.errors import Forbidden, UpstreamConflict, UpstreamError
from common.wallclock import occurs_at, wall_clock
from conferencing.enums import Conference

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from audit.actors import Actor
    from calendars.providers.base import CalendarProvider, RemoteEvent
    from calendars.services.writing import Prepared

logger = logging.getLogger(__name__)

_NOTHING: Final = timedelta(0)
_A_MOMENT: Final = timedelta(seconds=3)
ORGANISER_ONLY: Final = "Only the organiser can change more than one event of this series."
OWN_LINK: Final = "The new series has a {label} link of its own; the former one keeps its link."


@dataclass(frozen=True, slots=True)
class Done:
    """The event that was changed, as it is now, and what else happened, in sentences."""

    event: Event
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _At:
    """The series that an event is one of, as read from its provider just now."""

    provider: CalendarProvider
    copy: SeriesCopy
    event: Event
    rule: RemoteEvent


def update_event(
    *,
    event: Event,
    draft: EventDraft,
    actor: Actor,
    etag: str = "",
    scope: Scope = Scope.THIS,
    reason: AccessReason = AccessReason.EVENT_UPDATE,
) -> Done:
    """Change what the draft gives, at the provider and in the mirror, for as much of the series.

    THIS changes the one event. ALL moves the times of all by as much as this one's, on the wall.
    FOLLOWING ends the series before this event and makes a new one from here on, alike but for
    the change. What single events had of their own they keep; what was lost is said in the notes.
    Raises what `events.update_event` does, InvalidInput naming `scope` or `recurrence[0]` too.
    """
    if event.deleted_at is not None:
        raise EventGone
    series_id = _series_of(event)
    if not series_id or (scope == Scope.THIS and not event.recurrence):
        return Done(
            events.update_event(event=event, draft=draft, actor=actor, etag=etag, reason=reason)
        )
    drafts.check_lines_of(draft)
    ready = writing.prepare_change(event, draft, actor, is_series=True)
    try:
        with writing.sending(ready, event, actor, reason) as provider:
            at = _at(provider, event, series_id, ready.draft)
            done = _split(at, ready) if scope == Scope.FOLLOWING else None
            done = done or _change_all(at, ready)
    except EventGone:
        _bury(event, series_id)
        raise
    conferences.follow_change(ready.room, done.event, actor)
    return done


def delete_event(
    *,
    event: Event,
    actor: Actor,
    notify: bool = True,
    scope: Scope = Scope.THIS,
    reason: AccessReason = AccessReason.EVENT_DELETE,
) -> tuple[str, ...]:
    """Delete the event, it and the following, or all; what is gone already is done.

    What else happened is said in sentences. Raises Forbidden, InvalidInput and UpstreamError.
    """
    if event.deleted_at is not None:
        return ()
    series_id = _series_of(event)
    if not series_id or (scope == Scope.THIS and not event.recurrence):
        events.delete_event(event=event, actor=actor, notify=notify, reason=reason)
        return ()
    writing.require_writable(event.calendar)
    room = conferences.zoom_room_at(event)
    notes: tuple[str, ...] = ()
    try:
        with writing.opened_for(event, actor, reason) as provider:
            ended = None
            if scope == Scope.FOLLOWING and not event.recurrence:
                ended = _end_before(_at(provider, event, series_id, EventDraft()), notify=notify)
            if ended is None:
                there = mirror.as_remote(event.calendar)
                provider.delete_event(there, series_id, notify=notify)
                _bury(event, series_id)
            else:
                notes = ended.notes()
    except EventGone:
        _bury(event, series_id)
    if room is not None:
        conferences.leave_zoom(room, actor)
    return notes


def rule_best_effort(*, event: Event, actor: Actor) -> Event | None:
    """The row of the series that the event is one of; None for a single event.

    Where the mirror has it not, it is read now, for a moment; None when its provider does not say.
    """
    if event.recurrence:
        return event
    if not event.series_remote_id:
        return None
    pk = event_id_for(event.calendar_id, event.series_remote_id)
    known = Event.objects.filter(pk=pk, deleted_at__isnull=True).first()
    if known is not None and known.recurrence:
        return known
    try:
        with writing.opened_for(event, actor, AccessReason.EVENT_GET, limit=_A_MOMENT) as provider:
            there = mirror.as_remote(event.calendar)
            rule = provider.get_event(there, event.series_remote_id)
        return mirror.store_event(event.calendar, rule, timezone.now())
    except UpstreamError as error:
        logger.info("a series could not be read", extra={"code": error.code})
        return None


def _series_of(event: Event) -> str:
    """The provider's id of the series; the row of a series itself stands for all of it."""
    return event.series_remote_id or (event.remote_id if event.recurrence else "")


def _bury(event: Event, series_id: str) -> None:
    mirror.bury_series(event.calendar, series_id, timezone.now())
    mirror.bury(event, timezone.now())


def _at(provider: CalendarProvider, event: Event, series_id: str, draft: EventDraft) -> _At:
    """The series, where neither its shape nor what the draft touches was changed elsewhere.

    Raises EventGone, EventChanged and Forbidden.
    """
    rule = provider.get_event(mirror.as_remote(event.calendar), series_id)
    fresh = mirror.row_of(event.calendar, rule, timezone.now())
    if fresh is None or not rule.recurrence:
        raise EventGone
    if not rule.is_organizer:
        raise Forbidden(ORGANISER_ONLY)
    copy = SeriesCopy(provider, event.calendar)
    meanwhile.require_unchanged(copy, event, rule, fresh, draft)
    return _At(provider, copy, event, rule)


# --- All of them ---


def _change_all(at: _At, ready: Prepared) -> Done:
    wanted = series_drafts.for_all(ready.draft, at.event, at.rule)
    reshapes = wanted.start is not UNSET or wanted.recurrence is not UNSET
    before = at.copy.listed(at.rule) if reshapes else []
    apart = apart_of(at.rule, before, at.copy.span) if reshapes else Apart()
    changed = _send(at, wanted)
    shift = _shift(at.rule, changed)
    listed = at.copy.listed_best_effort(changed)
    done = _restored(at, changed, listed, apart, shift=shift, draft=ready.draft)
    keep_notes = ready.draft.conference is UNSET
    row = at.copy.keep(changed, done.occurrences if listed is not None else None,
                       keep_notes=keep_notes)  # fmt: skip
    writing.with_wanted_link(row, ready)
    _carry(at, changed, shift, [one.original_start_at for one in before])
    return Done(_counterpart(at, changed, shift) or row, done.notes())


def _send(at: _At, wanted: EventDraft) -> RemoteEvent:
    """Change the series; after a lost answer look whether it came through."""
    there = mirror.as_remote(at.event.calendar)
    try:
        return at.provider.update_event(there, at.rule.remote_id, wanted, etag=at.rule.etag)
    except UpstreamError as error:
        if not splitting.is_undecided(error):
            raise
        fresh = at.provider.get_event(there, at.rule.remote_id)
        if fresh.etag == at.rule.etag:
            raise
        return fresh


def _shift(before: RemoteEvent, after: RemoteEvent) -> timedelta:
    """How far the wall times of the series moved."""
    if not after.recurrence:
        return _NOTHING
    was, now = (series_drafts.series_of(one).start for one in (before, after))
    return drafts.as_wall(now) - drafts.as_wall(was)


def _restored(
    at: _At,
    rule: RemoteEvent,
    listed: list[RemoteEvent] | None,
    apart: Apart,
    *,
    shift: timedelta,
    draft: EventDraft,
) -> Restored:
    """The occurrences with what they had of their own, as far as the provider lets them."""
    if listed is None:
        return Restored([])
    return restore(
        at.provider,
        at.event.calendar,
        rule,
        listed,
        apart,
        span=at.copy.span,
        shift=shift,
        overruled=draft.given(),
        notify=draft.notify,
    )


# --- This and the following ---


def _split(at: _At, ready: Prepared) -> Done | None:
    """None when the event is the first one: then all are meant."""
    original_at = at.event.original_start_at
    plan = series_drafts.split(ready.draft, at.event, at.rule) if original_at else None
    if plan is None or original_at is None:
        return None
    before = at.copy.listed(at.rule)
    apart = apart_of(at.rule, before, at.copy.span)
    cut = splitting.cut_at(at.event.calendar, at.rule, original_at)
    cut, tail = splitting.make_tail(at.provider, cut, plan.tail)
    notes = _end_or_hurry(at, cut, tail, apart, notify=ready.draft.notify)
    listed = at.copy.listed_best_effort(tail)
    later = _from(apart, at, original_at)
    done = _restored(at, tail, listed, later, shift=plan.shift, draft=ready.draft)
    row = at.copy.keep(tail, done.occurrences if listed is not None else None, keep_notes=False)
    writing.with_wanted_link(row, ready)
    if ready.draft.conference is UNSET:
        conferences.carry_missing_link(at.event, row)
    starts = [one.original_start_at for one in before if one.original_start_at]
    _carry(at, tail, plan.shift, [one for one in starts if one >= original_at])
    return Done(
        _counterpart(at, tail, plan.shift) or row,
        (*notes, *done.notes(), *_link_note(at.rule, tail, ready.draft)),
    )


def _end_or_hurry(
    at: _At, cut: splitting.Cut, tail: RemoteEvent, apart: Apart, *, notify: bool
) -> tuple[str, ...]:
    """End the old series. When that has to wait, a worker does it, and it is said.

    Refused for good, the new series is taken back and the refusal raised.
    """
    try:
        head = splitting.end_head(at.provider, cut, at.rule, notify=notify)
    except EventGone:
        at.copy.bury(at.rule.remote_id)
        splitting.forget(cut)
        return ()
    except UpstreamError as error:
        if splitting.is_undecided(error) or isinstance(error, UpstreamConflict):
            splitting.hurry(cut)
            return (splitting.NOT_ENDED,)
        try:
            splitting.take_back(at.provider, cut, tail)
        except UpstreamError:
            splitting.hurry(cut)
        else:
            splitting.forget(cut)
        raise
    splitting.forget(cut)
    return _keep_head(at, head, apart, notify=notify).notes()


def _keep_head(at: _At, head: RemoteEvent, apart: Apart, *, notify: bool) -> Restored:
    listed = at.copy.listed_best_effort(head)
    done = Restored([])
    if listed is not None:
        done = restore(
            at.provider, at.event.calendar, head, listed, apart, span=at.copy.span, notify=notify
        )
    at.copy.keep(head, done.occurrences if listed is not None else None)
    return done


def _end_before(at: _At, *, notify: bool) -> Restored | None:
    """End the series before the event; None when nothing comes before it."""
    original_at = at.event.original_start_at
    if original_at is None or series_drafts.head_of(at.rule, original_at) is None:
        return None
    apart = apart_of(at.rule, at.copy.listed(at.rule), at.copy.span)
    cut = splitting.cut_at(at.event.calendar, at.rule, original_at)
    head = splitting.end_head(at.provider, cut, at.rule, notify=notify)
    return _keep_head(at, head, apart, notify=notify)


def _from(apart: Apart, at: _At, original_at: datetime) -> Apart:
    """What differs after the event itself, which the change is made on."""
    wall = wall_clock(original_at, series_drafts.series_of(at.rule).zone)
    return Apart(
        frozenset(one for one in apart.removed if one > wall),
        {one: own for one, own in apart.changed.items() if one > wall},
    )


def _link_note(rule: RemoteEvent, tail: RemoteEvent, draft: EventDraft) -> Sequence[str]:
    was, now = rule.conference, tail.conference
    if draft.conference is not UNSET or was is None or not was.url:
        return ()
    if now is not None and now.url == was.url:
        return ()
    return (OWN_LINK.format(label=Conference(was.kind).label),)


# --- Who is who afterwards ---


def _counterpart(at: _At, rule: RemoteEvent, shift: timedelta) -> Event | None:
    """The event that stands where this one stood, in the series as it is now."""
    original_at = at.event.original_start_at
    if original_at is None:
        return None
    new_at = _moved(at.rule, rule, original_at, shift)
    pk = event_id_for(at.event.calendar_id, "", rule.remote_id, new_at)
    found = Event.objects.filter(pk=pk, deleted_at__isnull=True).first()
    if found is not None:
        found.calendar = at.event.calendar
    return found


def _moved(
    before: RemoteEvent, after: RemoteEvent, original_at: datetime, shift: timedelta
) -> datetime:
    """The original start of an occurrence after its series was moved."""
    if not after.recurrence:
        return original_at
    was, now = series_drafts.series_of(before), series_drafts.series_of(after)
    wall = wall_clock(original_at, was.zone) + shift
    return occurs_at(wall, now.zone)


def _carry(
    at: _At,
    rule: RemoteEvent,
    shift: timedelta,
    originals: Sequence[datetime | None],
) -> None:
    """Let tasks follow the occurrences that have another id now."""
    if rule.remote_id == at.rule.remote_id and not shift:
        return
    series_copy.carry_tasks(
        at.event.calendar,
        [
            (at.rule.remote_id, one, rule.remote_id, _moved(at.rule, rule, one, shift))
            for one in originals
            if one is not None
        ],
    )
