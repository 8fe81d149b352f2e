"""Zoom links that could not be made for now: a worker asks again until they are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from audit.actors import task_actor
from calendars.enums import ConferenceState, Scope
from calendars.models import Event
from calendars.providers.base import EventDraft
from calendars.providers.errors import EventGone
from calendars.services import conferences, link_retry, series, zoom_rooms
from calendars.services.zoom_rooms import ZOOM_LINK_KIND
from common.errors import UpstreamError
from conferencing import failures
from conferencing.enums import Conference
from conferencing.failures import first_sentence
from conferencing.models import ZoomMeeting
from conferencing.routing import RouteRefusal

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from common.models import OutboxMessage


_DELETED_THERE: Final = "The Zoom meeting was deleted at Zoom."


def retry(message: OutboxMessage) -> None:
    """The outbox's handler: ask once more, unless the link is there or no longer wanted.

    Raises UpstreamError, by which the outbox knows when to try again.
    """
    event = _waiting(message).select_related("calendar__workspace", "workspace").first()
    if event is None:
        return
    try:
        link_retry.retry_link(event=event, actor=task_actor(ZOOM_LINK_KIND))
    except RouteRefusal:
        conferences.tell_link_settled(event)  # noted on the event, with its way on
    except UpstreamError as error:
        conferences.note_again(event, error)
        raise


def has_failed(message: OutboxMessage, words: str) -> None:
    """It is not tried again by itself: the event says so no longer, and keeps its reason."""
    for event in _waiting(message):
        told = first_sentence(event.conference_note)
        Event.objects.filter(pk=event.pk).update(conference_note=told)
        conferences.tell_link_settled(event)


def replace_room(message: OutboxMessage) -> None:
    """The outbox's handler of a meeting that somebody deleted at Zoom while its event stands: the
    event gets another one, and its guests the new link. Where there can be none, the dead link
    goes, and the event says why.

    Raises UpstreamError.
    """
    room = ZoomMeeting.objects.filter(pk=UUID(message.payload["meeting_id"])).first()
    event = zoom_rooms.event_of(room) if room is not None else None
    if event is None:
        return
    scope = Scope.ALL if event.recurrence else Scope.THIS
    actor = task_actor(message.kind)
    try:
        try:
            draft = EventDraft(conference=Conference.ZOOM)
            done = series.update_event(event=event, draft=draft, actor=actor, scope=scope)
        except RouteRefusal as refusal:
            draft = EventDraft(conference=Conference.NONE)
            done = series.update_event(event=event, draft=draft, actor=actor, scope=scope)
            reason = f"{_DELETED_THERE} {refusal.reason}"
            failure = failures.failure_of(refusal)
            conferences.link_failed(done.event, failure, reason, kind=Conference.ZOOM)
    except EventGone:
        return
    conferences.tell_link_settled(done.event)


def could_not_replace(message: OutboxMessage, words: str) -> None:
    """The event has a link that leads nowhere, and says so beside it."""
    room = ZoomMeeting.objects.filter(pk=UUID(message.payload["meeting_id"])).first()
    event = zoom_rooms.event_of(room) if room is not None else None
    if event is not None:
        note = f"{_DELETED_THERE} {first_sentence(words)} Choose another meeting link."
        Event.objects.filter(pk=event.pk).update(conference_note=note[:300])


def _waiting(message: OutboxMessage) -> QuerySet[Event]:
    return Event.objects.filter(
        pk=UUID(message.payload["event_id"]),
        deleted_at__isnull=True,
        conference=Conference.ZOOM,
        conference_state=ConferenceState.FAILED,
    )
