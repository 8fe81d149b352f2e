"""Contacts and prospects as staff see them, of both tables, with their meetings and notes.

Everybody in the workspace who works or audits sees them; a colleague's own meetings with a
prospect are the colleague's alone, as everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Max, Min, Q, QuerySet
from django.db.models.functions import Lower

from booking.enums import TAKES_TIME
from booking.models import PersonNote
from booking.owners import meeting_tables, tables_of, tables_of_person
from booking.staff_queries import visible_meetings
from common.errors import NotFound
from common.matching import holds
from workspaces.enums import OwnerKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from booking.models import MeetingBase, PersonBase
    from booking.owners import BookingTables
    from workspaces.models import Membership

PAGE_ROWS = 50
MAX_PAGE = 200
MAX_MEETINGS = 100


@dataclass(frozen=True, slots=True)
class PersonFilter:
    """What narrows the list: one of the two tables, words of a name or address, one client."""

    kind: OwnerKind = OwnerKind.CLIENT
    text: str = ""
    client_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Met:
    """How often somebody was met, last and next, as far as the viewer may see."""

    times: int = 0
    last_at: datetime | None = None
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PersonPage:
    """One page of people by name, and whether there are more."""

    people: list[PersonBase]
    has_more: bool


@dataclass(frozen=True, slots=True)
class PersonMeetings:
    """Somebody's meetings that the viewer may see; `hidden` more are colleagues' own."""

    upcoming: list[MeetingBase] = field(default_factory=list)
    past: list[MeetingBase] = field(default_factory=list)
    hidden: int = 0


def visible_people(membership: Membership, kind: OwnerKind) -> QuerySet[Any]:
    """The workspace's contacts or prospects."""
    return tables_of(kind).people().filter(workspace=membership.workspace_id)


def visible_person(membership: Membership, person_id: UUID) -> PersonBase:
    """The contact or prospect of that id. Raises NotFound."""
    for tables in meeting_tables():
        found: PersonBase | None = (
            visible_people(membership, tables.kind).filter(pk=person_id).first()
        )
        if found is not None:
            return found
    raise NotFound


def found_people(membership: Membership, wanted: PersonFilter) -> QuerySet[Any]:
    """Who fits the filter, by name."""
    rows = visible_people(membership, wanted.kind)
    for word in wanted.text.split()[:8]:
        rows = rows.filter(holds(word, "name", "email", "phone"))
    if wanted.client_id is not None and "client_id" in tables_of(wanted.kind).person_scope:
        rows = rows.filter(client_id=wanted.client_id)
    return rows.order_by(Lower("name"), "created_at", "pk")


def people_page(
    membership: Membership, wanted: PersonFilter, *, page: int, size: int = PAGE_ROWS
) -> PersonPage:
    """One page of who fits."""
    until = min(page, MAX_PAGE) * size
    rows = list(found_people(membership, wanted)[until - size : until + 1])
    return PersonPage(rows[:size], has_more=len(rows) > size)


def count_people(membership: Membership, wanted: PersonFilter) -> int:
    """How many fit."""
    return found_people(membership, wanted).count()


def met(membership: Membership, people: Iterable[PersonBase], now: datetime) -> dict[UUID, Met]:
    """How often each was met, for people of one table: one query for all."""
    ids = [person.pk for person in people]
    found = dict.fromkeys(ids, Met())
    for tables, rows in zip(meeting_tables(), visible_meetings(membership), strict=True):
        column = f"{tables.person_column}_id"
        stands = Q(state__in=TAKES_TIME)
        counted = (
            rows.filter(**{f"{column}__in": ids})
            .order_by()
            .values(column)
            .annotate(
                times=Count("pk", filter=stands),
                last_at=Max("start_at", filter=stands & Q(start_at__lte=now)),
                next_at=Min("start_at", filter=stands & Q(start_at__gt=now)),
            )
            .values_list(column, "times", "last_at", "next_at")
        )
        found |= {person_id: Met(*numbers) for person_id, *numbers in counted}
    return found


def meetings_of(membership: Membership, person: PersonBase, now: datetime) -> PersonMeetings:
    """Somebody's meetings: those to come, the next one first, and the latest past ones."""
    tables = tables_of_person(person)
    mine = {f"{tables.person_column}_id": person.pk}
    seen = next(
        rows
        for one, rows in zip(meeting_tables(), visible_meetings(membership), strict=True)
        if one is tables
    ).filter(**mine)
    past = seen.filter(end_at__lte=now).order_by("-start_at")[:MAX_MEETINGS]
    upcoming = seen.filter(end_at__gt=now).order_by("start_at")[:MAX_MEETINGS]
    everywhere = tables.meeting._default_manager.filter(workspace=membership.workspace_id, **mine)
    return PersonMeetings(list(upcoming), list(past), everywhere.count() - seen.count())


def notes_of(person: PersonBase) -> list[PersonNote]:
    """What was written about somebody, the latest first."""
    rows = PersonNote.objects.filter(workspace=person.workspace_id, person_id=person.pk)
    return list(rows.select_related("author").order_by("-created_at"))


def whose(person: PersonBase) -> str:
    """The client whose contact somebody is; blank for a prospect of the workspace's own."""
    client = getattr(person, "client", None)
    return client.name if client else ""


def same_address(membership: Membership, person: PersonBase) -> list[PersonBase]:
    """The other people of the workspace with this person's address, in either table."""
    found: list[PersonBase] = []
    for tables in meeting_tables():
        rows = visible_people(membership, tables.kind).alias(folded=Lower("email"))
        found.extend(rows.filter(folded=person.email.lower()).exclude(pk=person.pk))
    return found


def mergeable(person: PersonBase, text: str = "") -> QuerySet[Any]:
    """Who could be the same person: others of the same scope, narrowed by typed words."""
    tables = tables_of_person(person)
    rows = tables.people().filter(**tables.scope_of(person)).exclude(pk=person.pk)
    for word in text.split()[:8]:
        rows = rows.filter(holds(word, "name", "email", "phone"))
    return rows.order_by(Lower("name"), "pk")


def tables_and_scope(person: PersonBase) -> tuple[BookingTables, dict[str, Any]]:
    """The tables of a person and the columns within which they are one."""
    tables = tables_of_person(person)
    return tables, tables.scope_of(person)
