"""The connections page as values: every account a member may manage, how it does, what is next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

from audit.enums import ConnectionState, Provider
from audit.oauth_apps import oauth_app
from calendars.enums import Hue
from calendars.models import Calendar
from calendars.offers import reconnect_url
from calendars.owners import connection_field, connection_model, manager_of
from calendars.paused import WHY_STALE
from calendars.phrases import as_of
from calendars.providers.registry import PROVIDERS, is_consented
from calendars.sharing_page import shared_in_words
from calendars.sidebar import is_booking_calendar, provider_label
from calendars.upkeep import upkeep_in_words
from common.errors import PlanRequired
from conferencing import plans
from conferencing.beyond import zoom_words
from conferencing.services import check_zoom_plan, zoom_connection_model, zoom_connections_in
from conferencing.services.server import has_server_key
from workspaces.access import MAY_MANAGE
from workspaces.enums import OwnerKind, Tier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID
    from zoneinfo import ZoneInfo

    from audit.models import ConnectionBase
    from calendars.models import CalendarConnectionBase
    from workspaces.models import Membership

PAGE = "connections"
HUES = tuple(Hue.choices)
_NOTHING: Mapping[UUID, str] = {}


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """One calendar of an account and how it is arranged.

    `note` says what is wrong with it, `shared` which colleagues see more than busy times.
    """

    id: UUID
    name: str
    hue: str
    is_shown: bool
    counts_as_busy: bool
    is_booking: bool
    is_writable: bool
    note: str
    shared: str


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """One account: its provider's name, whose it is, how it does, and what comes next."""

    id: UUID
    email: str
    provider: str
    owner: str
    is_mine: bool
    state: str
    is_active: bool
    needs_consent: bool
    is_subscription: bool
    last_good: str
    upkeep: str
    problem: str
    missing: Sequence[str]
    reconnect_url: str
    calendars: Sequence[CalendarRow]
    # The plan has no place for it: why, and whether it can be used instead of the one that has it.
    paused: str = ""
    may_replace: bool = False


def connection_rows(membership: Membership, zone: ZoneInfo, now: datetime) -> list[ConnectionRow]:
    """The member's own accounts, then the clients', Zoom after calendars. Six queries."""
    rows = []
    for kind in (OwnerKind.USER, OwnerKind.CLIENT):
        connections = list(
            manager_of(connection_model(kind))
            .filter(_manageable(membership, kind), workspace=membership.workspace_id)
            .select_related(kind.value)
            .order_by("created_at")
        )
        calendars = _calendars_of(connection_field(kind), connections)
        all_of_kind = [calendar for mine in calendars.values() for calendar in mine]
        shared = shared_in_words(all_of_kind) if kind == OwnerKind.USER else {}
        rows += [
            _row(one, calendars.get(one.pk, ()), membership, zone, now, shared=shared)
            for one in connections
        ]
    zoom = zoom_connection_model().objects.filter(
        Q(user=membership.user_id) | Q(client__isnull=False), workspace=membership.workspace_id
    )
    accounts = zoom.select_related("client", "user", "workspace").order_by("created_at")
    rows += [_row(one, (), membership, zone, now) for one in accounts]
    return sorted(rows, key=lambda row: (not row.is_mine, row.owner))


def _manageable(membership: Membership, kind: OwnerKind) -> Q:
    """All of the clients', and of the users' only the member's own (see `calendars.access`)."""
    return Q(user=membership.user_id) if kind == OwnerKind.USER else Q()


def _calendars_of(
    field: str, connections: Iterable[CalendarConnectionBase]
) -> dict[UUID, list[Calendar]]:
    ids = [one.pk for one in connections]
    found: dict[UUID, list[Calendar]] = {}
    rows = Calendar.objects.filter(**{f"{field}__in": ids}, gone_at__isnull=True)
    for calendar in rows.select_related(field):
        found.setdefault(calendar.connection.pk, []).append(calendar)
    return found


def _row(
    connection: ConnectionBase,
    calendars: Sequence[Calendar],
    membership: Membership,
    zone: ZoneInfo,
    now: datetime,
    *,
    shared: Mapping[UUID, str] = _NOTHING,
) -> ConnectionRow:
    state = ConnectionState(connection.state)
    good_at = _last_good(connection, calendars)
    is_active = state == ConnectionState.ACTIVE
    return ConnectionRow(
        id=connection.pk,
        email=connection.connected_email,
        provider=provider_name(connection),
        owner=str(getattr(connection, connection.owner_kind)),
        is_mine=connection.owner_id == membership.user_id,
        state=str(state.label),
        is_active=is_active,
        needs_consent=connection.needs_consent,
        is_subscription=is_subscription(connection),
        last_good=as_of(good_at, zone, now) if good_at else "",
        upkeep=upkeep_in_words(calendars, zone, now) if is_active else "",
        problem=connection.last_error if is_active else "",
        missing=_missing(connection),
        reconnect_url=reconnect_url(connection, PAGE),
        calendars=[_calendar(one, shared.get(one.pk, "")) for one in calendars],
        paused=_why_paused(connection),
        may_replace=connection.is_paused_by_plan,
    )


def _why_paused(connection: ConnectionBase) -> str:
    if connection.is_paused_by_plan:
        return WHY_STALE
    is_zoom = connection.provider == Provider.ZOOM
    if is_zoom and not plans.allows(connection.workspace.tier, plans.PlanFeature.ZOOM):
        return zoom_words()
    return ""


def _last_good(connection: ConnectionBase, calendars: Sequence[Calendar]) -> datetime | None:
    moments = [calendar.synced_at for calendar in calendars if calendar.synced_at]
    return max([*moments, *filter(None, [connection.last_good_at])], default=None)


def provider_name(connection: ConnectionBase) -> str:
    """`Google`: whom an account is with, as consents call it."""
    if connection.credential_kind:
        return f"{oauth_app(connection.provider).spec.label}, the workspace's"
    if is_subscription(connection):
        return provider_label(connection)
    return oauth_app(connection.provider).spec.label


@dataclass(frozen=True, slots=True)
class WorkspaceZoom:
    """The workspace's own Zoom account: whether there is one, and what this member can do."""

    is_set_up: bool
    may_manage: bool
    can_host: bool = False
    reason: str = ""
    tier: str = ""


def workspace_zoom(membership: Membership) -> WorkspaceZoom | None:
    """What to show of it; None for a member who can neither set it up nor host with it."""
    workspace, may_manage = membership.workspace, membership.role in MAY_MANAGE
    is_set_up = has_server_key(workspace)
    if not is_set_up and not may_manage:
        return None
    try:
        check_zoom_plan(Tier(workspace.tier))
    except PlanRequired as refusal:
        tier = str(Tier(refusal.tier).label)
        return WorkspaceZoom(is_set_up, may_manage, reason=refusal.message, tier=tier)
    can_host = is_set_up and not zoom_connections_in(membership.user, workspace).exists()
    return WorkspaceZoom(is_set_up, may_manage, can_host)


def is_subscription(connection: ConnectionBase) -> bool:
    return connection.provider in PROVIDERS and not is_consented(connection.provider)


def _missing(connection: ConnectionBase) -> list[str]:
    """What the person left unticked when they consented, in words."""
    if is_subscription(connection) or connection.credential_kind:
        return []
    spec = oauth_app(connection.provider).spec
    return spec.missing(frozenset(connection.scopes)) if connection.scopes else []


def _calendar(calendar: Calendar, shared: str) -> CalendarRow:
    note = "" if calendar.is_writable else "Can be read only."
    return CalendarRow(
        id=calendar.pk,
        name=calendar.name,
        hue=calendar.hue,
        is_shown=calendar.is_shown,
        counts_as_busy=calendar.counts_as_busy,
        is_booking=is_booking_calendar(calendar),
        is_writable=calendar.is_writable and not calendar.connection.is_paused_by_plan,
        note=calendar.sync_error or note,
        shared=shared,
    )
