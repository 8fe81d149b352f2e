"""Asking again for a meeting link that could not be made: each kind in its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calendars.enums import ConferenceState, Scope
from calendars.models import Event
from calendars.providers.base import EventDraft
from calendars.providers.errors import EventGone
from calendars.services import conferences, series
from common.errors import InvalidInput, UpstreamConflict, UpstreamError
from conferencing import failures
from conferencing.enums import Conference
from conferencing.routing import RouteRefusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.actors import Actor

NO_LINK_WANTED: Final = "This event has no meeting link. Choose one first."


def retry_link(*, event: Event, actor: Actor) -> Event:
    """Ask again for the event's meeting link, of the kind it is; of a series for all its events.

    A link that is there or on its way is left alone. What comes back is the event as it is then;
    a try that fails is noted on it with its reason, and raised. Raises InvalidInput naming
    `conference` where asking again changes nothing, RouteRefusal, EventGone and UpstreamError.
    """
    if event.deleted_at is not None:
        raise EventGone
    if not event.conference_state:
        raise InvalidInput("conference", NO_LINK_WANTED)
    if event.conference_state != ConferenceState.FAILED:
        return event
    kind, failure = event.conference, event.conference_failure
    ask = _WAYS.get(kind)
    if ask is None or not failures.can_retry(failure):
        message = f"{event.conference_note} {failures.remedy(failure)}"
        raise InvalidInput("conference", message.strip())
    whole, tries = _whole(event, actor), event.conference_tries
    try:
        ask(whole, actor)
    except (EventGone, UpstreamConflict):
        raise
    except (UpstreamError, RouteRefusal) as error:
        conferences.link_failed(
            whole, failures.failure_of(error), failures.reason_of(error), tries=tries + 1
        )
        raise
    conferences.note_tries(whole, tries + 1)
    found = Event.objects.select_related("calendar").get(pk=event.pk)
    if found.conference_url:
        conferences.tell_link_settled(found)
    return found


def _whole(event: Event, actor: Actor) -> Event:
    """The series, where it is its link that is missing; else the event itself."""
    rule = series.rule_best_effort(event=event, actor=actor)
    if rule is None or rule.conference != event.conference:
        return event
    return rule if rule.conference_state == ConferenceState.FAILED else event


def _ask_provider(event: Event, actor: Actor) -> None:
    """Google and Outlook make their own links: under a new request, for a repeated one is not
    looked at.
    """
    draft = EventDraft(conference=Conference(event.conference), asks_again=True)
    series.update_event(event=event, draft=draft, actor=actor, scope=_scope(event))


def _make_room(event: Event, actor: Actor) -> None:
    """A Zoom meeting is made first, then its link is written into the event. A room that a former
    try made is found again by its key.
    """
    draft = EventDraft(conference=Conference.ZOOM, asks_again=True)
    series.update_event(event=event, draft=draft, actor=actor, scope=_scope(event))


def _scope(event: Event) -> Scope:
    return Scope.ALL if event.recurrence else Scope.THIS


_WAYS: Final[dict[str, Callable[[Event, Actor], None]]] = {
    Conference.MEET.value: _ask_provider,
    Conference.TEAMS.value: _ask_provider,
    Conference.ZOOM.value: _make_room,
}
