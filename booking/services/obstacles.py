"""What takes an owner's time, named as far as the member who asks may know it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from booking.owners import meeting_tables
from booking.staff_queries import visible_meetings
from calendars.enums import HoldSource
from calendars.models import Hold
from calendars.queries import busy_events, seen, sight_of
from common.spans import Span

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from uuid import UUID

    from calendars.models import Calendar
    from workspaces.models import Membership
    from workspaces.owners import Owner

_NAMES = {HoldSource.PATIENT_SESSION.value: "A patient session"}


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Something in the way, with the time it takes, buffers included for a meeting.

    `way` is `meeting`, `event` or blank; `row_id` is given where the member may open it.
    """

    name: str
    span: Span
    where: str = ""
    way: str = ""
    row_id: UUID | None = None


def meetings_between(owner: Owner, span: Span, membership: Membership) -> list[Obstacle]:
    """The owner's promised time that touches the span, in every workspace."""
    holds = list(
        Hold.objects.filter(
            owner_id=owner.id, held_from__lt=span.end, held_until__gt=span.start
        ).order_by("held_from")
    )
    names = _meetings_by_hold([hold.pk for hold in holds], membership)
    return [_of_hold(hold, names, membership) for hold in holds]


def _meetings_by_hold(hold_ids: list[UUID], membership: Membership) -> dict[UUID, tuple[UUID, str]]:
    """The id and the words of the meetings that the member may see."""
    found = {}
    for rows in visible_meetings(membership):
        for meeting in rows.filter(hold_id__in=hold_ids):
            words = f"{meeting.title} with {meeting.booker_name}"
            found[meeting.hold_id] = (meeting.pk, words)
    return found


def _of_hold(hold: Hold, names: dict[UUID, tuple[UUID, str]], membership: Membership) -> Obstacle:
    span = Span(hold.held_from, hold.held_until)
    if hold.pk in names:
        row_id, words = names[hold.pk]
        return Obstacle(words, span, way="meeting", row_id=row_id)
    is_here = hold.workspace_id == membership.workspace_id
    known = {tables.hold_source.value: "Another meeting" for tables in meeting_tables()}
    # Of another workspace nothing is told but that time is taken.
    name = {**known, **_NAMES}.get(hold.source, "Busy") if is_here else "Busy elsewhere"
    return Obstacle(name, span)


def events_between(
    calendars: Iterable[Calendar],
    span: Span,
    membership: Membership,
    *,
    ignoring: Collection[UUID] = (),
) -> list[Obstacle]:
    """The events of these calendars that take time within the span, from the copy.

    Of one that the member may not see, "Busy", its time and its calendar.
    """
    by_id = {calendar.pk: calendar for calendar in calendars}
    if not by_id:
        return []
    rows = busy_events(list(by_id), span).exclude(pk__in=list(ignoring)).order_by("start_at")
    found = []
    for event in rows:
        calendar = by_id[event.calendar_id]
        shown = seen(event, sight_of(calendar, membership))
        row_id = None if shown.is_masked else event.pk
        found.append(
            Obstacle(
                shown.title or "(No title)",
                Span(event.start_at, event.end_at),
                where=calendar.name,
                way="" if row_id is None else "event",
                row_id=row_id,
            )
        )
    return found
