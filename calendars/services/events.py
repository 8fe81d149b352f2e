"""Creating, changing and deleting events: at the provider first, then in the mirror."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from django.utils import timezone

from audit.enums import AccessReason
from calendars import drafts, hosts
from calendars.enums import ConferenceState, Scope
from calendars.models import Calendar, Event
from calendars.providers.base import UNSET
from calendars.providers.errors import CalendarGone, EventGone
from calendars.services import conferences, mirror, occurrences, sync
from calendars.services.accounts import opened
from common.errors import Forbidden, InvalidInput, UpstreamConflict, UpstreamError
from conferencing.enums import Conference

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from audit.actors import Actor
    from calendars.providers.base import CalendarProvider, EventDraft, RemoteEvent


def create_event(
    *,
    calendar: Calendar,
    draft: EventDraft,
    actor: Actor,
    reason: AccessReason = AccessReason.EVENT_CREATE,
    want: Conference | None = None,
) -> Event:
    """Create the event at its provider and in the mirror.

    `want` outranks the draft's conference; AUTO is routed here. With the same idempotency key a
    repeat returns the event of the first try. Raises InvalidInput, Forbidden, RouteRefusal (a
    PlanRefusal names the tier), and UpstreamError; then nothing was created, or a repeat with the
    same key finds it.
    """
    draft = replace(
        draft,
        conference=want or draft.conference,
        idempotency_key=draft.idempotency_key or uuid.uuid4().hex,
    )
    drafts.check_new(draft)
    _require_writable(calendar)
    draft, note = _routed(calendar, draft)
    room = conferences.zoom_room_for(calendar, draft, actor) if _wants_zoom(draft) else None
    if room is not None:
        draft = replace(draft, conference_url=room.join_url)
    try:
        with opened(
            calendar.connection,
            workspace=calendar.workspace,
            actor=actor,
            reason=reason,
            target=draft.idempotency_key,
        ) as provider:
            remote = provider.create_event(mirror.as_remote(calendar), draft)
    except UpstreamError as error:
        if room is not None and not error.retryable:
            conferences.leave_zoom(room, actor)
        raise
    return _stored(calendar, remote, note)


def update_event(
    *,
    event: Event,
    draft: EventDraft,
    actor: Actor,
    etag: str = "",
    scope: Scope = Scope.THIS,
    reason: AccessReason = AccessReason.EVENT_UPDATE,
) -> Event:
    """Change what the draft gives, at the provider and in the mirror.

    With an `etag` the event must not have changed since; without one a change elsewhere is
    tolerated as long as it touched other fields. Raises what `create_event` does, EventGone and
    UpstreamConflict.
    """
    if event.deleted_at is not None:
        raise EventGone
    calendar = event.calendar
    drafts.check_change(draft, event)
    _require_writable(calendar)
    _check_scope(event, scope)
    draft = _keep_join_line(event, drafts.whole(draft, event))
    note = ""
    old_room = conferences.zoom_room_at(event)
    if draft.conference is not UNSET:
        draft, note = _routed(calendar, draft)
        if _wants_zoom(draft):
            url = event.conference_url if old_room else _zoom_url(event, draft, actor)
            draft = replace(draft, conference_url=url)
    try:
        with _opened_for(event, actor, reason) as provider:
            remote = _send_change(provider, event, draft, etag=etag, scope=scope)
    except EventGone:
        mirror.bury(event, timezone.now())
        raise
    changed = _stored(calendar, remote, note, keep_notes=draft.conference is UNSET)
    if scope == Scope.ALL:
        sync.refresh_calendar(calendar.pk)
    if old_room is not None:
        conferences.follow(old_room, changed, draft, actor)
    return changed


def delete_event(
    *,
    event: Event,
    actor: Actor,
    notify: bool = True,
    scope: Scope = Scope.THIS,
    reason: AccessReason = AccessReason.EVENT_DELETE,
) -> None:
    """Delete the event; one that is gone already, here or at the provider, is done.

    Raises Forbidden, InvalidInput, and UpstreamError.
    """
    if event.deleted_at is not None:
        return
    calendar = event.calendar
    _require_writable(calendar)
    _check_scope(event, scope)
    room = conferences.zoom_room_at(event)
    whole_series = scope == Scope.ALL and bool(event.series_remote_id)
    remote_id = event.series_remote_id if whole_series else event.remote_id
    with _opened_for(event, actor, reason) as provider:
        if not remote_id:
            remote_id = occurrences.remote_id_of(provider, event)
        if remote_id:
            provider.delete_event(mirror.as_remote(calendar), remote_id, notify=notify)
    now = timezone.now()
    mirror.bury(event, now)
    if whole_series or event.recurrence:
        mirror.bury_series(calendar, remote_id, now)
    if room is not None and (whole_series or not event.series_remote_id):
        conferences.leave_zoom(room, actor)


def refresh_event(
    *, event: Event, actor: Actor, reason: AccessReason = AccessReason.EVENT_GET
) -> Event:
    """Read the event again from its provider. Raises EventGone, which leaves a tombstone."""
    calendar = event.calendar
    try:
        with _opened_for(event, actor, reason) as provider:
            remote = occurrences.at_provider(provider, event) or provider.get_event(
                mirror.as_remote(calendar), event.remote_id
            )
    except EventGone:
        mirror.bury(event, timezone.now())
        raise
    return mirror.store_event(calendar, remote, timezone.now())


def _opened_for(
    event: Event, actor: Actor, reason: AccessReason
) -> AbstractContextManager[CalendarProvider]:
    calendar = event.calendar
    return opened(
        calendar.connection,
        workspace=calendar.workspace,
        actor=actor,
        reason=reason,
        target=str(event.pk),
    )


def _send_change(
    provider: CalendarProvider, event: Event, draft: EventDraft, *, etag: str, scope: Scope
) -> RemoteEvent:
    calendar = mirror.as_remote(event.calendar)
    if scope == Scope.ALL and event.series_remote_id:
        rule = provider.get_event(calendar, event.series_remote_id)
        draft = drafts.for_series(draft, event, rule)
        return provider.update_event(calendar, rule.remote_id, draft, etag=rule.etag)
    from_rule = occurrences.at_provider(provider, event)
    if from_rule is not None:
        now = mirror.row_of(event.calendar, from_rule, timezone.now())
        if now is None or _touched(event, now, draft):
            mirror.store_event(event.calendar, from_rule, timezone.now())
            raise UpstreamConflict
        return provider.update_event(calendar, from_rule.remote_id, draft, etag=from_rule.etag)
    try:
        return provider.update_event(calendar, event.remote_id, draft, etag=etag or event.etag)
    except UpstreamConflict:
        # Providers give a new etag for what they do themselves, such as making the link.
        fresh = provider.get_event(calendar, event.remote_id)
        now = mirror.row_of(event.calendar, fresh, timezone.now())
        if etag or now is None or _touched(event, now, draft):
            mirror.store_event(event.calendar, fresh, timezone.now())
            raise
        return provider.update_event(calendar, event.remote_id, draft, etag=fresh.etag)


def _touched(was: Event, now: Event, draft: EventDraft) -> bool:
    """Whether a field that the draft changes was changed elsewhere."""
    columns = [column for name in draft.given() for column in drafts.COLUMNS.get(name, ())]
    return any(getattr(was, column) != getattr(now, column) for column in columns)


def _stored(
    calendar: Calendar, remote: RemoteEvent, note: str, *, keep_notes: bool = False
) -> Event:
    """The event in the mirror; a link that is on its way is waited for by a worker."""
    now = timezone.now()
    event = mirror.store_event(calendar, remote, now, keep_notes=keep_notes)
    if note and not event.conference_note:
        event.conference_note = note[:300]
        Event.objects.filter(pk=event.pk).update(conference_note=event.conference_note)
    if event.conference_state == ConferenceState.PENDING:
        conferences.await_link(event)
    if event.recurrence:
        sync.refresh_calendar(calendar.pk)
    return event


def _routed(calendar: Calendar, draft: EventDraft) -> tuple[EventDraft, str]:
    """The draft with the conference that will be made, and why it is not the preferred one."""
    if not isinstance(draft.conference, Conference) or draft.conference_url is not UNSET:
        return draft, ""
    routed = hosts.route(calendar, draft.conference)
    return replace(draft, conference=routed.conference), routed.note or ""


def _wants_zoom(draft: EventDraft) -> bool:
    return draft.conference is Conference.ZOOM and draft.conference_url is UNSET


def _zoom_url(event: Event, draft: EventDraft, actor: Actor) -> str:
    """A Zoom meeting for an event that has had none; it stands at the event's time."""
    filled = replace(
        draft,
        title=event.title if draft.title is UNSET else draft.title,
        start=event.start_at if draft.start is UNSET else draft.start,
        end=event.end_at if draft.end is UNSET else draft.end,
        timezone=event.timezone if draft.timezone is UNSET else draft.timezone,
        idempotency_key=draft.idempotency_key or event.pk.hex,
    )
    return conferences.zoom_room_for(event.calendar, filled, actor).join_url


def _keep_join_line(event: Event, draft: EventDraft) -> EventDraft:
    """A new description must not lose the line with the Zoom link that guests join by."""
    has_zoom = event.conference == Conference.ZOOM and bool(event.conference_url)
    if not has_zoom or draft.description is UNSET or draft.conference is not UNSET:
        return draft
    return replace(draft, conference=Conference.ZOOM, conference_url=event.conference_url)


def _require_writable(calendar: Calendar) -> None:
    if calendar.gone_at is not None:
        raise CalendarGone(calendar_remote_id=calendar.remote_id)
    if not calendar.is_writable:
        raise Forbidden(f"{calendar.name} can only be read.")


def _check_scope(event: Event, scope: Scope) -> None:
    if scope == Scope.FOLLOWING and event.series_remote_id:
        raise InvalidInput("scope", "Change this one, or the whole series.")
