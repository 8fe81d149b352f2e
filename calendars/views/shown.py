"""Which calendars a page shows, and the events in them, logged as the reading that it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.actors import user_actor
from audit.services.log import log_mirror_reads, weeks_to_log
from calendars.access import may_manage
from calendars.queries import calendars_visible_to, events_between
from calendars.services.reading import list_events_best_effort

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from calendars.models import Calendar
    from calendars.queries import SeenEvent, VisibleCalendar
    from common.spans import Span
    from workspaces.guards import StaffRequest


@dataclass(frozen=True, slots=True)
class Shown:
    """What the member may see: `visible` is everything, `offered` has a box beside the week,
    `shown` is ticked."""

    visible: list[VisibleCalendar]
    offered: list[VisibleCalendar]
    shown: list[VisibleCalendar]


def calendars_shown_to(request: StaffRequest) -> Shown:
    """The member's calendars, sorted by what this page does with them."""
    visible = calendars_visible_to(request.membership)
    offered = [
        one
        for one in visible
        # What somebody leaves out of their own week is not shown to colleagues either.
        if one.calendar.is_shown or may_arrange(request, one)
    ]
    return Shown(visible, offered, [one for one in offered if one.is_shown])


def may_arrange(request: StaffRequest, one: VisibleCalendar) -> bool:
    """Whether the member decides for good whether it is shown."""
    connection = one.connection
    return may_manage(request.membership, connection.owner_kind, connection.owner_id)


def events_shown(
    request: StaffRequest,
    shown: Sequence[VisibleCalendar],
    span: Span,
    mondays: Sequence[date],
    now: datetime,
) -> list[SeenEvent]:
    """From the mirror, logged; of dates far from today as good as the providers answer."""
    membership, actor = request.membership, user_actor(request)
    session_key = request.session.session_key or ""
    if any(_is_beyond(one.calendar, span) for one in shown):
        listing = list_events_best_effort(
            membership=membership,
            calendars=shown,
            span=span,
            actor=actor,
            session_key=session_key,
            now=now,
        )
        return listing.events
    connections = list({one.connection.pk: one.connection for one in shown}.values())
    if not connections:
        return []
    if len(mondays) > 1:
        mondays = weeks_to_log(
            session_key=session_key, connections=connections, weeks=mondays, now=now
        )
    for monday in mondays:
        log_mirror_reads(
            workspace_id=membership.workspace_id,
            actor=actor,
            session_key=session_key,
            connections=connections,
            week_on=monday,
            now=now,
        )
    return events_between(membership, span, calendars=shown, for_grid=True)


def _is_beyond(calendar: Calendar, span: Span) -> bool:
    """Whether the span reaches past what is copied. One never copied is on its way: no waiting."""
    begins, ends = calendar.window_from, calendar.window_until
    return begins is not None and ends is not None and (span.start < begins or ends < span.end)
