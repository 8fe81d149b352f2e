"""What stands beside the week: the small month, the accounts and how they are doing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext

from audit.enums import ConnectionState
from calendars.dates import same_day_in
from calendars.paused import BRIEFLY, WHY_STALE
from calendars.phrases import as_of
from calendars.providers.registry import provider_class
from workspaces.enums import OwnerKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID
    from zoneinfo import ZoneInfo

    from audit.models import ConnectionBase
    from calendars.models import Calendar, CalendarConnectionBase
    from calendars.queries import VisibleCalendar

WEEK = timedelta(days=7)
ONE_DAY = timedelta(days=1)
_ROWS = 6


@dataclass(frozen=True, slots=True)
class MiniDay:
    """One date of the small month."""

    on: date
    is_out: bool
    is_today: bool


@dataclass(frozen=True, slots=True)
class MiniWeek:
    """One row of the small month; `is_here` when it is the week shown."""

    number: int
    is_here: bool
    days: tuple[MiniDay, ...]


@dataclass(frozen=True, slots=True)
class MiniMonth:
    """Six weeks around the month of the date shown."""

    title: str
    previous_on: date
    previous_title: str
    next_on: date
    next_title: str
    weeks: tuple[MiniWeek, ...]


@dataclass(frozen=True, slots=True)
class CalendarLine:
    """One calendar with its box; `is_booking` when the owner's bookings are written to it."""

    id: UUID
    name: str
    hue: str
    is_shown: bool
    is_booking: bool


@dataclass(frozen=True, slots=True)
class Account:
    """One connection as the sidebar shows it. `note` says how it is doing, in words."""

    id: UUID
    title: str
    is_own: bool
    calendars: tuple[CalendarLine, ...]
    note: str
    is_well: bool
    reconnect: bool


@dataclass(frozen=True, slots=True)
class Notice:
    """The line under the toolbar: which copy is old, and the way out of it."""

    calendars: str
    as_of: str
    text: str
    reconnect: CalendarConnectionBase | None


def mini_month(shown: date, monday: date, today: date) -> MiniMonth:
    """The month of `shown`, with the week that begins on `monday` marked."""
    first = shown.replace(day=1)
    start = first - timedelta(days=first.weekday())
    weeks = []
    for row in range(_ROWS):
        begins = start + row * WEEK
        days = [begins + offset * ONE_DAY for offset in range(7)]
        weeks.append(
            MiniWeek(
                number=begins.isocalendar().week,
                is_here=begins == monday,
                days=tuple(MiniDay(day, day.month != first.month, day == today) for day in days),
            )
        )
    previous, following = same_day_in(shown, first - ONE_DAY), same_day_in(shown, first + 5 * WEEK)
    return MiniMonth(
        title=f"{first:%B %Y}",
        previous_on=previous,
        previous_title=f"{previous:%B %Y}",
        next_on=following,
        next_title=f"{following:%B %Y}",
        weeks=tuple(weeks),
    )


def provider_label(connection: ConnectionBase) -> str:
    """`Google`, `Outlook`: the provider as people call it."""
    return provider_class(connection.provider).label


def accounts(
    calendars: Iterable[VisibleCalendar],
    zone: ZoneInfo,
    now: datetime,
    *,
    viewer_id: UUID,
) -> list[Account]:
    """The calendars by account, in the order given, each account with its health in words."""
    grouped: dict[UUID, list[VisibleCalendar]] = {}
    for one in calendars:
        grouped.setdefault(one.connection.pk, []).append(one)
    return [_account(group, zone, now, viewer_id) for group in grouped.values()]


def _account(
    group: Sequence[VisibleCalendar],
    zone: ZoneInfo,
    now: datetime,
    viewer_id: UUID,
) -> Account:
    connection = group[0].connection
    is_own = connection.owner_id == viewer_id
    note, is_well = health(group, zone, now)
    return Account(
        id=connection.pk,
        title=connection.connected_email if is_own else group[0].owner_name,
        is_own=is_own,
        calendars=tuple(_line(one) for one in group),
        note=note,
        is_well=is_well,
        reconnect=connection.needs_consent,
    )


def _line(one: VisibleCalendar) -> CalendarLine:
    calendar = one.calendar
    return CalendarLine(
        id=calendar.pk,
        name=calendar.name,
        hue=calendar.hue,
        is_shown=one.is_shown,
        is_booking=is_booking_calendar(calendar),
    )


def is_booking_calendar(calendar: Calendar) -> bool:
    """Whether its owner's bookings are written to it (see `calendars.owners`)."""
    connection = calendar.connection
    if not connection.is_booking:
        return False
    chosen = connection.calendar_id
    return calendar.remote_id == chosen if chosen else calendar.is_primary


def health(group: Sequence[VisibleCalendar], zone: ZoneInfo, now: datetime) -> tuple[str, bool]:
    """How an account is doing, in words with the time, and whether all is well."""
    connection = group[0].connection
    label = provider_label(connection)
    shown = [one for one in group if one.calendar.is_shown] or list(group)
    read = [one.calendar.synced_at for one in shown if one.calendar.synced_at]
    is_stale = any(one.is_stale for one in shown)
    if connection.is_paused_by_plan:
        return f"{label}, {BRIEFLY}", False
    if connection.state == ConnectionState.PAUSED:
        return f"{label}, {gettext('paused')}", False
    if not read:
        words = gettext("not read yet") if is_stale else gettext("reading it now")
        return f"{label}, {words}", not is_stale
    said = gettext("as of %(time)s") if is_stale else gettext("in step at %(time)s")
    return f"{label}, {said % {'time': as_of(min(read), zone, now)}}", not is_stale


def stale_notice(
    calendars: Iterable[VisibleCalendar], zone: ZoneInfo, now: datetime, *, viewer_id: UUID
) -> Notice | None:
    """The line to show when one of these is an old copy; one to reconnect comes first."""
    stale = [one for one in calendars if one.is_stale]
    if not stale:
        return None
    first = min(stale, key=lambda one: one.connection.state != ConnectionState.RECONNECT_NEEDED)
    others = len(stale) - 1
    name = first.calendar.name
    synced_at = first.calendar.synced_at
    return Notice(
        calendars=name if not others else f"{name} and {others} more",
        as_of=as_of(synced_at, zone, now) if synced_at else "",
        text=_why_stale(first),
        reconnect=_reconnect_of(first, viewer_id),
    )


def _why_stale(one: VisibleCalendar) -> str:
    label = provider_label(one.connection)
    if one.connection.needs_consent:
        return f"{label} asks to be signed in again; until then nothing there counts as free."
    if one.connection.is_paused_by_plan:
        return WHY_STALE
    if one.connection.state == ConnectionState.PAUSED:
        return "The account is paused; until it is resumed nothing there counts as free."
    return f"{label} did not answer the last time it was asked. It is asked again by itself."


def _reconnect_of(one: VisibleCalendar, viewer_id: UUID) -> CalendarConnectionBase | None:
    """The account to connect again, if the viewer may: a client's or their own."""
    connection = one.connection
    is_theirs = connection.owner_kind == OwnerKind.CLIENT or connection.owner_id == viewer_id
    is_wanted = connection.needs_consent
    return connection if is_wanted and is_theirs else None
