"""An owner's scheduling page in parts: its addresses, its three cards, and the line on top.

The same for a client and for a member: what differs is data.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count
from django.urls import reverse

from audit.enums import ConnectionState, Provider
from booking.beyond import refused_by_plan
from booking.enums import TAKES_TIME, DegradedMode
from booking.errors import BusyUnknown, LinkClosed
from booking.owners import tables_of
from booking.queries import links_of
from booking.services.availability import durations_of, open_slots_for
from booking.wording import clock, long_day
from calendars.enums import Sight
from calendars.offers import reconnect_url
from calendars.owners import calendars_of, connections_of
from calendars.paused import BRIEFLY
from calendars.queries import VisibleCalendar
from calendars.services.connections import check_plan
from calendars.sidebar import health, is_booking_calendar
from common.errors import PlanRequired
from conferencing.enums import Conference
from conferencing.services import zoom_connections_of
from workspaces.enums import OwnerKind

if TYPE_CHECKING:
    from uuid import UUID
    from zoneinfo import ZoneInfo

    from audit.actors import Actor
    from audit.models import ConnectionBase
    from booking.models import BookingLink
    from calendars.models import Calendar
    from workspaces.owners import Owner

LOOK_AHEAD = timedelta(days=27)
MAX_LINKS_ASKED = 8
_MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Desk:
    """Where an owner's page and its parts live; `connect` is the owner's part of a start URL."""

    page: str
    hours: str
    calendars: str
    new_link: str
    connect: str


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


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A booking link: its public address, and what a guest meets there in few words."""

    link: BookingLink
    url: str
    facts: list[str]


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether guests can book now, in a sentence."""

    is_open: bool
    words: str


_NAMES = {
    OwnerKind.CLIENT: ("client_info", "client_hours", "client_calendars", "client_link_new"),
    OwnerKind.USER: ("my_scheduling", "my_hours", "my_calendars", "my_link_new"),
}
_PARTS = {OwnerKind.CLIENT: "client={}", OwnerKind.USER: "user=me"}
_SUBJECTS = {OwnerKind.CLIENT: "{}", OwnerKind.USER: "you"}


def desk_of(owner: Owner) -> Desk:
    """The addresses of the owner's page."""
    args = [owner.id] if "{}" in _PARTS[owner.kind] else []
    page, hours, calendars, new_link = (
        reverse(f"booking:{name}", args=args) for name in _NAMES[owner.kind]
    )
    return Desk(page, hours, calendars, new_link, _PARTS[owner.kind].format(owner.id))


def subject_of(owner: Owner) -> str:
    """Whom guests book: `you`, or the client's name."""
    return _SUBJECTS[owner.kind].format(owner.name)


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


def link_rows(owner: Owner, now: datetime) -> list[LinkRow]:
    """The owner's links, those that are open first."""
    links = sorted(links_of(owner), key=lambda link: not link.is_active)
    counts = _booked_this_week(owner, links, now)
    tier = owner.workspace.tier
    return [
        LinkRow(
            link,
            f"{settings.PUBLIC_URL}/book/{link.slug}",
            _facts(link, counts.get(link.pk), tier),
        )
        for link in links
    ]


def _booked_this_week(
    owner: Owner, links: list[BookingLink], now: datetime
) -> dict[UUID | None, int]:
    local = now.astimezone(owner.zone)
    monday = (local - timedelta(days=local.weekday())).replace(hour=0, minute=0, second=0)
    rows = tables_of(owner.kind).meeting._default_manager.filter(
        link__in=links, state__in=TAKES_TIME, created_at__gte=monday
    )
    return dict(rows.order_by().values_list("link_id").annotate(Count("id")))


def _meets_by(link: BookingLink, tier: str) -> str:
    refusal = refused_by_plan(link, tier)
    if refusal is not None:
        return f"no meeting link: {refusal.message}"
    is_auto = link.conference == Conference.AUTO
    return "automatic link" if is_auto else link.get_conference_display()


def _facts(link: BookingLink, booked: int | None, tier: str) -> list[str]:
    lengths = [str(minutes) for minutes in link.durations]
    facts = [f"{_listed(lengths)} min"]
    if link.conference != Conference.NONE:
        facts.append(_meets_by(link, tier))
    if link.location:
        facts.append(link.location)
    if link.notice_minutes:
        facts.append(f"{length(link.notice_minutes)} notice")
    around = max(link.buffer_before_minutes, link.buffer_after_minutes)
    if around:
        facts.append(f"{length(around)} around")
    if link.max_per_day:
        facts.append(f"{link.max_per_day} a day at most")
    if link.max_per_week:
        facts.append(f"{link.max_per_week} a week at most")
    if link.requires_approval:
        facts.append("waits for your yes")
    if link.degraded_mode == DegradedMode.REQUEST:
        facts.append("asks you if a calendar cannot be read")
    if booked:
        facts.append(f"{booked} booked this week")
    return facts


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def length(minutes: int) -> str:
    """90 min, 4 h, 2 days: the largest unit that needs no rest."""
    if minutes >= 2 * _MINUTES_A_DAY and minutes % _MINUTES_A_DAY == 0:
        return f"{minutes // _MINUTES_A_DAY} days"
    return f"{minutes // 60} h" if minutes and minutes % 60 == 0 else f"{minutes} min"


def standing_of(owner: Owner, *, now: datetime, actor: Actor, whom: str = "") -> Standing:
    """Whether guests can book the owner, and when next; asks the calendars, for seconds at most.

    `whom` are the words for the owner, where the page does not say `subject_of`.
    Never raises for a calendar that cannot be read: that is the answer then.
    """
    whom = whom or subject_of(owner)
    links = [link for link in links_of(owner) if link.is_active][:MAX_LINKS_ASKED]
    if not links:
        return Standing(is_open=False, words=f"Guests cannot book {whom}: no link is switched on.")
    today = now.astimezone(owner.zone).date()
    starts, needs_approval = [], False
    for link in links:
        try:
            offer = open_slots_for(
                link=link,
                duration=durations_of(link)[0],
                first_day=today,
                last_day=today + LOOK_AHEAD,
                zone=owner.zone,
                now=now,
                actor=actor,
            )
        except LinkClosed:
            continue
        except BusyUnknown as unknown:
            why = getattr(unknown.__cause__, "message", unknown.message)
            return Standing(is_open=False, words=f"Guests see no times of {whom} now. {why}")
        first = offer.slots[0] if offer.slots else offer.next_open
        if first is not None:
            starts.append(first.start)
            needs_approval = needs_approval or offer.needs_approval
    if not starts:
        return Standing(is_open=False, words=f"Guests find no open time of {whom}.")
    start = min(starts)
    day = long_day(start.astimezone(owner.zone).date())
    can = f"Guests can {'ask for times of' if needs_approval else 'book'} {whom} now."
    return Standing(
        is_open=not needs_approval, words=f"{can} Next open: {day}, {clock(start, owner.zone)}."
    )
