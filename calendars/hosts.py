"""What a calendar means for a meeting link: its owner, its account, and what may be chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calendars.providers.base import Feature
from calendars.providers.registry import provider_class
from conferencing import routing
from conferencing import services as conferencing
from conferencing.enums import Conference
from workspaces.enums import Tier
from workspaces.models import UserProfile
from workspaces.owners import owner_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from calendars.models import Calendar
    from conferencing.routing import Choice, Host, Routed
    from workspaces.models import Workspace
    from workspaces.owners import Owner


def owner_of(calendar: Calendar) -> Owner:
    """The client or user whose calendar it is."""
    connection = calendar.connection
    return owner_for(connection.owner_kind, connection.owner_id, calendar.workspace)


def host_of(calendar: Calendar, owner: Owner) -> Host:
    """The calendar as the host of a meeting."""
    return _host(calendar, zoom_connected=conferencing.has_zoom(owner))


def _host(calendar: Calendar, *, zoom_connected: bool) -> Host:
    connection = calendar.connection
    return routing.Host(
        native=provider_class(connection.provider).native_conference,
        allowed=frozenset(Conference(name) for name in calendar.allowed_conferences),
        account_kind="personal" if connection.account_kind == "personal" else "work",
        zoom_connected=zoom_connected,
    )


def route(calendar: Calendar, wanted: Conference) -> Routed:
    """The conference that an event in this calendar gets. Raises RouteRefusal."""
    owner = owner_of(calendar)
    return routing.route(
        wanted, host_of(calendar, owner), _tier(calendar), preferred=_preferred(owner)
    )


def choices_for(calendar: Calendar) -> list[Choice]:
    """The cells of the dialog's choice of meeting link for this calendar."""
    owner = owner_of(calendar)
    return routing.choices(host_of(calendar, owner), _tier(calendar), _preferred(owner))


def choices_of(calendars: Sequence[Calendar], workspace: Workspace) -> dict[UUID, list[Choice]]:
    """The same for many calendars of one workspace, by id; two queries whatever their number."""
    with_zoom = conferencing.owners_with_zoom(workspace)
    users = [one.user_connection.user_id for one in calendars if one.user_connection]
    profiles = UserProfile.objects.filter(user__in=users)
    preferred = dict(profiles.values_list("user", "preferred_conference"))
    found = {}
    for calendar in calendars:
        owner_id, client = calendar.connection.owner_id, calendar.client_connection
        wish = client.client.preferred_conference if client else preferred.get(owner_id, "")
        host = _host(calendar, zoom_connected=owner_id in with_zoom)
        found[calendar.pk] = routing.choices(
            host, Tier(workspace.tier), Conference(wish) if wish else None
        )
    return found


def can_move_from(calendar: Calendar) -> bool:
    """Whether its provider moves an event to another calendar of the account."""
    return Feature.MOVE_CALENDAR in provider_class(calendar.connection.provider).features


def _tier(calendar: Calendar) -> Tier:
    return Tier(calendar.workspace.tier)


def _preferred(owner: Owner) -> Conference | None:
    return Conference(owner.preferred_conference) if owner.preferred_conference else None
