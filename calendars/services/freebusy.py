"""When colleagues are free and busy, as far as our copies tell: for finding a time together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Lower

from audit.enums import ConnectionState
from calendars.enums import NotKnown
from calendars.models import Calendar, UserCalendarConnection
from calendars.queries import busy_events
from calendars.services import due, sync
from calendars.services.holds import holds_of_people
from calendars.services.reading import STALE_AFTER, log_reading
from calendars.suggesting import Party
from common.spans import Span, intersect, merge
from workspaces.access import MAY_WORK, require_role
from workspaces.availability import DEFAULT_AVAILABILITY, parse_availability
from workspaces.models import UserProfile
from workspaces.queries import members_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from audit.actors import Actor
    from calendars.models import Event
    from workspaces.models import Membership, User

# How old a copy may be that nobody asked for: the beat's round, and some patience.
_PATIENCE: Final = timedelta(minutes=3)
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Times:
    """One member's time within the span.

    `busy` is what is known to be taken, whole only when `unknown` is None; `as_of` is the age of
    the oldest copy that it comes from, or since when it is not known.
    """

    email: str
    name: str
    is_self: bool
    zone: ZoneInfo
    busy: tuple[Span, ...]
    working: tuple[Span, ...]
    unknown: NotKnown | None
    as_of: datetime | None

    @property
    def party(self) -> Party:
        return Party(self.email, self.busy, self.working)


@dataclass(frozen=True, slots=True)
class FreeBusy:
    """The asking member first, then colleagues as asked for; `others` are not of the workspace."""

    people: tuple[Times, ...]
    others: tuple[str, ...]


def free_busy(
    *,
    membership: Membership,
    emails: Sequence[str],
    span: Span,
    actor: Actor,
    session_key: str,
    now: datetime,
    log_span: Span | None = None,
    ignoring: Event | None = None,
) -> FreeBusy:
    """The time of the member and of those colleagues, from the mirror, in a constant number of
    queries. A colleague is known by the address they sign in with or one they connected.

    Nothing but times is told, whoever shares what. What cannot be read is named, never free. The
    copies of `ignoring` (an event that is to be moved) do not count. The reading is logged, for
    the week of `log_span` where the whole span is wider than what is shown. Raises Forbidden.
    """
    require_role(membership, MAY_WORK)
    people, others = _people(membership, emails)
    user_ids = [user.pk for user in people.values()]
    calendars = _calendars(membership, user_ids)
    counting = [row for rows in calendars.values() for row in rows if row.counts_as_busy]
    connections = {row.connection.pk: row.connection for row in counting}
    log_reading(
        membership=membership,
        actor=actor,
        session_key=session_key,
        connections=list(connections.values()),
        span=log_span or span,
        now=now,
    )
    _renew(counting, now)
    busy = _taken(counting, span, ignoring)
    for user_id, held in holds_of_people(user_ids, span).items():
        busy.setdefault(user_id, []).extend(held)
    found = []
    for email, user in people.items():
        zone, working = _hours(user, membership, span)
        unknown, as_of = _certainty(calendars.get(user.pk, []), span, now)
        times = Times(
            email=email,
            name=user.get_full_name(),
            is_self=user.pk == membership.user_id,
            zone=zone,
            busy=tuple(intersect(busy.get(user.pk, ()), [span])),
            working=working,
            unknown=unknown,
            as_of=as_of,
        )
        found.append(times)
    return FreeBusy(tuple(found), tuple(others))


def _people(membership: Membership, emails: Sequence[str]) -> tuple[dict[str, User], list[str]]:
    """Members by the address they were asked for, each once, and the addresses of others."""
    asked = {email.lower(): email for email in reversed(emails)}
    connected = (
        UserCalendarConnection.objects.filter(workspace=membership.workspace_id)
        .annotate(address=Lower("connected_email"))
        .filter(address__in=list(asked))
    )
    owners = {row.address: row.user_id for row in connected}
    rows = members_of(membership.workspace).select_related("user__profile")
    wanted = Q(user__email__in=list(asked)) | Q(user_id__in=[*owners.values(), membership.user_id])
    users = {row.user_id: row.user for row in rows.filter(wanted)}
    by_email = {user.email: user for user in users.values()}
    found, others = {membership.user.email: users[membership.user_id]}, []
    seen = {membership.user_id}
    for key in reversed(asked):
        owner_id = owners.get(key)
        user = by_email.get(key) or (users.get(owner_id) if owner_id else None)
        if user is None:
            others.append(asked[key])
        elif user.pk not in seen:
            seen.add(user.pk)
            found[asked[key]] = user
    return found, others


def _calendars(membership: Membership, user_ids: Iterable[UUID]) -> dict[UUID, list[Calendar]]:
    rows = Calendar.objects.filter(
        workspace=membership.workspace_id, user_connection__user_id__in=list(user_ids)
    ).select_related("user_connection")
    found: dict[UUID, list[Calendar]] = {}
    for row in rows:
        found.setdefault(row.connection.owner_id, []).append(row)
    return found


def _taken(
    calendars: Iterable[Calendar], span: Span, ignoring: Event | None
) -> dict[UUID, list[Span]]:
    """What takes the time of each user in these calendars; one query."""
    owners = {calendar.pk: calendar.connection.owner_id for calendar in calendars}
    rows = busy_events(owners, span)
    if ignoring is not None:
        same = Q(pk=ignoring.pk)
        if ignoring.ical_uid:
            same |= Q(ical_uid=ignoring.ical_uid, start_at=ignoring.start_at)
        rows = rows.exclude(same)
    found: dict[UUID, list[Span]] = {}
    for calendar_id, start, end in rows.values_list("calendar_id", "start_at", "end_at"):
        if start < end:
            found.setdefault(owners[calendar_id], []).append(Span(start, end))
    return found


def _hours(user: User, membership: Membership, span: Span) -> tuple[ZoneInfo, tuple[Span, ...]]:
    """The person's zone, and their working hours within the span."""
    profile: UserProfile | None = getattr(user, "profile", None)
    zone = ZoneInfo(profile.timezone if profile else membership.workspace.timezone)
    hours = parse_availability(profile.availability_settings) if profile else DEFAULT_AVAILABILITY
    first, last = span.start.astimezone(zone).date(), span.end.astimezone(zone).date()
    working = hours.working_spans(zone, first - _ONE_DAY, last)
    return zone, tuple(intersect(merge(working), [span]))


def _certainty(
    calendars: Sequence[Calendar], span: Span, now: datetime
) -> tuple[NotKnown | None, datetime | None]:
    """Why their time is not known, if so, and the oldest copy that this is about."""
    if not calendars:
        return NotKnown.NOT_CONNECTED, None
    counting = [calendar for calendar in calendars if calendar.counts_as_busy]
    if not counting:
        return NotKnown.NOT_COUNTING, None
    trouble = [(_trouble(calendar, span, now), calendar.synced_at) for calendar in counting]
    unsure = [(why, at) for why, at in trouble if why is not None]
    ages = [at for _, at in unsure or trouble]
    known = [at for at in ages if at is not None]
    oldest = min(known) if len(known) == len(ages) else None
    return (unsure[0][0] if unsure else None), oldest


def _trouble(calendar: Calendar, span: Span, now: datetime) -> NotKnown | None:
    """Why the copy cannot be trusted for the span."""
    state = calendar.connection.state
    if state != ConnectionState.ACTIVE:
        return NotKnown.PAUSED if state == ConnectionState.PAUSED else NotKnown.RECONNECT_NEEDED
    begins, ends = calendar.window_from, calendar.window_until
    if calendar.synced_at is None or begins is None or ends is None:
        return NotKnown.NOT_READ
    if not (begins <= span.start and span.end <= ends):
        return NotKnown.NOT_READ
    within = settings.SYNC_EVERY + due.SPREAD + _PATIENCE
    is_old = not calendar.is_fresh(now, within)
    return NotKnown.STALE if is_old or calendar.sync_error or calendar.gone_at else None


def _renew(calendars: Iterable[Calendar], now: datetime) -> None:
    """Have old copies read again by workers, for the next look."""
    old = [
        row.pk
        for row in calendars
        if row.connection.state == ConnectionState.ACTIVE and due.is_due(row, now, STALE_AFTER)
    ]
    if old:
        sync.kick(Calendar.objects.filter(pk__in=old), now)
