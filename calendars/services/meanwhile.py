"""What an event became while somebody was changing it, and what stands in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from audit.enums import AccessReason
from calendars import drafts
from calendars.enums import ConferenceState
from calendars.errors import EventChanged
from calendars.models import Event
from calendars.providers.errors import EventGone
from calendars.services import mirror, writing
from calendars.services.series_copy import SeriesCopy
from common.errors import UpstreamError
from common.wallclock import wall_clock
from workspaces.zones import is_zone

if TYPE_CHECKING:
    from datetime import date

    from audit.actors import Actor
    from calendars.providers.base import EventDraft, RemoteEvent

CHANGED_ELSEWHERE: Final = (
    "This series was changed elsewhere meanwhile. Look at it again, then change it."
)


def is_touched(was: Event, now: Event, draft: EventDraft) -> bool:
    """Whether a field that the draft changes was changed elsewhere."""
    columns = [column for name in draft.given() for column in drafts.COLUMNS.get(name, ())]
    return any(
        getattr(was, column) != getattr(now, column)
        for column in columns
        if not (column == "conference" and _is_missing_still(was, now))
    )


def _is_missing_still(was: Event, now: Event) -> bool:
    """Whether a link could not be made, of which the provider may know nothing."""
    return was.conference_state == ConferenceState.FAILED and not now.conference


def require_unchanged(
    copy: SeriesCopy, event: Event, rule: RemoteEvent, fresh: Event, draft: EventDraft
) -> None:
    """Raises EventChanged when the series is not as the mirror has it, in shape or in what the
    draft touches; then the mirror has it as it is now. `fresh` is the row that `rule` makes.
    """
    known = Event.objects.filter(pk=fresh.pk, deleted_at__isnull=True).first()
    # A change whose answer was lost must not move a series twice.
    if known is None or not (_has_other_shape(known, fresh) or is_touched(known, fresh, draft)):
        return
    row = copy.keep(rule, copy.listed_best_effort(rule))
    raise EventChanged((standing_for(event) or row).pk, CHANGED_ELSEWHERE)


def _has_other_shape(known: Event, fresh: Event) -> bool:
    shape = ("start_wall", "end_wall", "timezone", "recurrence")
    return any(getattr(known, name) != getattr(fresh, name) for name in shape)


def standing_for(event: Event) -> Event | None:
    """The event itself, or what its series has on its day now, by the mirror; None for neither.

    An occurrence goes by the instant that its series has it at: a series that was moved has
    others.
    """
    alive = Event.objects.filter(calendar=event.calendar_id, deleted_at__isnull=True)
    found = alive.filter(pk=event.pk).first()
    if found is None and event.series_remote_id:
        others = alive.filter(series_remote_id=event.series_remote_id)
        found = next((one for one in others if _day_of(one) == _day_of(event)), None)
    if found is not None:
        found.calendar = event.calendar
    return found


def what_stands_there(*, event: Event, actor: Actor) -> Event | None:
    """What stands in the place of an event that is gone, its series read anew; None for nothing.

    None too where the series cannot be read: then nobody knows of anything.
    """
    found = standing_for(event)
    if found is not None or not event.series_remote_id:
        return found
    try:
        with writing.opened_for(event, actor, AccessReason.EVENT_GET) as provider:
            there = mirror.as_remote(event.calendar)
            rule = provider.get_event(there, event.series_remote_id)
            copy = SeriesCopy(provider, event.calendar)
            copy.keep(rule, copy.listed(rule))
    except EventGone:
        mirror.bury_series(
            event.calendar, event.series_remote_id, event.deleted_at or event.seen_at
        )
        return None
    except UpstreamError:
        return None
    return standing_for(event)


def _day_of(event: Event) -> date | None:
    """The day on which its series has the occurrence."""
    if event.original_start_at is None:
        return None
    zone = ZoneInfo(event.timezone if is_zone(event.timezone) else "UTC")
    return wall_clock(event.original_start_at, zone).date()
