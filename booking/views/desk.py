"""An owner's scheduling page in parts: its addresses and the card of calendars.

The same for a client and for a member: what differs is data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse

from audit.enums import ConnectionState, Provider
from booking.wording import clock
from calendars.enums import Sight
from calendars.offers import reconnect_url
from calendars.owners import calendars_of, connections_of
from calendars.paused import BRIEFLY
from calendars.queries import VisibleCalendar
from calendars.services.connections import check_plan
from calendars.sidebar import health, is_booking_calendar
from common.errors import PlanRequired
from conferencing.services import zoom_connections_of
from workspaces.enums import OwnerKind

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID
    from zoneinfo import ZoneInfo

    from audit.models import ConnectionBase
    from booking.models import BookingLink
    from calendars.models import Calendar
    from workspaces.owners import Owner


@dataclass(frozen=True, slots=True)
class Desk:
    """Where an owner's page and its parts live; `connect` is the owner's part of a start URL."""

    page: str
    hours: str
    calendars: str
    new_link: str
    connect: str
    owner_page: str = ""
    feed: str = ""
    invites: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A button that connects an account; without a URL the plan has no room, and `tier` has."""

    label: str
    url: str
    tier: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """One calendar's line with its two boxes."""

    calendar: Calendar
    is_booking: bool


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A connected account, how it is doing in words, and its calendars."""

    connection: ConnectionBase
    note: str
    is_well: bool
    reconnect_url: str
    disconnect_url: str
    calendars: list[CalendarRow]


_NAMES = {
    OwnerKind.CLIENT: (
        "client_info",
        "client_hours",
        "client_calendars",
        "client_link_new",
        "client_page",
        "client_feed",
        "client_invites",
    ),
    OwnerKind.USER: (
        "my_scheduling",
        "my_hours",
        "my_calendars",
        "my_link_new",
        "my_page",
        "my_feed",
        "my_invites",
    ),
}
_PARTS = {OwnerKind.CLIENT: "client={}", OwnerKind.USER: "user=me"}
_SUBJECTS = {OwnerKind.CLIENT: "{}", OwnerKind.USER: "you"}


def desk_of(owner: Owner) -> Desk:
    """The addresses of the owner's page."""
    args = [owner.id] if "{}" in _PARTS[owner.kind] else []
    page, hours, calendars, new_link, owner_page, feed, invites = (
        reverse(f"booking:{name}", args=args) for name in _NAMES[owner.kind]
    )
    connect = _PARTS[owner.kind].format(owner.id)
    return Desk(page, hours, calendars, new_link, connect, owner_page, feed, invites)


def subject_of(owner: Owner) -> str:
    """Whom guests book: `you`, or the client's name."""
    return _SUBJECTS[owner.kind].format(owner.name)


def address_of(link: BookingLink) -> str:
    """The link's public address."""
    return f"{settings.PUBLIC_URL}/book/{link.slug}"


def offers_for(owner: Owner) -> list[Offer]:
    """The accounts that can be connected, or why not."""
    connect = desk_of(owner).connect
    offers = []
    for provider, label in (
        (Provider.GOOGLE, "Google"),
        (Provider.OUTLOOK, "Outlook"),
        (Provider.ZOOM, "Zoom"),
    ):
        url = f"{reverse('calendars:oauth_start', args=[provider.value])}?{connect}"
        try:
            check_plan(owner, provider)
        except PlanRequired as refusal:
            offers.append(Offer(label, "", refusal.tier.capitalize(), refusal.message))
        else:
            offers.append(Offer(label, url))
    return offers


def accounts_of(owner: Owner, zone: ZoneInfo, now: datetime) -> list[AccountRow]:
    """The owner's connected accounts, calendars first, then Zoom."""
    by_connection: dict[UUID, list[Calendar]] = {}
    for calendar in calendars_of(owner).filter(gone_at__isnull=True):
        by_connection.setdefault(calendar.connection.pk, []).append(calendar)
    rows = []
    for connection in [*connections_of(owner), *zoom_connections_of(owner)]:
        calendars = by_connection.get(connection.pk, [])
        note, is_well = _health(connection, calendars, zone, now)
        again = reconnect_url(connection, "")
        rows.append(
            AccountRow(
                connection=connection,
                note=note,
                is_well=is_well,
                reconnect_url="" if _is_fine(connection) else again,
                disconnect_url=f"{reverse('calendars:disconnect_question', args=[connection.pk])}"
                "?next=owner",
                calendars=[CalendarRow(one, is_booking_calendar(one)) for one in calendars],
            )
        )
    return rows


def _is_fine(connection: ConnectionBase) -> bool:
    """Whether a new consent would change nothing."""
    return connection.is_active or (connection.is_paused_by_plan and not connection.needs_consent)


def _health(
    connection: ConnectionBase, calendars: list[Calendar], zone: ZoneInfo, now: datetime
) -> tuple[str, bool]:
    label = connection.get_provider_display().removeprefix("Microsoft ")
    if connection.needs_consent:
        read = [calendar.synced_at for calendar in calendars if calendar.synced_at]
        copy = f" Copy of {clock(min(read), zone)} in use" if read else ""
        return f"{label}, sign in again.{copy}", False
    if connection.is_paused_by_plan:
        return f"{label}, {BRIEFLY}", False
    if connection.state == ConnectionState.PAUSED:
        return f"{label}, paused", False
    if calendars:
        return health([VisibleCalendar(one, Sight.FULL) for one in calendars], zone, now)
    if connection.last_error:
        return f"{label}: {connection.last_error}", False
    return f"{label}, connected", True
