"""Which connections and calendars belong to an owner: the two modes as data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calendars.models import (
    Calendar,
    CalendarConnection,
    CalendarConnectionBase,
    UserCalendarConnection,
)
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
    field = connection_field(owner.kind)
    return Calendar.objects.filter(
        owner.filter_for(f"{field}__"), workspace=owner.workspace
    ).select_related(field, f"{field}__workspace")


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
