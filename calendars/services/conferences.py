"""Meeting links: waiting for those that come late, and Zoom meetings that follow their events."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q
from django.utils import timezone

from calendars import hosts
from calendars.enums import ConferenceState
from calendars.models import Event
from calendars.providers.base import UNSET
from calendars.services import mirror, zoom_rooms
from calendars.services.zoom_rooms import ZOOM_LINK_KIND
from common import outbox
from common.errors import RateLimited, UpstreamError, UpstreamUnavailable
from conferencing import failures, usage
from conferencing import services as conferencing
from conferencing.enums import Conference, LinkFailure
from conferencing.routing import PlanRefusal, check_plan
from conferencing.zoom import DailyLimit

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from audit.actors import Actor
    from calendars.models import Calendar
    from calendars.providers.base import EventDraft
    from conferencing.models import ZoomMeeting
    from workspaces.models import Workspace

logger = logging.getLogger(__name__)

SETTLE_KIND: Final = "calendars.settle_conference"
# Handled by whoever keeps links of events in tables above this app.
LINK_SETTLED_KIND: Final = "calendars.link_settled"
# Whoever made a booking waits for it: a passing trouble is mostly over by then.
_SOON: Final = timedelta(seconds=5)
_AGAIN: Final = "It is tried again by itself."
_TOMORROW: Final = "It is tried again after 00:00 UTC."


def zoom_room_for(calendar: Calendar, draft: EventDraft, actor: Actor) -> ZoomMeeting:
    """A Zoom meeting of the calendar's owner for the draft. Raises UpstreamError."""
    start, end = _instant(draft.start), _instant(draft.end)
    return conferencing.create_zoom_meeting(
        owner=hosts.owner_of(calendar),
        intent_key=draft.idempotency_key,
        topic=draft.title if isinstance(draft.title, str) and draft.title else "Meeting",
        start=start,
        duration=end - start,
        timezone_name=calendar.timezone if draft.timezone is UNSET else draft.timezone,
        is_series=draft.recurrence is not UNSET and bool(draft.recurrence),
        actor=actor,
    )


def room_or_reason(
    calendar: Calendar, draft: EventDraft, actor: Actor
) -> ZoomMeeting | UpstreamError:
    """The same, or why there is none: an event is saved all the same."""
    try:
        return zoom_room_for(calendar, draft, actor)
    except UpstreamError as error:
        logger.info("a Zoom meeting could not be made", extra={"code": error.code})
        return error


def zoom_room_at(event: Event) -> ZoomMeeting | None:
    """The Zoom meeting that we made for this event; none of a colleague's that it only names."""
    if event.conference != Conference.ZOOM:
        return None
    room = conferencing.zoom_meeting_at(event.workspace_id, event.conference_url)
    return room if room is not None and zoom_rooms.is_own(room, event) else None


def leave_zoom(room: ZoomMeeting, actor: Actor) -> None:
    """The room's event is gone, or meets elsewhere; a room that anybody else meets in stays."""
    use = usage.uses_of([room]).get(room.pk)
    if use is None or not use.is_live:
        conferencing.end_zoom_meeting(meeting=room, actor=actor)


def keep_or_leave(room: ZoomMeeting, event: Event, actor: Actor) -> None:
    """Note that the room is this event's, if it is its link; else it was made for nothing."""
    if event.conference_url == room.join_url:
        conferencing.tie_zoom_meeting(room, event.pk)
    else:
        leave_zoom(room, actor)


def follow_change(room: ZoomMeeting | None, event: Event, actor: Actor) -> None:
    """An event was changed that had this room, or none: let the room that it has now follow."""
    if room is not None:
        follow(room, event, actor)
    now = zoom_room_at(event)
    if now is not None and (room is None or now.pk != room.pk):
        conferencing.tie_zoom_meeting(now, event.pk)


def follow(room: ZoomMeeting, event: Event, actor: Actor) -> None:
    """Let a Zoom meeting have its event's title and time, or end when it meets elsewhere.

    The link stays good whatever Zoom says, so a failure here takes nothing back: the sweep tries
    it again.
    """
    if event.conference_url != room.join_url:
        leave_zoom(room, actor)
        return
    wish = zoom_rooms.wish_of(room)
    if wish is None:
        return
    try:
        conferencing.update_zoom_meeting(meeting=room, wish=wish, actor=actor)
    except UpstreamError as error:
        logger.info("a Zoom meeting follows its event later", extra={"code": error.code})


def await_link(event: Event) -> None:
    """Have a worker read the event again until its link is there, or is given up."""
    outbox.enqueue(
        kind=SETTLE_KIND,
        payload={"event_id": str(event.pk)},
        dedupe_key=f"settle:{event.pk}:{event.etag[-80:]}:{event.seen_at:%Y%m%d%H%M%S%f}",
        workspace_id=event.workspace_id,
    )


def link_failed(
    event: Event,
    failure: LinkFailure,
    reason: str,
    *,
    kind: Conference | None = None,
    tries: int = 0,
) -> None:
    """Note that the event's link could not be made, and why; of a series on all its events that
    have none either. The event itself stands as it is.

    `kind` is what was wanted, where the event does not say, and `tries` how often by now.
    """
    now = timezone.now()
    told: dict[str, Any] = {
        "conference": kind.value if kind else event.conference,
        "conference_state": ConferenceState.FAILED,
        "conference_note": reason[:300],
        "conference_failure": failure,
        "conference_since_at": now,
        "conference_tries": tries or event.conference_tries or 1,
    }
    for name, value in told.items():
        setattr(event, name, value)
    _with_events_of(event).filter(conference_url="").update(**told)
    mirror.touch(event.calendar, now)


def carry_missing_link(event: Event, to: Event) -> None:
    """What was split off an event whose link could not be made has none either, for the same
    reason; its own is asked for by hand.
    """
    is_missing = event.conference_state == ConferenceState.FAILED and not to.conference
    if is_missing and failures.is_ours_alone(event.conference, event.conference_failure):
        reason = failures.first_sentence(event.conference_note)
        link_failed(to, LinkFailure(event.conference_failure), reason,
                    kind=Conference(event.conference))  # fmt: skip


def zoom_failed(event: Event, error: UpstreamError, key: str) -> None:
    """Note on an event that was just written why it has no Zoom link, and have a worker ask again
    where that may help. `key` is what the meeting was wished for with.
    """
    conferencing.tie_wish(event.workspace_id, key, event.pk)
    link_failed(event, failures.failure_of(error), _reason(error), kind=Conference.ZOOM)
    if not _may_pass(error):
        return
    if zoom_rooms.tries_of(event.workspace_id, [event.pk]).exists():
        return
    now = timezone.now()
    wait = error.retry_after if isinstance(error, RateLimited) else None
    outbox.enqueue(
        kind=ZOOM_LINK_KIND,
        payload={"event_id": str(event.pk)},
        # Not by the wish alone: a link that was given up may be chosen again.
        dedupe_key=f"zoom-link:{event.pk}:{now.timestamp()}",
        workspace_id=event.workspace_id,
        due_at=now + (wait or _SOON),
    )


def note_again(event: Event, error: UpstreamError) -> None:
    """Say on an event without its Zoom link why, and that it is tried again, if it is."""
    if _may_pass(error):
        rows = _with_events_of(event).filter(conference_state=ConferenceState.FAILED)
        rows.update(conference_note=_reason(error)[:300])


def offer_again(workspace: Workspace) -> None:
    """Links that the plan did not have and has now can be asked for again, and say so."""
    now = timezone.now()
    lacking = Event.objects.filter(
        workspace=workspace,
        deleted_at__isnull=True,
        conference_state=ConferenceState.FAILED,
        conference_failure=LinkFailure.PLAN,
    )
    for event in lacking.exclude(conference="").select_related("calendar"):
        try:
            check_plan(event.conference, workspace.tier)
        except PlanRefusal:
            continue
        note = f"The plan has {Conference(event.conference).label} again."
        event.conference_failure, event.conference_note = LinkFailure.UNREACHABLE, note
        event.save(update_fields=["conference_failure", "conference_note"])
        mirror.touch(event.calendar, now)
        tell_link_settled(event)


def tell_link_settled(event: Event) -> None:
    """Let those know who keep the event's link that it came after all, or is given up."""
    outbox.enqueue(
        kind=LINK_SETTLED_KIND,
        payload={"event_id": str(event.pk)},
        dedupe_key=f"link-settled:{event.pk}:{event.etag[-80:]}:{timezone.now().timestamp()}",
        workspace_id=event.workspace_id,
    )


def _reason(error: UpstreamError) -> str:
    reason = failures.reason_of(error)
    if not _may_pass(error):
        return reason
    return f"{reason} {_TOMORROW if isinstance(error, DailyLimit) else _AGAIN}"


def _may_pass(error: UpstreamError) -> bool:
    return isinstance(error, RateLimited | UpstreamUnavailable)


def intent_key_of(event: Event) -> str:
    """What to wish for the event's Zoom meeting with: as before, while the event waits for it or
    nobody knows what became of that.
    """
    wished = conferencing.zoom_meeting_of(event.workspace_id, event.pk)
    is_open = wished is not None and (zoom_rooms.waits_for_link(event) or not wished.remote_id)
    return wished.intent_key if wished is not None and is_open else event.pk.hex


def note_tries(event: Event, tries: int) -> None:
    """Note how often the link that the event has now was asked for."""
    event.conference_tries = tries
    rows = _with_events_of(event).exclude(conference="")
    rows.filter(conference_tries__lt=tries).update(conference_tries=tries)


def _with_events_of(event: Event) -> QuerySet[Event]:
    """The event; of the rule of a series its events, too."""
    whose = Q(pk=event.pk)
    if event.recurrence:
        whose |= Q(series_remote_id=event.remote_id, calendar=event.calendar_id)
    return Event.objects.filter(whose, deleted_at__isnull=True)


def _instant(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    assert isinstance(value, date)  # drafts.check_new saw to it
    return datetime(value.year, value.month, value.day, tzinfo=UTC)
