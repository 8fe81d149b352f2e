"""What a member may see of a workspace's calendars, in a constant number of queries."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery

from audit.enums import ConnectionState
from calendars.enums import EventKind, EventStatus, Response, ShareLevel, Sight, Visibility
from calendars.models import Calendar, CalendarChoice, CalendarShare, Event, EventTask
from common.spans import Span
from common.statements import Select

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from django.db.models import QuerySet

    from calendars.models import CalendarConnectionBase
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
    # What the member chose for a colleague's calendar; None until they choose.
    choice: bool | None = None
    # Both are asked for each event. Stale: it could not be brought up to date at the last try.
    is_stale: bool = field(init=False)
    # Whether the member may make, change and delete events here.
    may_write: bool = field(init=False)

    def __post_init__(self) -> None:
        is_stale = bool(self.calendar.sync_error)
        is_stale = is_stale or self.connection.state != ConnectionState.ACTIVE
        object.__setattr__(self, "is_stale", is_stale)
        may_write = self.may_edit and not self.connection.is_paused_by_plan
        object.__setattr__(self, "may_write", may_write)

    @property
    def connection(self) -> CalendarConnectionBase:
        return self.calendar.connection

    @property
    def may_edit(self) -> bool:
        """Whether the member's rights reach so far; the plan may still have paused the account."""
        return self.sight >= Sight.EDIT and self.calendar.is_writable

    @property
    def is_shown(self) -> bool:
        """Whether it stands in the member's week.

        A colleague's does when the member ticked it, or when more of it than busy times is shared
        with them: a week full of others' busy times would be nobody's.
        """
        if self.sight == Sight.FULL or not self.calendar.is_shown:
            return self.calendar.is_shown
        return self.sight > Sight.BUSY if self.choice is None else self.choice

    @property
    def owner_name(self) -> str:
        """The client or colleague whose calendar it is."""
        client = self.calendar.client_connection
        if client is not None:
            return client.client.name
        user = self.calendar.user_connection
        assert user is not None
        return user.user.get_full_name()


class SeenEvent(NamedTuple):
    """An event as one member may see it; of a masked one only the time is told.

    Instants are UTC; `start_wall` and `end_wall` are wall times in `timezone`, or dates when
    all-day (the end exclusive). A tuple, because pages make them by the thousand.
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
    # From here on nothing is told of a masked one.
    title: str
    hue: str = ""
    kind: str = EventKind.NORMAL
    status: str = EventStatus.CONFIRMED
    visibility: str = Visibility.DEFAULT
    response: str = Response.NONE
    location: str = ""
    is_organizer: bool = True
    series_remote_id: str = ""
    conference: str = ""
    conference_state: str = ""
    conference_url: str = ""
    ical_uid: str = ""
    room_id: UUID | None = None
    # From here on no grid shows it, and it is most of what a row weighs.
    description: str = ""
    end_timezone: str = ""
    organizer_email: str = ""
    attendees: Sequence[dict[str, Any]] = ()
    reminders: Sequence[int] | None = None
    conference_note: str = ""
    conference_failure: str = ""
    conference_since_at: datetime | None = None
    conference_tries: int = 0
    etag: str = ""
    original_start_at: datetime | None = None
    is_exception: bool = False
    recurrence: Sequence[str] = ()
    is_masked: bool = False


# Columns of the mirror are read in the order of the fields; the last one is none.
_WHOLE = SeenEvent._fields[:-1]
_GRID = _WHOLE[: _WHOLE.index("description")]
_OPEN = len(_WHOLE[: _WHOLE.index("title")])
_VISIBILITY = _WHOLE.index("visibility")
_DEFAULTS = tuple(map(SeenEvent._field_defaults.get, SeenEvent._fields))  # noqa: SLF001 -- public


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
    chosen = CalendarChoice.objects.filter(membership=membership.pk, calendar=OuterRef("pk"))
    rows = rows.annotate(choice=Subquery(chosen.values("is_shown")[:1]))
    shares = _shares_with(membership)
    seen = [VisibleCalendar(row, sight_of(row, membership, shares), row.choice) for row in rows]
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
    found = _all_seen(rows.values_list(*(_GRID if for_grid else _WHOLE)), sights)
    return [event for event in found if event.is_busy or not event.is_masked]


def events_by_id(
    calendars: Iterable[VisibleCalendar], event_ids: Iterable[UUID]
) -> list[SeenEvent]:
    """These events as grids show them, of those calendars only; one query."""
    sights = {one.calendar.pk: one.sight for one in calendars}
    rows = Event.objects.filter(
        pk__in=list(event_ids), calendar_id__in=list(sights), deleted_at__isnull=True
    )
    return list(_all_seen(rows.values_list(*_GRID), sights))


def live_events(calendar_ids: Iterable[UUID], span: Span) -> QuerySet[Event]:
    """Occurrences in the mirror that touch the span: no tombstones, no rules of series."""
    return Event.objects.filter(
        calendar_id__in=list(calendar_ids),
        start_at__lt=span.end,
        end_at__gt=span.start,
        deleted_at__isnull=True,
        recurrence=[],
    )


def busy_events(calendar_ids: Iterable[UUID], span: Span) -> QuerySet[Event]:
    """Those of them that take time: not free, not cancelled, not declined."""
    rows = live_events(calendar_ids, span).filter(is_busy=True)
    return rows.exclude(status=EventStatus.CANCELLED).exclude(response=Response.DECLINED)


def busy_times(
    calendar_ids: Collection[UUID], span: Span, *, ignoring: Collection[UUID] = ()
) -> list[tuple[datetime, datetime]]:
    """Start and end of each of them, but for events of these ids; in no order."""
    if not calendar_ids:
        return []
    ids = {f"calendar{number}": one for number, one in enumerate(calendar_ids)}
    rows = _busy_times(len(ids)).rows(since=span.start, until=span.end, **ids)
    return [(start, end) for start, end, event_id in rows if event_id not in ignoring]


@cache
def _busy_times(count: int) -> Select[tuple[datetime, datetime, UUID]]:
    """The statement for so many calendars."""
    return Select(
        lambda since, until, **ids: busy_events(ids.values(), Span(since, until)).values_list(
            "start_at", "end_at", "pk"
        ),
        since=datetime,
        until=datetime,
        **{f"calendar{number}": UUID for number in range(count)},
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
        # Of a colleague's that is not ticked the page shows its name alone.
        changed_at = row.changed_at if one.is_shown or one.sight == Sight.FULL else None
        parts = (row.pk, changed_at, one.is_shown, one.sight, one.is_stale, row.hue, row.name)
        digest.update(repr(parts).encode())
    return digest.hexdigest()[:32]


def seen(event: Event, sight: Sight) -> SeenEvent:
    """One event of the mirror as somebody with that sight may see it."""
    row = tuple(getattr(event, name) for name in _WHOLE)
    return next(_all_seen([row], {event.calendar_id: sight}))


def is_masked(visibility: str, sight: Sight) -> bool:
    """Whether only the time of an event is told."""
    return sight == Sight.BUSY or (visibility == Visibility.PRIVATE and sight < Sight.FULL)


def _all_seen(rows: Iterable[tuple[Any, ...]], sights: Mapping[UUID, Sight]) -> Iterator[SeenEvent]:
    """The rows, their columns in the order of the fields, as each calendar's sight allows."""
    # Hashing a UUID is Python code, hashing its number is not.
    in_full = {calendar_id.int for calendar_id, sight in sights.items() if sight == Sight.FULL}
    for row in rows:
        if row[1].int in in_full or not is_masked(row[_VISIBILITY], sights[row[1]]):
            # As `SeenEvent(*row)`, in a third of the time.
            yield tuple.__new__(SeenEvent, row + _DEFAULTS[len(row) :])
        else:
            yield SeenEvent(*(*row[:_OPEN], MASK))._replace(is_masked=True)


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
