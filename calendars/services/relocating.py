"""Moving an event to another calendar of its account: at the provider first, then in the mirror.

Our id of an event is made of its calendar, so a moved one has another. Tasks are taken along in the
transaction that buries the old one; apps above hear of it through the outbox. A move whose answer
was lost is looked for at once, and by a worker when that fails too, or when the process died.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audit.actors import task_actor
from audit.enums import AccessReason
from calendars import abilities, hosts
from calendars.enums import ConferenceState, Scope
from calendars.errors import MovedOnly
from calendars.models import Calendar, Event, EventTask, event_id_for
from calendars.providers.base import Feature
from calendars.providers.errors import CalendarGone, EventGone
from calendars.providers.registry import provider_class
from calendars.services import mirror, series, splitting, writing, zoom_rooms
from calendars.services.series_copy import SeriesCopy
from common import outbox
from common.errors import DomainError, Forbidden, InvalidInput, Unsupported, UpstreamError
from conferencing.failures import is_ours_alone

if TYPE_CHECKING:
    from uuid import UUID

    from audit.actors import Actor
    from calendars.providers.base import CalendarProvider, EventDraft, RemoteEvent
    from common.models import OutboxMessage

# Handled by whoever keeps ids of events in tables above this app.
MOVED_KIND: Final = "calendars.event_moved"
FINISH_KIND: Final = "calendars.finish_move"
# Longer than the calls may take.
_SOON: Final = timedelta(seconds=90)
OTHER_ACCOUNT: Final = "An event can move between the calendars of one account only."
WHOLE_SERIES: Final = "A series moves as a whole: choose All events."
ORGANISER_ONLY: Final = "Only the organiser can move this event to another calendar."


@dataclass(frozen=True, slots=True)
class _Way:
    """From where to where, of a single event or a whole series."""

    source: Calendar
    to: Calendar
    remote_id: str
    is_series: bool


def move_event(
    *,
    event: Event,
    to: Calendar,
    actor: Actor,
    scope: Scope = Scope.THIS,
    notify: bool = True,
    reason: AccessReason = AccessReason.EVENT_MOVE,
) -> Event:
    """Move the event, or with ALL the whole series that it is one of; the event as it is now.

    Its tasks, its link and its meeting come along; its id is another. A repeat finds it where it
    went. Raises InvalidInput naming `calendar`, Forbidden, Unsupported, EventGone and other
    UpstreamErrors.
    """
    if to.pk == event.calendar_id:
        return event
    way = _way(event, to, scope)
    if event.deleted_at is not None:
        return _moved_before(event, way)
    _check(event, way)
    try:
        with writing.opened_for(event, actor, reason) as provider:
            key = _remember(way)
            remote = _send(provider, way, key, notify=notify)
            _keep(provider, way, remote, note=event.conference_note)
            outbox.withdraw(key)
    except EventGone:
        _bury(way)
        raise
    return _now_at(event, way)


def move_and_change(
    *,
    event: Event,
    to: Calendar,
    draft: EventDraft | None,
    actor: Actor,
    scope: Scope = Scope.THIS,
) -> series.Done:
    """Move the event, then change what the draft gives. Raises what either does.

    A change that is refused after the move raises MovedOnly, which says so.
    """
    moved = move_event(
        event=event, to=to, actor=actor, scope=scope, notify=draft.notify if draft else True
    )
    if draft is None:
        return series.Done(moved)
    try:
        return series.update_event(event=moved, draft=draft, actor=actor, scope=scope)
    except DomainError as refusal:
        raise MovedOnly(refusal, calendar=to.name, event_id=moved.pk) from refusal


def finish_move(message: OutboxMessage) -> None:
    """The outbox's handler for a move whose answer was lost. Raises UpstreamError."""
    payload = message.payload
    rows = Calendar.objects.filter(pk__in=[payload["source"], payload["to"]])
    known = {str(row.pk): row for row in rows.select_related("workspace")}
    if len(known) < 2:
        return
    source, to = known[payload["source"]], known[payload["to"]]
    way = _Way(source, to, payload["remote_id"], payload["is_series"] == "yes")
    event_id = event_id_for(source.pk, way.remote_id)
    event = Event(pk=event_id, calendar=source, workspace_id=source.workspace_id)
    actor = task_actor(FINISH_KIND)
    try:
        with writing.opened_for(event, actor, AccessReason.EVENT_GET) as provider:
            remote = provider.get_event(mirror.as_remote(to), way.remote_id)
            _keep(provider, way, remote, note="")
    except (EventGone, CalendarGone):
        return


def _way(event: Event, to: Calendar, scope: Scope) -> _Way:
    series_id = event.series_remote_id
    if series_id and scope != Scope.ALL:
        raise InvalidInput("calendar", WHOLE_SERIES)
    is_series = bool(series_id or event.recurrence)
    return _Way(event.calendar, to, series_id or event.remote_id, is_series)


def _check(event: Event, way: _Way) -> None:
    writing.require_writable(way.source)
    writing.require_writable(way.to)
    if way.to.connection.pk != way.source.connection.pk:
        raise InvalidInput("calendar", OTHER_ACCOUNT)
    if not hosts.can_move_from(way.source):
        label = provider_class(way.source.connection.provider).label
        message = f"{label} cannot move an event to another calendar."
        raise Unsupported(Feature.MOVE_CALENDAR.value, message)
    if not event.is_organizer:
        raise Forbidden(ORGANISER_ONLY)
    if why_not := abilities.stay_refusal(way.source, event.kind):
        raise InvalidInput("calendar", why_not)


def _send(provider: CalendarProvider, way: _Way, key: str, *, notify: bool) -> RemoteEvent:
    """Move it; after a lost answer look whether it came through.

    The message of that key stays only where nobody knows.
    """
    source, to = mirror.as_remote(way.source), mirror.as_remote(way.to)
    try:
        return provider.move_event(source, way.remote_id, to, notify=notify)
    except UpstreamError as error:
        if not splitting.is_undecided(error):
            outbox.withdraw(key)
            raise
        try:
            return provider.get_event(to, way.remote_id)
        except EventGone:
            outbox.withdraw(key)
            raise error from None
        except UpstreamError:
            raise error from None


def _remember(way: _Way) -> str:
    """Write the message that looks for it if nobody else does; its key."""
    now = timezone.now()
    key = f"finish-move:{event_id_for(way.to.pk, way.remote_id)}:{now.timestamp()}"
    outbox.enqueue(
        kind=FINISH_KIND,
        payload={
            "source": str(way.source.pk),
            "to": str(way.to.pk),
            "remote_id": way.remote_id,
            "is_series": "yes" if way.is_series else "",
        },
        dedupe_key=key,
        workspace_id=way.source.workspace_id,
        due_at=now + _SOON,
    )
    return key


def _keep(provider: CalendarProvider, way: _Way, remote: RemoteEvent, *, note: str) -> None:
    """The event at its new place, with what hangs on it; tombstones at the old one."""
    if way.is_series:
        copy = SeriesCopy(provider, way.to)
        writing.with_link(copy.keep(remote, copy.listed_best_effort(remote)), note)
    else:
        writing.stored(way.to, remote, note)
    with transaction.atomic():
        _carry_missing_links(way)
        _carry(way)
        _bury(way)


def _carry_missing_links(way: _Way) -> None:
    """A link that could not be made is missing at the new place, too, for the same reason."""
    failed = [row for row in _rows(way) if row.conference_state == ConferenceState.FAILED]
    for row in failed:
        if not is_ours_alone(row.conference, row.conference_failure):
            continue
        link = {name: getattr(row, name) for name in mirror.LINK}
        Event.objects.filter(pk=_id_at(way, row), conference="").update(**link)


def _carry(way: _Way) -> None:
    """Tasks and what is still to be done for its Zoom link go along; whoever else keeps the id of
    a moved event is told.
    """
    ids = {row.pk: _id_at(way, row) for row in _rows(way)}
    zoom_rooms.follow_moves(way.to.workspace_id, ids)
    for task in EventTask.objects.filter(calendar=way.source, event_id__in=list(ids)):
        task.event_id, task.calendar = ids[task.event_id], way.to
        task.save(update_fields=["event_id", "calendar", "updated_at"])
    if way.is_series:
        return
    for was, now in ids.items():
        outbox.enqueue(
            kind=MOVED_KIND,
            payload={"was": str(was), "now": str(now), "calendar": str(way.to.pk)},
            dedupe_key=f"moved:{was}:{now}:{timezone.now().timestamp()}",
            workspace_id=way.to.workspace_id,
            # Moved on again before the first is told: who keeps the id has to hear of both in turn.
            ordering_key=f"moved:{way.to.connection.pk}",
        )


def _rows(way: _Way) -> list[Event]:
    """What the mirror has at the old place, tombstones included."""
    its_own = Q(remote_id=way.remote_id, series_remote_id="")
    of_it = its_own | Q(series_remote_id=way.remote_id) if way.is_series else its_own
    return list(Event.objects.filter(of_it, calendar=way.source))


def _bury(way: _Way) -> None:
    now = timezone.now()
    if way.is_series:
        mirror.bury_series(way.source, way.remote_id, now)
        return
    for event in Event.objects.filter(calendar=way.source, remote_id=way.remote_id):
        mirror.bury(event, now)


def _id_at(way: _Way, event: Event) -> UUID:
    """Our id of the event at the new place."""
    return event_id_for(way.to.pk, event.remote_id, event.series_remote_id, event.original_start_at)


def _now_at(event: Event, way: _Way) -> Event:
    found = Event.objects.filter(pk=_id_at(way, event), deleted_at__isnull=True).first()
    if found is None:
        found = Event.objects.get(pk=event_id_for(way.to.pk, way.remote_id))
    found.calendar = way.to
    return found


def _moved_before(event: Event, way: _Way) -> Event:
    """Where a move went whose answer was lost, and which a sync told of since."""
    rows = Event.objects.filter(pk=_id_at(way, event), deleted_at__isnull=True)
    if way.to.connection.pk != way.source.connection.pk or not rows.exists():
        raise EventGone
    with transaction.atomic():
        _carry(way)
    return _now_at(event, way)
