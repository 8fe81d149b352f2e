"""The meetings a member sees: clients' and their own, of both tables, with what was sent of them.

A colleague's own meetings are the colleague's alone; roles give no exception.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q

from booking.enums import MeetingState, MessageKind
from booking.owners import meeting_tables
from calendars.enums import ConferenceState
from common.enums import OutboxState
from common.errors import NotFound
from common.models import OutboxMessage
from workspaces.enums import OwnerKind

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

    from booking.models import MeetingBase
    from workspaces.models import Membership

MAX_PAGE = 200
_WEEK = timedelta(days=7)


class Period(StrEnum):
    """The tabs of the page."""

    UPCOMING = "upcoming"
    PAST = "past"
    NEEDS_YOU = "needs"


@dataclass(frozen=True, slots=True)
class MeetingFilter:
    """What narrows the list; blank parts narrow nothing."""

    period: Period = Period.UPCOMING
    text: str = ""
    owner_id: UUID | None = None
    link_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class MeetingPage:
    """One page of meetings in order, and whether there are more."""

    meetings: list[MeetingBase]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Delivery:
    """What left the house, or did not, for one meeting: its outbox rows by kind."""

    rows: list[OutboxMessage] = field(default_factory=list)

    def failed(self) -> list[OutboxMessage]:
        return [row for row in self.rows if row.state == OutboxState.FAILED]

    def of_kind(self, kind: MessageKind) -> list[OutboxMessage]:
        return [row for row in self.rows if row.kind == kind]


def visible_meetings(membership: Membership) -> list[QuerySet[Any]]:
    """The meetings the member may see, one set for each table."""
    own = {OwnerKind.CLIENT: Q(), OwnerKind.USER: Q(user_id=membership.user_id)}
    return [
        tables.meetings()
        .filter(own[tables.kind], workspace=membership.workspace_id)
        .select_related("link", "workspace", tables.owner_column.removesuffix("_id"))
        for tables in meeting_tables()
    ]


def visible_meeting(membership: Membership, meeting_id: UUID) -> MeetingBase:
    """The meeting of that id, of either table. Raises NotFound."""
    for rows in visible_meetings(membership):
        found: MeetingBase | None = rows.filter(pk=meeting_id).first()
        if found is not None:
            return found
    raise NotFound


def meetings_page(
    membership: Membership, wanted: MeetingFilter, *, now: datetime, page: int, size: int = 50
) -> MeetingPage:
    """One page, the next meeting first; of past ones the latest first."""
    is_past = wanted.period is Period.PAST
    until = min(page, MAX_PAGE) * size
    found: list[MeetingBase] = []
    for rows in visible_meetings(membership):
        narrowed = _narrow(rows, membership, wanted, now)
        found.extend(narrowed.order_by("-start_at" if is_past else "start_at")[: until + 1])
    found.sort(key=attrgetter("start_at"), reverse=is_past)
    return MeetingPage(found[until - size : until], has_more=len(found) > until)


def count_needing(membership: Membership, now: datetime) -> int:
    """How many meetings ask for somebody's hand."""
    wanted = MeetingFilter(period=Period.NEEDS_YOU)
    return sum(
        _narrow(rows, membership, wanted, now).count() for rows in visible_meetings(membership)
    )


def week_figures(membership: Membership, monday: datetime) -> tuple[int, int]:
    """How many were booked in the week from that instant on, and how many cancelled."""
    booked = cancelled = 0
    for rows in visible_meetings(membership):
        counts = rows.aggregate(
            booked=Count("id", filter=Q(created_at__gte=monday, created_at__lt=monday + _WEEK)),
            cancelled=Count(
                "id",
                filter=Q(
                    state=MeetingState.CANCELLED,
                    updated_at__gte=monday,
                    updated_at__lt=monday + _WEEK,
                ),
            ),
        )
        booked, cancelled = booked + counts["booked"], cancelled + counts["cancelled"]
    return booked, cancelled


def deliveries_of(membership: Membership, meetings: list[MeetingBase]) -> dict[UUID, Delivery]:
    """What was sent for each of the meetings: one query for all."""
    found = {meeting.pk: Delivery() for meeting in meetings}
    by_text = {str(meeting_id): delivery for meeting_id, delivery in found.items()}
    rows = OutboxMessage.objects.filter(
        workspace_id=membership.workspace_id,
        kind__startswith="booking.",
        payload__meeting_id__in=list(by_text),
    ).order_by("created_at")
    for row in rows:
        by_text[row.payload["meeting_id"]].rows.append(row)
    return found


def _narrow(
    rows: QuerySet[Any], membership: Membership, wanted: MeetingFilter, now: datetime
) -> QuerySet[Any]:
    if wanted.period is Period.PAST:
        rows = rows.filter(end_at__lte=now)
    else:
        rows = rows.filter(end_at__gt=now)
    if wanted.period is Period.NEEDS_YOU:
        failed = OutboxMessage.objects.filter(
            workspace_id=membership.workspace_id,
            kind__startswith="booking.",
            state=OutboxState.FAILED,
        ).values_list("payload__meeting_id", flat=True)
        stuck = [meeting_id for meeting_id in failed if meeting_id]
        no_link = Q(
            state=MeetingState.CONFIRMED,
            conference_state=ConferenceState.FAILED,
            end_at__gt=now,
        )
        rows = rows.filter(Q(state=MeetingState.REQUESTED) | Q(pk__in=stuck) | no_link)
    if wanted.text:
        rows = rows.filter(
            Q(booker_name__icontains=wanted.text) | Q(booker_email__icontains=wanted.text)
        )
    if wanted.link_id is not None:
        rows = rows.filter(link_id=wanted.link_id)
    if wanted.owner_id is not None:
        column = next(one.owner_column for one in meeting_tables() if one.meeting is rows.model)
        rows = rows.filter(**{column: wanted.owner_id})
    return rows
