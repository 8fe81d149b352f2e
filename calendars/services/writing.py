"""What creating and changing an event has in common, whether it repeats or not."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from audit.enums import AccessReason
from calendars import abilities, drafts, hosts
from calendars.enums import ConferenceState
from calendars.models import Event
from calendars.paused import refuse_paused
from calendars.providers.base import UNSET
from calendars.providers.errors import CalendarGone
from calendars.services import conferences, mirror, splitting, telehealth
from calendars.services.accounts import opened
from common.errors import Forbidden, UpstreamError
from conferencing.enums import Conference, LinkFailure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from datetime import timedelta

    from audit.actors import Actor
    from calendars.models import Calendar
    from calendars.providers.base import CalendarProvider, EventDraft, RemoteEvent
    from conferencing.models import ZoomMeeting


# What a guest was promised is written, changed, taken back and erased though the plan paused the
# account.
PROMISED: Final = frozenset(
    {
        AccessReason.BOOKING_EVENT_CREATE,
        AccessReason.BOOKING_EVENT_UPDATE,
        AccessReason.BOOKING_EVENT_DELETE,
        AccessReason.BOOKING_EVENT_ERASE,
    }
)
_HAS_LINK: Final = frozenset({ConferenceState.READY, ConferenceState.PENDING})


@dataclass(frozen=True, slots=True)
class Prepared:
    """A change that may be sent: its meeting link is routed and, if it is a Zoom one, made.

    `note` says why the link is not the preferred kind; `room` is the Zoom meeting there was, and
    `made` the one that was made for this change. `missing` is why there is none of those that was
    wished for with `key`.
    """

    draft: EventDraft
    note: str
    room: ZoomMeeting | None
    made: ZoomMeeting | None = None
    missing: UpstreamError | None = None
    key: str = ""


def prepare_change(
    event: Event,
    draft: EventDraft,
    actor: Actor,
    *,
    is_series: bool = False,
    is_promised: bool = False,
) -> Prepared:
    """Check a change and settle its meeting link. Raises what `events.update_event` does.

    A Zoom meeting that cannot be made keeps nothing of a change back from an event that has no
    link: as with a new one, the link is missing and asked for again. An event that has a link
    keeps it, and the change is refused, as is one that is nothing but another try.
    """
    drafts.check_change(draft, event)
    require_writable(event.calendar, is_promised=is_promised)
    abilities.check(draft, event.calendar, event)
    draft = _keep_join_line(event, drafts.whole(draft, event))
    note, made, missing, key = "", None, None, ""
    room = conferences.zoom_room_at(event)
    if draft.conference is not UNSET:
        draft, note = routed(event.calendar, draft)
        if wants_zoom(draft) and room is not None:
            draft = replace(draft, conference_url=room.join_url)
        elif wants_zoom(draft):
            wish = _zoom_wish(event, draft, is_series)
            try:
                made = conferences.zoom_room_for(event.calendar, wish, actor)
                draft = replace(draft, conference_url=made.join_url)
            except UpstreamError as error:
                if draft.asks_again or event.conference_state in _HAS_LINK:
                    raise
                missing, key = error, wish.idempotency_key
    draft = telehealth.for_change(event, draft)
    if missing is not None:
        draft = replace(draft, conference=Conference.NONE)
    return Prepared(draft, note, room, made, missing, key)


@contextmanager
def sending(
    ready: Prepared, event: Event, actor: Actor, reason: AccessReason
) -> Iterator[CalendarProvider]:
    """The event's account, open to send the change. When that is refused, the Zoom meeting that
    was made for it goes again; where it may have come through all the same, the next try finds it.
    """
    try:
        with opened_for(event, actor, reason) as provider:
            yield provider
    except UpstreamError as error:
        if ready.made is not None and not splitting.is_undecided(error):
            conferences.leave_zoom(ready.made, actor)
        raise


def opened_for(
    event: Event, actor: Actor, reason: AccessReason, *, limit: timedelta | None = None
) -> AbstractContextManager[CalendarProvider]:
    """The event's account, open for one operation on it."""
    calendar = event.calendar
    return opened(
        calendar.connection,
        workspace=calendar.workspace,
        actor=actor,
        reason=reason,
        target=str(event.pk),
        total_time_limit=limit,
    )


def stored(
    calendar: Calendar, remote: RemoteEvent, note: str, *, keep_notes: bool = False
) -> Event:
    """The event in the mirror; a link that is on its way is waited for by a worker."""
    event = mirror.store_event(calendar, remote, timezone.now(), keep_notes=keep_notes)
    return with_link(event, note)


def with_link(event: Event, note: str) -> Event:
    """The stored event with the note about its link; one that is on its way is waited for."""
    if note and not event.conference_note:
        event.conference_note = note[:300]
        Event.objects.filter(pk=event.pk).update(conference_note=event.conference_note)
    if event.conference_state == ConferenceState.PENDING:
        conferences.await_link(event)
    elif event.conference_state == ConferenceState.FAILED and event.recurrence:
        # Providers tell of it at the series alone, if at all.
        failure = LinkFailure(event.conference_failure)
        conferences.link_failed(event, failure, event.conference_note)
    return event


def with_wanted_link(event: Event, ready: Prepared) -> Event:
    """The stored event after a change with what became of the link that was wanted."""
    event = with_link(event, ready.note)
    if ready.missing is not None:
        conferences.zoom_failed(event, ready.missing, ready.key)
    return event


def routed(calendar: Calendar, draft: EventDraft) -> tuple[EventDraft, str]:
    """The draft with the conference that will be made, and why it is not the preferred one."""
    if not isinstance(draft.conference, Conference) or draft.conference_url is not UNSET:
        return draft, ""
    choice = hosts.route(calendar, draft.conference)
    return replace(draft, conference=choice.conference), choice.note or ""


def wants_zoom(draft: EventDraft) -> bool:
    return draft.conference is Conference.ZOOM and draft.conference_url is UNSET


def _zoom_wish(
    event: Event,
    draft: EventDraft,
    is_series: bool,  # noqa: FBT001 -- one caller
) -> EventDraft:
    """What to wish a Zoom meeting with for an event that has none: it stands at its time."""
    return replace(
        draft,
        title=event.title if draft.title is UNSET else draft.title,
        start=event.start_at if draft.start is UNSET else draft.start,
        end=event.end_at if draft.end is UNSET else draft.end,
        timezone=event.timezone if draft.timezone is UNSET else draft.timezone,
        idempotency_key=draft.idempotency_key or conferences.intent_key_of(event),
        recurrence=tuple(event.recurrence) or ("RRULE:",) if is_series else draft.recurrence,
    )


def _keep_join_line(event: Event, draft: EventDraft) -> EventDraft:
    """A new description must not lose the line with the Zoom link that guests join by."""
    has_zoom = event.conference == Conference.ZOOM and bool(event.conference_url)
    if not has_zoom or draft.description is UNSET or draft.conference is not UNSET:
        return draft
    return replace(draft, conference=Conference.ZOOM, conference_url=event.conference_url)


def require_writable(calendar: Calendar, *, is_promised: bool = False) -> None:
    """Raises CalendarGone, Forbidden, and PlanRequired while the plan has paused the account.

    What `is_promised` to a guest is written all the same.
    """
    if calendar.gone_at is not None:
        raise CalendarGone(calendar_remote_id=calendar.remote_id)
    if not calendar.is_writable:
        raise Forbidden(f"{calendar.name} can only be read.")
    if not is_promised:
        refuse_paused(calendar.connection)
