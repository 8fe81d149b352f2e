"""Answering an invitation: at its provider first, then in the mirror."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from audit.enums import AccessReason
from calendars.enums import Response, Scope
from calendars.models import Event
from calendars.providers.errors import EventGone
from calendars.services import mirror, occurrences, writing
from calendars.services.series_copy import SeriesCopy
from common.errors import Forbidden, InvalidInput, UpstreamConflict

if TYPE_CHECKING:
    from audit.actors import Actor
    from calendars.providers.base import CalendarProvider, RemoteEvent

LONGEST_COMMENT: Final = 500
ANSWERS: Final = (Response.ACCEPTED, Response.TENTATIVE, Response.DECLINED)
OWN_EVENT: Final = "You organise this event, so there is no invitation to answer."
NOT_INVITED: Final = "This calendar is not among the guests of this event."
REMOVED: Final = "{label} has taken it off the calendar"
NO_FOLLOWING: Final = (
    "An answer is for this event or for all of its series: no calendar service takes one for this "
    "and the following."
)


@dataclass(frozen=True, slots=True)
class Answered:
    """The event as it is now, and what else happened, in sentences."""

    event: Event
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Answer:
    response: Response
    comment: str
    notify: bool


def is_invitation(event: Event) -> bool:
    """Whether there is something to answer, or was."""
    return not event.is_organizer and event.response != Response.NONE


def respond(
    *,
    event: Event,
    response: Response,
    actor: Actor,
    comment: str = "",
    notify: bool = True,
    scope: Scope = Scope.THIS,
    reason: AccessReason = AccessReason.EVENT_RESPOND,
) -> Answered:
    """Answer the invitation, of a series this event's or that of ALL; the organiser is told.

    `comment` goes with it. The same answer again is a success. Raises InvalidInput naming
    `response`, `comment` or `scope`, Forbidden for one's own event or where one is no guest,
    EventGone and other UpstreamErrors; then the answer is as it was, or a repeat settles it.
    """
    _check(event, response, comment, scope)
    answer = _Answer(response, comment.strip(), notify)
    series_id = event.series_remote_id or (event.remote_id if event.recurrence else "")
    is_whole = bool(series_id) and (scope == Scope.ALL or bool(event.recurrence))
    try:
        with writing.opened_for(event, actor, reason) as provider:
            if is_whole:
                return _answer_series(provider, event, series_id, answer)
            return _answer_one(provider, event, answer)
    except EventGone:
        if is_whole:
            mirror.bury_series(event.calendar, series_id, timezone.now())
        mirror.bury(event, timezone.now())
        raise


def _check(event: Event, response: Response, comment: str, scope: Scope) -> None:
    if event.deleted_at is not None:
        raise EventGone
    if response not in ANSWERS:
        raise InvalidInput("response", "Answer accepted, tentative or declined.")
    if len(comment) > LONGEST_COMMENT:
        raise InvalidInput("comment", f"This may have {LONGEST_COMMENT} characters at most.")
    if scope == Scope.FOLLOWING and event.series_remote_id:
        raise InvalidInput("scope", NO_FOLLOWING)
    writing.require_writable(event.calendar)
    if event.is_organizer:
        raise Forbidden(OWN_EVENT)
    if event.response == Response.NONE:
        raise Forbidden(NOT_INVITED)


def _answer_one(provider: CalendarProvider, event: Event, answer: _Answer) -> Answered:
    found = occurrences.at_provider(provider, event)
    remote_id = found.remote_id if found else event.remote_id
    remote = _send(provider, event, remote_id, answer)
    if remote is None:
        return _removed(provider, event, answer)
    return Answered(mirror.store_event(event.calendar, remote, timezone.now()))


def _answer_series(
    provider: CalendarProvider, event: Event, series_id: str, answer: _Answer
) -> Answered:
    rule = _send(provider, event, series_id, answer)
    copy = SeriesCopy(provider, event.calendar)
    if rule is None:
        copy.bury(series_id)
        return _removed(provider, event, answer)
    row = copy.keep(rule, copy.listed_best_effort(rule))
    now = Event.objects.filter(pk=event.pk, deleted_at__isnull=True).first()
    if now is not None:
        now.calendar = event.calendar
    return Answered(now or row)


def _removed(provider: CalendarProvider, event: Event, answer: _Answer) -> Answered:
    mirror.bury(event, timezone.now())
    event.response = answer.response
    return Answered(event, (REMOVED.format(label=provider.label),))


def _send(
    provider: CalendarProvider, event: Event, remote_id: str, answer: _Answer
) -> RemoteEvent | None:
    """An answer holds whatever else changed meanwhile, so after a conflict it is given again."""
    try:
        return _respond(provider, event, remote_id, answer)
    except UpstreamConflict:
        return _respond(provider, event, remote_id, answer)


def _respond(
    provider: CalendarProvider, event: Event, remote_id: str, answer: _Answer
) -> RemoteEvent | None:
    return provider.respond(
        mirror.as_remote(event.calendar),
        remote_id,
        answer.response,
        comment=answer.comment,
        notify=answer.notify,
    )
