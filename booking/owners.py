"""Which tables and which hold belong to which kind of owner: the two modes as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from booking.errors import LinkClosed
from booking.models import Contact, Meeting, MeetingBase, PersonBase, SalesMeeting, SalesProspect
from calendars.enums import HoldSource
from workspaces.enums import OwnerKind
from workspaces.models import Client, User
from workspaces.owners import owner_for, owner_of_user

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet

    from booking.models import BookingLink, BookingName, CalendarFeed
    from workspaces.models import Workspace
    from workspaces.owners import Owner


@dataclass(frozen=True, slots=True)
class BookingTables:
    """Where the bookings of one kind of owner are kept.

    `id_field` names a meeting in the API (`meeting_id`, `sales_meeting_id`). `person_scope` are
    the columns within which one address is one person; `person_word` is what staff call one.
    """

    kind: OwnerKind
    meeting: type[MeetingBase]
    person: type[PersonBase]
    hold_source: HoldSource
    id_field: str
    owner_column: str
    person_column: str
    person_scope: tuple[str, ...]
    person_word: str

    def person_values(self, owner: Owner) -> dict[str, Any]:
        """The columns that say whose person it is."""
        values: dict[str, Any] = {"workspace_id": owner.workspace.id, self.owner_column: owner.id}
        return {column: values[column] for column in ("workspace_id", *self.person_scope)}

    def scope_of(self, person: PersonBase) -> dict[str, Any]:
        """The columns within which this person's address is theirs alone, with their values."""
        return {column: getattr(person, column) for column in ("workspace_id", *self.person_scope)}

    def people(self) -> QuerySet[Any]:
        """The people with whose they are beside them."""
        rows = self.person._default_manager
        return rows.select_related(*(one.removesuffix("_id") for one in self.person_scope))

    def meetings(self) -> QuerySet[Any]:
        """The meetings with what every reader needs beside them."""
        return self.meeting._default_manager.select_related("link", "workspace")


_TABLES = {
    OwnerKind.CLIENT: BookingTables(
        kind=OwnerKind.CLIENT,
        meeting=Meeting,
        person=Contact,
        hold_source=HoldSource.MEETING,
        id_field="meeting_id",
        owner_column="client_id",
        person_column="contact",
        person_scope=("client_id",),
        person_word="contact",
    ),
    OwnerKind.USER: BookingTables(
        kind=OwnerKind.USER,
        meeting=SalesMeeting,
        person=SalesProspect,
        hold_source=HoldSource.SALES_MEETING,
        id_field="sales_meeting_id",
        owner_column="user_id",
        person_column="prospect",
        person_scope=(),
        person_word="prospect",
    ),
}


def meeting_tables() -> tuple[BookingTables, ...]:
    """The tables of every kind of owner."""
    return tuple(_TABLES.values())


def tables_of(kind: str) -> BookingTables:
    """The tables of one kind of owner."""
    return _TABLES[OwnerKind(kind)]


def tables_for(meeting: MeetingBase) -> BookingTables:
    """The tables a meeting lives in."""
    return next(tables for tables in _TABLES.values() if isinstance(meeting, tables.meeting))


def tables_of_person(person: PersonBase) -> BookingTables:
    """The tables a contact or prospect lives in."""
    return next(tables for tables in _TABLES.values() if isinstance(person, tables.person))


def meeting_of(payload: Mapping[str, Any]) -> MeetingBase | None:
    """The meeting that an outbox message is about, or None when it was erased since."""
    rows = tables_of(payload["owner_kind"]).meetings()
    found: MeetingBase | None = rows.filter(pk=payload["meeting_id"]).first()
    return found


def owner_of_link(link: BookingLink) -> Owner:
    """Whoever the link belongs to. Raises LinkClosed when that user left the workspace."""
    return _owner(link.owner_kind, link.owner_id, link.workspace)


def owner_of_meeting(meeting: MeetingBase) -> Owner:
    """Whoever the meeting is with. Raises LinkClosed when that user left the workspace."""
    tables = tables_for(meeting)
    return _owner(tables.kind, getattr(meeting, tables.owner_column), meeting.workspace)


def host_of_meeting(meeting: MeetingBase) -> Owner:
    """Whoever the meeting is with, also when that user has left the workspace since."""
    try:
        return owner_of_meeting(meeting)
    except LinkClosed:
        return owner_of_user(meeting.user, meeting.workspace)  # type: ignore[attr-defined]


def owner_of_name(name: BookingName) -> Owner:
    """Whose page the address names. Raises LinkClosed when that user left the workspace."""
    kind = OwnerKind.CLIENT if name.client_id else OwnerKind.USER
    return _owner(kind, name.client_id or name.user_id, name.workspace)


def owner_of_feed(feed: CalendarFeed) -> Owner:
    """Whose meetings the feed tells. Raises LinkClosed when that user left the workspace."""
    kind = OwnerKind.CLIENT if feed.client_id else OwnerKind.USER
    return _owner(kind, feed.client_id or feed.user_id, feed.workspace)


def _owner(kind: str, owner_id: Any, workspace: Workspace) -> Owner:
    try:
        return owner_for(kind, owner_id, workspace)
    except (Client.DoesNotExist, User.DoesNotExist) as error:
        raise LinkClosed from error


def public_name(owner: Owner) -> str:
    """The owner's name for visitors; never an e-mail address that stands in for a name."""
    return owner.workspace.name if "@" in owner.name else owner.name
