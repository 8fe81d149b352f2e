"""Calendars, events and connections by id *and* right: what a member may not see does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calendars.models import Calendar, Event, EventTask
from calendars.owners import connection_models, manager_of
from calendars.paused import refuse_paused
from calendars.queries import VisibleCalendar, calendars_visible_to, is_masked
from common.errors import Forbidden, NotFound
from conferencing.services import zoom_connection_in
from workspaces.access import MAY_WORK, client_for, require_role
from workspaces.enums import OwnerKind
from workspaces.owners import ClientOwner, Owner, owner_of_member

if TYPE_CHECKING:
    from uuid import UUID

    from audit.models import ConnectionBase
    from calendars.models import CalendarConnectionBase
    from workspaces.models import Membership


def calendar_for(
    membership: Membership, calendar_id: UUID, *, to_write: bool = False
) -> VisibleCalendar:
    """The calendar, if the member may see something of it.

    Raises NotFound, Forbidden; PlanRequired when it is to be written to and the plan paused it.
    """
    require_role(membership, MAY_WORK)
    found = calendars_visible_to(membership, calendar_ids=[calendar_id])
    if not found:
        raise NotFound
    if to_write:
        _require_write(found[0])
    return found[0]


def event_for(
    membership: Membership, event_id: UUID, *, to_write: bool = False, with_deleted: bool = False
) -> Event:
    """The event with its calendar and connection, if the member may see what it is.

    Raises NotFound, also for an event of which the member may see the time only, Forbidden, and
    PlanRequired when it is to be changed and the plan paused its account.
    """
    require_role(membership, MAY_WORK)
    rows = Event.objects.filter(pk=event_id, workspace=membership.workspace_id)
    if not with_deleted:
        rows = rows.filter(deleted_at__isnull=True)
    event = rows.first()
    if event is None:
        raise NotFound
    seen = calendar_for(membership, event.calendar_id)
    if is_masked(event.visibility, seen.sight):
        raise NotFound
    if to_write:
        _require_write(seen)
    event.calendar = seen.calendar
    return event


def task_for(membership: Membership, task_id: UUID) -> tuple[EventTask, Event]:
    """A task of an event that the member may change, with the event, which may be deleted by now.

    Raises NotFound, Forbidden.
    """
    require_role(membership, MAY_WORK)
    task = EventTask.objects.filter(pk=task_id, workspace=membership.workspace_id).first()
    if task is None:
        raise NotFound
    return task, event_for(membership, task.event_id, to_write=True, with_deleted=True)


def connection_for(membership: Membership, connection_id: UUID) -> CalendarConnectionBase:
    """A client's connection or the member's own. Raises NotFound, Forbidden."""
    require_role(membership, MAY_WORK)
    for model in connection_models():
        row = manager_of(model).filter(pk=connection_id, workspace=membership.workspace_id).first()
        if row is not None and may_manage(membership, row.owner_kind, row.owner_id):
            return row
    raise NotFound


def any_connection_for(membership: Membership, connection_id: UUID) -> ConnectionBase:
    """The same, for a Zoom account too. Raises NotFound, Forbidden."""
    try:
        return connection_for(membership, connection_id)
    except NotFound:
        zoom = zoom_connection_in(membership.workspace, connection_id)
        if zoom is None or not may_manage(membership, zoom.owner_kind, zoom.owner_id):
            raise
        return zoom


def may_manage(membership: Membership, owner_kind: str, owner_id: UUID) -> bool:
    """Whether the member may connect and disconnect accounts of that owner of the workspace."""
    return owner_kind == OwnerKind.CLIENT or owner_id == membership.user_id


def own_calendar_for(membership: Membership, calendar_id: UUID) -> Calendar:
    """A calendar whose settings the member may change: a client's or their own.

    Raises NotFound, Forbidden.
    """
    seen = calendar_for(membership, calendar_id)
    connection = seen.connection
    if not may_manage(membership, connection.owner_kind, connection.owner_id):
        raise Forbidden
    return seen.calendar


def calendar_to_share(membership: Membership, calendar_id: UUID) -> Calendar:
    """A calendar of the member's own, which they may show to colleagues.

    Raises NotFound, also for a client's, which every member sees in full, and Forbidden.
    """
    calendar = own_calendar_for(membership, calendar_id)
    if calendar.user_connection is None:
        raise NotFound
    return calendar


def owner_to_connect(membership: Membership, client_id: UUID | None) -> Owner:
    """The client, or the member themself, whose account is to be connected.

    Raises NotFound, Forbidden.
    """
    require_role(membership, MAY_WORK)
    if client_id is None:
        return owner_of_member(membership)
    client = client_for(membership.workspace, client_id)
    return ClientOwner(workspace=membership.workspace, client=client)


def _require_write(seen: VisibleCalendar) -> None:
    if not seen.may_edit:
        raise Forbidden("You may not change this calendar.")
    refuse_paused(seen.connection)
