"""The meetings a member sees: clients' and their own, of both tables, with what was sent of them.

A colleague's own meetings are the colleague's alone; roles give no exception.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import merge
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

from django.db.models import Q

from booking.enums import ChangeKind, MeetingState, MessageKind
from booking.mail_troubles import troubles_of
from booking.meeting_filter import MeetingFilter, narrow
from booking.models import MeetingAnswer, MeetingChange
from booking.owners import meeting_tables, tables_of
from common.enums import OutboxState
from common.errors import NotFound
from common.models import OutboxMessage
from workspaces.enums import OwnerKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID
    from zoneinfo import ZoneInfo

    from django.db.models import QuerySet

    from booking.models import MeetingBase
    from common.models import SentMail
    from workspaces.models import Membership

MAX_PAGE = 200
_PIECE = 500
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class MeetingPage:
    """One page of meetings in order, and whether there are more."""

    meetings: list[MeetingBase]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Delivery:
    """What left the house, or did not, for one meeting: its outbox rows by kind, and the mails that
    did not arrive; and what its people answered in their calendars.
    """

    rows: list[OutboxMessage] = field(default_factory=list)
    unreached: list[SentMail] = field(default_factory=list)
    answers: list[MeetingAnswer] = field(default_factory=list)

    def failed(self) -> list[OutboxMessage]:
        return [row for row in self.rows if row.state == OutboxState.FAILED]

    def of_kind(self, kind: MessageKind) -> list[OutboxMessage]:
        return [row for row in self.rows if row.kind == kind]


def visible_meetings(
    membership: Membership, *, owner_id: UUID | None = None
) -> list[QuerySet[Any]]:
    """The meetings the member may see, one set for each table; of one owner only, if named."""
    own = {OwnerKind.CLIENT: Q(), OwnerKind.USER: Q(user_id=membership.user_id)}
    return [
        tables.meetings()
        .filter(own[tables.kind], workspace=membership.workspace_id)
        .filter(**({} if owner_id is None else {tables.owner_column: owner_id}))
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


def handed_over_by(membership: Membership, meeting_id: UUID, to: UUID) -> MeetingBase:
    """The meeting that was the member's own until they gave it to the user `to`, if that is the
    last that was done to it: whoever asks for that once more hears that it is so.

    Raises NotFound, as for every other meeting of a colleague.
    """
    rows = tables_of(OwnerKind.USER).meetings()
    found: MeetingBase | None = rows.filter(
        workspace=membership.workspace_id, pk=meeting_id, user_id=to, erased_at__isnull=True
    ).first()
    changes = MeetingChange.objects.filter(workspace=membership.workspace_id, meeting_id=meeting_id)
    last = changes.order_by("-at", "-sequence", "-created_at").first()
    if found is None or last is None or last.kind != ChangeKind.REASSIGNED:
        raise NotFound
    me = membership.user_id
    if (last.was_owner_id, last.actor_id) != (me, str(me)):
        raise NotFound
    return found


def meetings_page(
    membership: Membership,
    wanted: MeetingFilter,
    *,
    now: datetime,
    zone: ZoneInfo,
    page: int,
    size: int = 50,
) -> MeetingPage:
    """One page of what the filter shows; `zone` is the reader's."""
    until = min(page, MAX_PAGE) * size
    found: list[MeetingBase] = []
    for rows in visible_meetings(membership):
        found.extend(narrow(rows, membership, wanted, now=now, zone=zone)[: until + 1])
    found.sort(key=attrgetter("start_at"), reverse=wanted.is_latest_first)
    return MeetingPage(found[until - size : until], has_more=len(found) > until)


def meetings_after(
    membership: Membership,
    rule: Q,
    *,
    owner_id: UUID | None = None,
    after: tuple[datetime, UUID] | None = None,
    size: int,
) -> MeetingPage:
    """A page of what the rule shows, by start and id, that begins after such a place."""
    if after is not None:
        start, meeting_id = after
        rule &= Q(start_at__gt=start) | Q(start_at=start, pk__gt=meeting_id)
    found: list[MeetingBase] = []
    for rows in visible_meetings(membership, owner_id=owner_id):
        found.extend(rows.filter(rule).order_by("start_at", "pk")[: size + 1])
    found.sort(key=attrgetter("start_at", "pk"))
    return MeetingPage(found[:size], has_more=len(found) > size)


def all_meetings(
    membership: Membership, wanted: MeetingFilter, *, now: datetime, zone: ZoneInfo
) -> Iterator[MeetingBase]:
    """Everything the filter shows, in the order of the pages, read piece by piece."""
    sets = [
        narrow(rows, membership, wanted, now=now, zone=zone).iterator(chunk_size=_PIECE)
        for rows in visible_meetings(membership)
    ]
    return merge(*sets, key=attrgetter("start_at"), reverse=wanted.is_latest_first)


def count_meetings(
    membership: Membership, wanted: MeetingFilter, *, now: datetime, zone: ZoneInfo
) -> int:
    """How many the filter shows."""
    return sum(
        narrow(rows, membership, wanted, now=now, zone=zone).count()
        for rows in visible_meetings(membership)
    )


def week_figures(membership: Membership, monday: datetime) -> tuple[int, int]:
    """How many were booked in the week from that instant on, and how many cancelled: two queries
    for each table. When something was cancelled is said by the history; a row changes later, too.
    """
    cancellings = MeetingChange.objects.filter(
        workspace=membership.workspace_id,
        kind=ChangeKind.CANCELLED,
        at__gte=monday,
        at__lt=monday + _WEEK,
    )
    booked = cancelled = 0
    for rows in visible_meetings(membership):
        booked += rows.filter(created_at__gte=monday, created_at__lt=monday + _WEEK).count()
        cancelled += rows.filter(
            state=MeetingState.CANCELLED, pk__in=cancellings.values("meeting_id")
        ).count()
    return booked, cancelled


def deliveries_of(membership: Membership, meetings: list[MeetingBase]) -> dict[UUID, Delivery]:
    """What was sent for each of the meetings, and answered to it: three queries for all."""
    found = {meeting.pk: Delivery() for meeting in meetings}
    rows = OutboxMessage.objects.filter(
        workspace_id=membership.workspace_id,
        kind__startswith="booking.",
        about_id__in=list(found),
    ).order_by("created_at")
    for row in rows:
        found[cast("UUID", row.about_id)].rows.append(row)
    for meeting_id, mails in troubles_of(membership.workspace_id, list(found)).items():
        found[meeting_id].unreached.extend(mails)
    answers = MeetingAnswer.objects.filter(
        workspace=membership.workspace_id, meeting_id__in=list(found)
    )
    for answer in answers.order_by("-is_booker", "email"):
        found[answer.meeting_id].answers.append(answer)
    return found
