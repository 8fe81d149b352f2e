"""Who else could take a meeting, and whether they are free then, as far as our copies tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from booking.owners import tables_for
from calendars.enums import NotKnown
from calendars.models import Calendar, Hold
from calendars.queries import busy_events
from calendars.services.freebusy import free_busy
from common.spans import Span, merge
from workspaces.access import MAY_WORK
from workspaces.enums import OwnerKind
from workspaces.owners import ClientOwner, owner_of_member
from workspaces.queries import clients_of, members_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from audit.actors import Actor
    from booking.models import MeetingBase
    from workspaces.models import Membership
    from workspaces.owners import Owner

FREE, BUSY, AWAY, UNKNOWN = "Free", "Something else then", "Outside their hours", "Not known"

_ONE_DAY = timedelta(days=1)
# Without a calendar that counts, hours and promises rule, as in booking.
_NOTHING_TO_READ = frozenset({NotKnown.NOT_CONNECTED, NotKnown.NOT_COUNTING})


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody of the same kind; `standing` is one of the words above."""

    owner: Owner
    standing: str

    @property
    def is_busy(self) -> bool:
        return self.standing == BUSY


def candidates_for(
    meeting: MeetingBase, *, membership: Membership, actor: Actor, session_key: str, now: datetime
) -> list[Candidate]:
    """Everybody but the present owner, those who are free first. Nothing but times is read, and
    the reading is logged; a constant number of queries.
    """
    tables = tables_for(meeting)
    span = Span(meeting.start_at, meeting.end_at)
    if tables.kind is OwnerKind.CLIENT:
        found = _clients(membership, span)
    else:
        found = _members(membership, span, actor, session_key, now)
    present = getattr(meeting, tables.owner_column)
    order = (FREE, AWAY, UNKNOWN, BUSY)
    others = [one for one in found if one.owner.id != present]
    return sorted(others, key=lambda one: (order.index(one.standing), one.owner.name.casefold()))


def _members(
    membership: Membership, span: Span, actor: Actor, session_key: str, now: datetime
) -> list[Candidate]:
    rows = members_of(membership.workspace).select_related("workspace", "user__profile")
    members = list(rows.filter(role__in=MAY_WORK))
    times = free_busy(
        membership=membership,
        emails=[member.user.email for member in members],
        span=span,
        actor=actor,
        session_key=session_key,
        now=now,
    )
    by_email = {one.email: one for one in times.people}
    found = []
    for member in members:
        one = by_email[member.user.email]
        is_known = one.unknown is None or one.unknown in _NOTHING_TO_READ
        standing = _hours_say(one.working, span) if is_known else UNKNOWN
        found.append(Candidate(owner_of_member(member), BUSY if one.busy else standing))
    return found


def _clients(membership: Membership, span: Span) -> list[Candidate]:
    owners = [
        ClientOwner(workspace=membership.workspace, client=client)
        for client in clients_of(membership.workspace)
    ]
    busy = _busy_clients([owner.id for owner in owners], span)
    return [
        Candidate(owner, BUSY if owner.id in busy else _hours_say(_working(owner, span), span))
        for owner in owners
    ]


def _working(owner: Owner, span: Span) -> list[Span]:
    first, last = (at.astimezone(owner.zone).date() for at in (span.start, span.end))
    return merge(owner.availability.working_spans(owner.zone, first - _ONE_DAY, last))


def _hours_say(working: Iterable[Span], span: Span) -> str:
    return (
        FREE if any(part.start <= span.start and span.end <= part.end for part in working) else AWAY
    )


def _busy_clients(client_ids: Sequence[UUID], span: Span) -> set[UUID]:
    """Those who have promised the time or have an event then."""
    holds = Hold.objects.filter(
        owner_kind=OwnerKind.CLIENT,
        owner_id__in=client_ids,
        held_from__lt=span.end,
        held_until__gt=span.start,
    )
    found = set(holds.values_list("owner_id", flat=True))
    calendars = dict(
        Calendar.objects.filter(
            client_connection__client__in=client_ids, counts_as_busy=True, gone_at__isnull=True
        ).values_list("pk", "client_connection__client_id")
    )
    events = busy_events(calendars, span).values_list("calendar_id", flat=True)
    return found | {calendars[calendar_id] for calendar_id in events}
