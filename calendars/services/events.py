"""Creating, changing and deleting events: at the provider first, then in the mirror."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from django.utils import timezone

from audit.enums import AccessReason
from calendars import abilities, drafts
from calendars.errors import EventChanged
from calendars.models import Calendar, Event
from calendars.providers.base import UNSET, EventDraft
from calendars.providers.errors import EventGone
from calendars.services import (
    conferences,
    mirror,
    occurrences,
    splitting,
    telehealth,
    writing,
)
from calendars.services.accounts import opened
from calendars.services.meanwhile import is_touched
from calendars.services.series_copy import SeriesCopy
from common.errors import InvalidInput, UpstreamConflict, UpstreamError
from conferencing.enums import Conference

if TYPE_CHECKING:
    from audit.actors import Actor
    from calendars.providers.base import CalendarProvider, RemoteEvent


def create_event(
    *,
    calendar: Calendar,
    draft: EventDraft,
    actor: Actor,
    reason: AccessReason = AccessReason.EVENT_CREATE,
    want: Conference | None = None,
) -> Event:
    """Create the event at its provider and in the mirror.

    A meeting link that cannot be made is a state of the event, which is saved all the same.
    `want` outranks the draft's conference; AUTO is routed here. With the same idempotency key a
    repeat returns the event of the first try. Raises InvalidInput, Forbidden, PlanRequired,
    RouteRefusal (a PlanRefusal names the tier), and UpstreamError; then nothing was created, or a
    repeat with the same key finds it.
    """
    draft = replace(
        draft,
        conference=want or draft.conference,
        idempotency_key=draft.idempotency_key or uuid.uuid4().hex,
    )
    draft = drafts.settled(draft)
    drafts.check_new(draft, zone_name=calendar.timezone)
    abilities.check(draft, calendar)
    writing.require_writable(calendar, is_promised=reason in writing.PROMISED)
    draft, note = writing.routed(calendar, draft)
    draft = telehealth.for_new(calendar, draft)
    room, missing = None, None
    if writing.wants_zoom(draft):
        made = conferences.room_or_reason(calendar, draft, actor)
        if isinstance(made, UpstreamError):
            missing, draft = made, replace(draft, conference=Conference.NONE)
        else:
            room, draft = made, replace(draft, conference_url=made.join_url)
    try:
        with opened(
            calendar.connection,
            workspace=calendar.workspace,
            actor=actor,
            reason=reason,
            target=draft.idempotency_key,
        ) as provider:
            remote = provider.create_event(mirror.as_remote(calendar), draft)
            kept = _keep_series(provider, calendar, remote)
    except UpstreamError as error:
        if room is not None and not splitting.is_undecided(error):
            conferences.leave_zoom(room, actor)
        raise
    event = (
        # A repeat finds the event of the first try, and what became of its link.
        writing.stored(calendar, remote, note, keep_notes=True)
        if kept is None
        else writing.with_link(kept, note)
    )
    if missing is not None and not event.conference_url:
        conferences.zoom_failed(event, missing, draft.idempotency_key)
    if room is not None and not event.conference_url:
        # Made by an earlier try, when Zoom had no room for it.
        late = EventDraft(conference=Conference.ZOOM, conference_url=room.join_url)
        event = update_event(event=event, draft=late, actor=actor, reason=reason)
        conferences.tell_link_settled(event)
    if room is not None:
        # An earlier try may have made the event, and a person chosen another link since.
        conferences.keep_or_leave(room, event, actor)
    return event


def _keep_series(
    provider: CalendarProvider, calendar: Calendar, remote: RemoteEvent
) -> Event | None:
    """What repeats is written with all its occurrences at once; None for what does not."""
    if not remote.recurrence:
        return None
    copy = SeriesCopy(provider, calendar)
    return copy.keep(remote, copy.listed_best_effort(remote), keep_notes=False)


def update_event(
    *,
    event: Event,
    draft: EventDraft,
    actor: Actor,
    etag: str = "",
    reason: AccessReason = AccessReason.EVENT_UPDATE,
) -> Event:
    """Change what the draft gives, at the provider and in the mirror; of a series, one event.

    `calendars.services.series` changes more of a series than that.

    With an `etag` the event must not have changed since; without one a change elsewhere is
    tolerated as long as it touched other fields. Raises what `create_event` does, EventGone, and
    EventChanged, which leaves the mirror as the event is now.
    """
    if event.deleted_at is not None:
        raise EventGone
    calendar = event.calendar
    if event.series_remote_id and draft.recurrence is not UNSET:
        raise InvalidInput("recurrence", "How it repeats is changed for all, or from one on.")
    if draft.recurrence:
        drafts.check_repeats(draft, event)
    ready = writing.prepare_change(event, draft, actor, is_promised=reason in writing.PROMISED)
    try:
        with writing.sending(ready, event, actor, reason) as provider:
            remote = _send_change(provider, event, ready.draft, etag=etag)
            kept = _keep_series(provider, calendar, remote)
    except EventGone:
        mirror.bury(event, timezone.now())
        raise
    is_new_link = ready.draft.conference is not UNSET
    changed = kept or mirror.store_event(
        calendar, remote, timezone.now(), keep_notes=not is_new_link
    )
    writing.with_wanted_link(changed, ready)
    conferences.follow_change(ready.room, changed, actor)
    return changed


def delete_event(
    *,
    event: Event,
    actor: Actor,
    notify: bool = True,
    reason: AccessReason = AccessReason.EVENT_DELETE,
) -> None:
    """Delete the event; one that is gone already, here or at the provider, is done.

    Of a series that is one event; the series' own row stands for all of it.

    Raises Forbidden, InvalidInput, and UpstreamError.
    """
    if event.deleted_at is not None:
        return
    calendar = event.calendar
    writing.require_writable(calendar, is_promised=reason in writing.PROMISED)
    room = conferences.zoom_room_at(event)
    with writing.opened_for(event, actor, reason) as provider:
        remote_id = event.remote_id or occurrences.remote_id_of(provider, event)
        if remote_id:
            provider.delete_event(mirror.as_remote(calendar), remote_id, notify=notify)
    now = timezone.now()
    mirror.bury(event, now)
    if event.recurrence:
        mirror.bury_series(calendar, remote_id, now)
    if room is not None:
        conferences.leave_zoom(room, actor)


def delete_created(
    *, calendar: Calendar, idempotency_key: str, actor: Actor, reason: AccessReason
) -> None:
    """Delete what a create with this key made, though its answer was lost; nothing is a success.

    Raises Forbidden and UpstreamError.
    """
    writing.require_writable(calendar, is_promised=reason in writing.PROMISED)
    with opened(
        calendar.connection,
        workspace=calendar.workspace,
        actor=actor,
        reason=reason,
        target=idempotency_key,
    ) as provider:
        found = provider.find_created(mirror.as_remote(calendar), idempotency_key)
        if found is None:
            return
        provider.delete_event(mirror.as_remote(calendar), found.remote_id, notify=False)
    row = Event.objects.filter(calendar=calendar, remote_id=found.remote_id).first()
    if row is not None:
        mirror.bury(row, timezone.now())


def refresh_event(
    *, event: Event, actor: Actor, reason: AccessReason = AccessReason.EVENT_GET
) -> Event:
    """Read the event again from its provider. Raises EventGone, which leaves a tombstone."""
    calendar = event.calendar
    try:
        with writing.opened_for(event, actor, reason) as provider:
            remote = occurrences.at_provider(provider, event) or provider.get_event(
                mirror.as_remote(calendar), event.remote_id
            )
    except EventGone:
        mirror.bury(event, timezone.now())
        raise
    return mirror.store_event(calendar, remote, timezone.now())


def _send_change(
    provider: CalendarProvider, event: Event, draft: EventDraft, *, etag: str
) -> RemoteEvent:
    calendar = mirror.as_remote(event.calendar)
    from_rule = occurrences.at_provider(provider, event)
    if from_rule is not None:
        now = mirror.row_of(event.calendar, from_rule, timezone.now())
        if now is None or is_touched(event, now, draft):
            stored = mirror.store_event(event.calendar, from_rule, timezone.now())
            raise EventChanged(stored.pk)
        return provider.update_event(calendar, from_rule.remote_id, draft, etag=from_rule.etag)
    try:
        return provider.update_event(calendar, event.remote_id, draft, etag=etag or event.etag)
    except UpstreamConflict:
        # Providers give a new etag for what they do themselves, such as making the link.
        fresh = provider.get_event(calendar, event.remote_id)
        now = mirror.row_of(event.calendar, fresh, timezone.now())
        if etag or now is None or is_touched(event, now, draft):
            stored = mirror.store_event(event.calendar, fresh, timezone.now())
            raise EventChanged(stored.pk) from None
        return provider.update_event(calendar, event.remote_id, draft, etag=fresh.etag)
