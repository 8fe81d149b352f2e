"""What a member may see of a workspace's calendars, in a constant number of queries."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from audit.enums import ConnectionState
from calendars.enums import EventStatus, Response, ShareLevel, Sight, Visibility
from calendars.models import Calendar, CalendarShare, Event, EventTask

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from calendars.models import CalendarConnectionBase
    from common.spans import Span
    from workspaces.models import Membership

_SIGHT_OF_SHARE = {
    ShareLevel.BUSY: Sight.BUSY,
    ShareLevel.DETAILS: Sight.DETAILS,
    ShareLevel.EDIT: Sight.EDIT,
}
MASK = "Busy"


@dataclass(frozen=True, slots=True)
class VisibleCalendar:
    """A calendar and how much of it a member may see."""

    calendar: Calendar
    sight: Sight
    # Whether the copy could not be brought up to date at the last try. Asked for each event.
    is_stale: bool = field(init=False)

    def __post_init__(self) -> None:
        is_stale = bool(self.calendar.sync_error)
        is_stale = is_stale or self.connection.state != ConnectionState.ACTIVE
        object.__setattr__(self, "is_stale", is_stale)

    @property
    def connection(self) -> CalendarConnectionBase:
        return self.calendar.connection

    @property
    def owner_name(self) -> str:
        """The client or colleague whose calendar it is."""
        client = self.calendar.client_connection
        if client is not None:
            return client.client.name
        user = self.calendar.user_connection
        assert user is not None
        return user.user.get_full_name()

    @property
    def may_write(self) -> bool:
        """Whether the member may make, change and delete events here."""
        return self.sight >= Sight.EDIT and self.calendar.is_writable


@dataclass(frozen=True, slots=True)
class SeenEvent:
    """An event as one member may see it; of a masked one only the time is told.

    Instants are UTC; `start_wall` and `end_wall` are wall times in `timezone`, or dates when
    all-day (the end exclusive).
    """

    id: UUID
    calendar_id: UUID
    start_at: datetime
    end_at: datetime
    start_wall: str
    end_wall: str
    timezone: str
    is_all_day: bool
    is_busy: bool
    title: str
    status: str = EventStatus.CONFIRMED
    visibility: str = Visibility.DEFAULT
    response: str = Response.NONE
    description: str = ""
    location: str = ""
    is_organizer: bool = True
    organizer_email: str = ""
    attendees: Sequence[dict[str, Any]] = ()
    reminders: Sequence[int] | None = None
    series_remote_id: str = ""
    conference: str = ""
    conference_state: str = ""
    conference_url: str = ""
    conference_note: str = ""
    etag: str = ""
    ical_uid: str = ""
    original_start_at: datetime | None = None
    is_exception: bool = False
    recurrence: Sequence[str] = ()
    is_masked: bool = False


_OPEN = (
    "id", "calendar_id", "start_at", "end_at", "start_wall", "end_wall", "timezone", "is_all_day",
    "is_busy",
)  # fmt: skip
_MORE = (
    "title", "status", "visibility", "response", "description", "location", "is_organizer",
    "organizer_email", "attendees", "reminders", "series_remote_id", "conference",
    "conference_state", "conference_url", "conference_note", "etag", "ical_uid",
    "original_start_at", "is_exception", "recurrence",
)  # fmt: skip
_VISIBILITY = len(_OPEN) + _MORE.index("visibility")
# A grid of hundreds of events shows none of these, and they are most of what a row weighs.
_NOT_IN_GRID = frozenset(
    {
        "description", "organizer_email", "attendees", "reminders", "conference_note", "etag",
        "original_start_at", "is_exception", "recurrence",
    }
)  # fmt: skip
_GRID = (*_OPEN, *(name for name in _MORE if name not in _NOT_IN_GRID))


def calendars_in(membership: Membership) -> QuerySet[Calendar]:
    """The workspace's calendars of clients and of people who are members now."""
    workspace = membership.workspace_id
    return Calendar.objects.filter(
        Q(client_connection__isnull=False)
        | Q(user_connection__user__memberships__workspace=workspace),
        workspace=workspace,
        gone_at__isnull=True,
    ).select_related("client_connection__client", "user_connection__user")


def calendars_visible_to(
    membership: Membership, *, calendar_ids: Iterable[UUID] | None = None
) -> list[VisibleCalendar]:
    """Every calendar the member may see something of, own first, then clients', then colleagues'.

    Two queries.
    """
    rows = calendars_in(membership)
    if calendar_ids is not None:
        rows = rows.filter(pk__in=list(calendar_ids))
    shares = _shares_with(membership)
    seen = [VisibleCalendar(row, sight_of(row, membership, shares)) for row in rows]
    return sorted(
        seen, key=lambda one: (_place(one, membership), one.owner_name, not one.calendar.is_primary)
    )


def sight_of(
    calendar: Calendar, membership: Membership, shares: dict[UUID, Sight] | None = None
) -> Sight:
    """What the member may see of a calendar of their workspace. Roles give no exception."""
    connection = calendar.user_connection
    if connection is None or connection.user_id == membership.user_id:
        return Sight.FULL
    if shares is None:
        shares = _shares_with(membership, calendar)
    return shares.get(calendar.pk, Sight.BUSY)


def events_between(
    membership: Membership,
    span: Span,
    *,
    calendars: Sequence[VisibleCalendar] | None = None,
    for_grid: bool = False,
) -> list[SeenEvent]:
    """What the member may see of the span, in the order of starts.

    Of whom only busy times are told, their free events are not told at all.

    With `calendars` (from `calendars_visible_to`) only of those, in one query; else of every
    calendar that is shown, in three. `for_grid` leaves out what no grid shows: guests,
    description, reminders and the like.
    """
    if calendars is None:
        calendars = [one for one in calendars_visible_to(membership) if one.calendar.is_shown]
    sights = {one.calendar.pk: one.sight for one in calendars}
    rows = live_events(sights, span).order_by("start_at", "end_at", "id")
    names = _GRID if for_grid else (*_OPEN, *_MORE)
    found = (_seen(row, sights, names) for row in rows.values_list(*names))
    return [event for event in found if event.is_busy or not event.is_masked]


def events_by_id(
    calendars: Iterable[VisibleCalendar], event_ids: Iterable[UUID]
) -> list[SeenEvent]:
    """These events as grids show them, of those calendars only; one query."""
    sights = {one.calendar.pk: one.sight for one in calendars}
    rows = Event.objects.filter(
        pk__in=list(event_ids), calendar_id__in=list(sights), deleted_at__isnull=True
    )
    return [_seen(row, sights, _GRID) for row in rows.values_list(*_GRID)]


def live_events(calendar_ids: Iterable[UUID], span: Span) -> QuerySet[Event]:
    """Occurrences in the mirror that touch the span: no tombstones, no rules of series."""
    return Event.objects.filter(
        calendar_id__in=list(calendar_ids),
        start_at__lt=span.end,
        end_at__gt=span.start,
        deleted_at__isnull=True,
        recurrence=[],
    )


def tasks_on(membership: Membership, event_ids: Iterable[UUID]) -> list[EventTask]:
    """The tasks of these events of the member's workspace, in their order."""
    rows = EventTask.objects.filter(workspace=membership.workspace_id, event_id__in=list(event_ids))
    return list(rows)


def changes_cursor(calendars: Iterable[VisibleCalendar]) -> str:
    """A word that differs as soon as anything a member sees of these calendars has changed."""
    digest = hashlib.sha256()
    for one in sorted(calendars, key=lambda one: one.calendar.pk):
        row = one.calendar
        parts = (row.pk, row.changed_at, row.is_shown, one.sight, one.is_stale, row.hue, row.name)
        digest.update(repr(parts).encode())
    return digest.hexdigest()[:32]


def seen(event: Event, sight: Sight) -> SeenEvent:
    """One event of the mirror as somebody with that sight may see it."""
    values = tuple(getattr(event, name) for name in (*_OPEN, *_MORE))
    return _seen(values, {event.calendar_id: sight}, (*_OPEN, *_MORE))


def is_masked(visibility: str, sight: Sight) -> bool:
    """Whether only the time of an event is told."""
    return sight == Sight.BUSY or (visibility == Visibility.PRIVATE and sight < Sight.FULL)


def _seen(values: tuple[Any, ...], sights: dict[UUID, Sight], names: tuple[str, ...]) -> SeenEvent:
    if is_masked(values[_VISIBILITY], sights[values[1]]):
        return SeenEvent(**dict(zip(_OPEN, values, strict=False)), title=MASK, is_masked=True)
    return SeenEvent(**dict(zip(names, values, strict=True)))


def _place(one: VisibleCalendar, membership: Membership) -> int:
    connection = one.calendar.user_connection
    if connection is None:
        return 1
    return 0 if connection.user_id == membership.user_id else 2


def _shares_with(membership: Membership, calendar: Calendar | None = None) -> dict[UUID, Sight]:
    """The best share of each calendar with the member, or with everyone in the workspace."""
    rows = CalendarShare.objects.filter(
        Q(member=membership) | Q(member__isnull=True), calendar__workspace=membership.workspace_id
    )
    if calendar is not None:
        rows = rows.filter(calendar=calendar)
    best: dict[UUID, Sight] = {}
    for calendar_id, level in rows.values_list("calendar_id", "level"):
        sight = _SIGHT_OF_SHARE[ShareLevel(level)]
        best[calendar_id] = max(sight, best.get(calendar_id, Sight.BUSY))
    return best
