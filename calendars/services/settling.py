"""Reading an event again until its meeting link is there, or is given up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from audit.actors import task_actor
from calendars.enums import ConferenceState
from calendars.models import Event
from calendars.providers.errors import EventGone
from calendars.services import conferences, sync, writing
from calendars.services.conferences import SETTLE_KIND
from calendars.services.events import refresh_event
from common import outbox
from conferencing import failures
from conferencing.enums import LinkFailure

if TYPE_CHECKING:
    from datetime import datetime

    from common.models import OutboxMessage

NO_LINK: Final = "The link did not come."
# Long after whoever saved the event has asked to have its link waited for.
_FORGOTTEN_AFTER: Final = timedelta(minutes=1)
_MOST_AT_ONCE: Final = 200
_LEAST_WAIT, _MOST_WAIT = timedelta(seconds=2), timedelta(seconds=15)


def settle(message: OutboxMessage) -> None:
    """Look once whether the link has come. Raises NotYet while it is worth waiting."""
    event = (
        Event.objects.select_related(
            "workspace",
            "calendar__workspace",
            "calendar__client_connection__workspace",
            "calendar__user_connection__workspace",
        )
        .filter(pk=UUID(message.payload["event_id"]), deleted_at__isnull=True)
        .first()
    )
    if event is None or event.conference_state != ConferenceState.PENDING:
        return
    try:
        event = refresh_event(event=event, actor=task_actor(SETTLE_KIND))
    except EventGone:
        return
    if event.conference_state != ConferenceState.PENDING:
        if event.recurrence:
            # Each of its events has the link, too, or none.
            writing.with_link(event, "")
            sync.refresh_calendar(event.calendar_id)
        return
    now = timezone.now()
    age = now - message.created_at
    if age > settings.CONFERENCE_WAIT:
        give_up(event)
        return
    raise outbox.NotYet(now + min(max(age, _LEAST_WAIT), _MOST_WAIT))


def await_forgotten(now: datetime) -> int:
    """Have links waited for that nobody waits for; how many events were looked at.

    A process may die between saving its event and asking for that, and a copy may bring an event
    whose creation was never answered. Each is asked for once in the time that it is on its way.
    """
    rows = Event.objects.filter(
        conference_state=ConferenceState.PENDING,
        conference_since_at__lt=now - _FORGOTTEN_AFTER,
        is_organizer=True,
        deleted_at__isnull=True,
        series_remote_id="",
    ).order_by("conference_since_at")
    found = list(rows.values_list("pk", "workspace_id", "conference_since_at")[:_MOST_AT_ONCE])
    for event_id, workspace_id, since in found:
        outbox.enqueue(
            kind=SETTLE_KIND,
            payload={"event_id": str(event_id)},
            dedupe_key=f"settle:{event_id}:since:{since:%Y%m%d%H%M%S%f}",
            workspace_id=workspace_id,
        )
    return len(found)


def give_up(event: Event) -> None:
    """Say that the link will not come; a later answer of the provider may still bring it."""
    conferences.link_failed(event, LinkFailure.LATE, NO_LINK)


def has_failed(message: OutboxMessage, words: str) -> None:
    """Nobody could look whether the link has come: it counts as missing until somebody can."""
    rows = Event.objects.select_related("calendar").filter(deleted_at__isnull=True)
    event = rows.filter(pk=UUID(message.payload["event_id"])).first()
    if event is not None and event.conference_state == ConferenceState.PENDING:
        conferences.link_failed(event, LinkFailure.LATE, failures.first_sentence(words))
