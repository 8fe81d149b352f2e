"""Which connections and calendars belong to an owner: the two modes as data."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from calendars.models import (
    Calendar,
    CalendarConnection,
    CalendarConnectionBase,
    UserCalendarConnection,
)
from common.statements import Select
from workspaces.enums import OwnerKind

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from workspaces.owners import Owner

_CONNECTIONS: dict[str, type[CalendarConnectionBase]] = {
    OwnerKind.CLIENT: CalendarConnection,
    OwnerKind.USER: UserCalendarConnection,
}


def connection_model(kind: str) -> type[CalendarConnectionBase]:
    """The connection table of that kind of owner. Raises KeyError."""
    return _CONNECTIONS[kind]


def connection_models() -> list[type[CalendarConnectionBase]]:
    """Both connection tables."""
    return list(_CONNECTIONS.values())


def manager_of(model: type[CalendarConnectionBase]) -> QuerySet[CalendarConnectionBase]:
    """The rows of a connection table with their workspaces."""
    return model._default_manager.select_related("workspace")


def connection_field(kind: str) -> str:
    """The column of `Calendar` that points at that kind's connections."""
    return f"{OwnerKind(kind).value}_connection"


def connections_of(owner: Owner) -> QuerySet[CalendarConnectionBase]:
    """The owner's connections in their workspace, oldest first."""
    rows = manager_of(connection_model(owner.kind))
    return rows.filter(owner.filter_for(), workspace=owner.workspace).order_by("created_at")


def calendars_of(owner: Owner) -> QuerySet[Calendar]:
    """The calendars of the owner's connections in their workspace."""
    return _calendars(owner.kind, owner.id, owner.workspace.pk)


def counting_calendars_of(owner: Owner) -> list[Calendar]:
    """Those of them that count as busy."""
    return _COUNTING[owner.kind].rows(owner_id=owner.id, workspace_id=owner.workspace.pk)


def _calendars(kind: str, owner_id: UUID, workspace_id: UUID) -> QuerySet[Calendar]:
    field = connection_field(kind)
    return Calendar.objects.filter(
        **{f"{field}__{OwnerKind(kind).value}": owner_id}, workspace=workspace_id
    ).select_related(field, f"{field}__workspace")


def _counting(kind: str) -> Select[Calendar]:
    return Select(
        lambda owner_id, workspace_id: _calendars(kind, owner_id, workspace_id).filter(
            counts_as_busy=True
        ),
        owner_id=UUID,
        workspace_id=UUID,
    )


_COUNTING = {kind: _counting(kind) for kind in _CONNECTIONS}


def booking_calendar_of(owner: Owner) -> Calendar | None:
    """The calendar that the owner's bookings are written to, if one is connected."""
    field = connection_field(owner.kind)
    chosen = None
    for calendar in calendars_of(owner).filter(**{f"{field}__is_booking": True}):
        wanted = calendar.connection.calendar_id
        if calendar.remote_id == wanted:
            return calendar
        if calendar.is_primary and not wanted:
            chosen = calendar
    return chosen
