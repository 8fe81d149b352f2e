"""What a provider's cursor told, as rows of the mirror: events, occurrences, and what is gone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q

from calendars.enums import EventStatus
from calendars.models import Calendar, Event, event_id_for
from calendars.providers.base import Feature
from calendars.providers.errors import EventGone
from calendars.recurrence import BadRule
from calendars.services import mirror
from calendars.services.expanding import occurrence_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from calendars.providers.base import CalendarProvider, RemoteEvent
    from common.spans import Span

# What makes another series of it: which occurrences it has, and when.
_SHAPE: Final = ("recurrence", "start_wall", "timezone", "is_all_day")
# What an occurrence does not have from its series even when nobody touched it: a link that is on
# its way comes to the one before the other.
_ITS_OWN: Final = frozenset(
    {
        "remote_id", "etag", "is_exception", "remote_updated_at", "ical_uid",
        "conference", "conference_state", "conference_url", "conference_note",
        "conference_failure", "conference_since_at", "conference_tries",
    }
)  # fmt: skip


@dataclass(slots=True)
class Plan:
    """What is to be written. `lost` are deleted occurrences: tombstones that a rule must not undo.

    `gone` are remote ids of deleted events and series, `dropped` our ids of occurrences that their
    series no longer has.
    """

    rows: dict[UUID, Event] = field(default_factory=dict)
    lost: dict[UUID, Event] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    dropped: set[UUID] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Held:
    """An occurrence of the mirror; `touches` says that it is alive and within the window."""

    pk: UUID
    is_exception: bool
    touches: bool


class Planner:
    """Reads what was told of one calendar, window `span`, asked for at `asked_at`.

    In a baseline (everything is told, page by page) nothing is dropped: what was not met by its
    end is.
    """

    def __init__(
        self,
        provider: CalendarProvider,
        calendar: Calendar,
        *,
        span: Span,
        asked_at: datetime,
        is_baseline: bool,
    ) -> None:
        self.provider, self.calendar = provider, calendar
        self.span, self.asked_at, self.is_baseline = span, asked_at, is_baseline

    def plan(self, told: Iterable[RemoteEvent]) -> Plan:
        """The rows to write. May ask the provider; raises UpstreamError."""
        plan = Plan()
        for remote in told:
            self._take(plan, remote)
        series = {row.remote_id: row for row in plan.rows.values() if row.recurrence}
        is_expanded = Feature.EXPANDED_CHANGES in self.provider.features
        if not series or (is_expanded and self.is_baseline):
            return plan
        held = self._held(list(series))
        if is_expanded:
            for rows in held.values():
                plan.dropped.update(r.pk for r in rows if r.touches and r.pk not in plan.rows)
            return plan
        shapes = self._shapes(series.values())
        for row in series.values():
            self._expand(plan, row, held.get(row.remote_id, ()), shapes.get(row.pk))
        return plan

    def plan_series(self, series: RemoteEvent, listed: Iterable[RemoteEvent]) -> Plan:
        """One series, with its occurrences in the span as the provider just listed them."""
        plan = Plan()
        self._take(plan, series)
        held = self._held([series.remote_id]).get(series.remote_id, [])
        row = next((row for row in plan.rows.values() if row.recurrence), None)
        if row is None:
            # It no longer repeats: what it had been is gone.
            plan.dropped.update(one.pk for one in held)
            return plan
        try:
            made = {one.pk: one for one in occurrence_rows(row, self.span, self.asked_at)}
        except BadRule:
            made = {}
        self._take_listed(plan, row, listed, made, held)
        return plan

    def plan_by_asking(self, series: Event) -> Plan:
        """A series of the mirror, with its occurrences as the provider lists them now.

        Raises UpstreamError.
        """
        plan = Plan()
        held = self._held([series.remote_id]).get(series.remote_id, [])
        try:
            made = {one.pk: one for one in occurrence_rows(series, self.span, self.asked_at)}
        except BadRule:
            made = {}
        self._ask(plan, series, made, held)
        return plan

    def _take(self, plan: Plan, remote: RemoteEvent) -> None:
        """The last word counts: an event may be told of twice when it changed meanwhile."""
        row = mirror.row_of(self.calendar, remote, self.asked_at)
        if row is not None:
            plan.rows[row.pk] = row
            plan.lost.pop(row.pk, None)
            plan.gone.discard(remote.remote_id)
        elif remote.series_remote_id and remote.original_start_at is not None:
            lost = self._tombstone(remote.series_remote_id, remote.original_start_at)
            plan.lost[lost.pk] = lost
            plan.rows.pop(lost.pk, None)
        else:
            plan.gone.add(remote.remote_id)
            plan.rows.pop(event_id_for(self.calendar.pk, remote.remote_id), None)

    def _tombstone(self, series_remote_id: str, original_start_at: datetime) -> Event:
        return Event(
            id=event_id_for(self.calendar.pk, "", series_remote_id, original_start_at),
            workspace_id=self.calendar.workspace_id,
            calendar_id=self.calendar.pk,
            series_remote_id=series_remote_id,
            original_start_at=original_start_at,
            start_at=original_start_at,
            end_at=original_start_at,
            status=EventStatus.CANCELLED,
            is_exception=True,
            deleted_at=self.asked_at,
            seen_at=self.asked_at,
        )

    def _held(self, series: Sequence[str]) -> dict[str, list[_Held]]:
        """What the mirror holds of these series."""
        found: dict[str, list[_Held]] = {}
        for batch in mirror.batches(series):
            rows = Event.objects.filter(calendar=self.calendar, series_remote_id__in=batch)
            for pk, name, is_exception, deleted_at, start, end in rows.values_list(
                "id", "series_remote_id", "is_exception", "deleted_at", "start_at", "end_at"
            ):
                within = start < self.span.end and end > self.span.start
                touches = within and deleted_at is None
                found.setdefault(name, []).append(_Held(pk, is_exception, touches))
        return found

    def _shapes(self, series: Iterable[Event]) -> dict[UUID, tuple[Any, ...]]:
        if self.is_baseline:
            return {}
        rows = Event.objects.filter(pk__in=[row.pk for row in series])
        return {row[0]: row[1:] for row in rows.values_list("id", *_SHAPE)}

    def _expand(
        self, plan: Plan, series: Event, held: Sequence[_Held], shape: tuple[Any, ...] | None
    ) -> None:
        apart = {one.pk for one in held if one.is_exception}
        untold = apart - set(plan.rows) - set(plan.lost)
        reshaped = shape is not None and shape != tuple(getattr(series, n) for n in _SHAPE)
        try:
            made = {row.pk: row for row in occurrence_rows(series, self.span, self.asked_at)}
        except BadRule:
            self._ask(plan, series, {}, held)
            return
        if reshaped and untold:
            # Providers do not say which exceptions outlive another rule or start.
            self._ask(plan, series, made, held)
            return
        for pk, row in made.items():
            if pk not in apart and pk not in plan.lost:
                plan.rows.setdefault(pk, row)
        if not self.is_baseline:
            plan.dropped.update(
                one.pk
                for one in held
                if one.touches and not one.is_exception and one.pk not in plan.rows
            )

    def _ask(
        self, plan: Plan, series: Event, made: dict[UUID, Event], held: Sequence[_Held]
    ) -> None:
        """Take the series' occurrences from the provider instead."""
        calendar = mirror.as_remote(self.calendar)
        pages = self.provider.list_occurrences(calendar, series.remote_id, self.span)
        try:
            told = [one for page in pages for one in page]
        except EventGone:
            return  # the next increment tells
        self._take_listed(plan, series, told, made, held)

    def _take_listed(
        self,
        plan: Plan,
        series: Event,
        told: Iterable[RemoteEvent],
        made: dict[UUID, Event],
        held: Sequence[_Held],
    ) -> None:
        rows = (mirror.row_of(self.calendar, one, self.asked_at) for one in told)
        listed = {row.pk: row for row in rows if row is not None}
        for pk, row in listed.items():
            row.is_exception = row.is_exception or (pk in made and not _alike(row, made[pk]))
            plan.rows.setdefault(pk, row)
        for pk, row in made.items():
            if pk not in listed and row.original_start_at is not None:
                plan.lost.setdefault(pk, self._tombstone(series.remote_id, row.original_start_at))
        plan.dropped.update(
            one.pk
            for one in held
            if one.touches and one.pk not in plan.rows and one.pk not in plan.lost
        )


def _alike(one: Event, other: Event) -> bool:
    names = [name for name in mirror.TOLD if name not in _ITS_OWN]
    return all(getattr(one, name) == getattr(other, name) for name in names)


def write_plan(calendar: Calendar, plan: Plan, *, asked_at: datetime, is_baseline: bool) -> bool:
    """Write it; whether anything changed. Call it inside a transaction."""
    known = mirror.known_by_id(list(plan.rows))
    written = set(
        mirror.write_rows(plan.rows.values(), known, listed_at=asked_at, tells_exceptions=True)
    )
    if is_baseline:
        mirror.meet(set(plan.rows) - written, asked_at)
    buried = _bury_lost(plan.lost, asked_at)
    for batch in mirror.batches(list(plan.gone)):
        named = Q(remote_id__in=batch) | Q(series_remote_id__in=batch)
        buried += mirror.bury_rows(Event.objects.filter(named, calendar=calendar), asked_at)
    for dropped in mirror.batches(list(plan.dropped)):
        # What was written here since the provider was asked is newer than its answer.
        rows = Event.objects.filter(pk__in=dropped, seen_at__lte=asked_at)
        buried += mirror.bury_rows(rows, asked_at)
    return bool(written or buried)


def _bury_lost(lost: dict[UUID, Event], asked_at: datetime) -> int:
    """Deleted occurrences stay as tombstones that are exceptions, so that no rule revives them."""
    buried = 0
    for batch in mirror.batches(list(lost)):
        there = Event.objects.filter(pk__in=batch)
        known = set(there.values_list("pk", flat=True))
        there.filter(deleted_at__isnull=False).update(is_exception=True, seen_at=asked_at)
        alive = there.filter(deleted_at__isnull=True)
        with mirror.followed(alive):
            buried += alive.update(
                is_exception=True,
                deleted_at=asked_at,
                seen_at=asked_at,
                status=EventStatus.CANCELLED,
            )
        Event.objects.bulk_create([lost[pk] for pk in batch if pk not in known])
    return buried


def sweep(
    calendar: Calendar, *, span: Span, began: datetime, asked_at: datetime, is_expanded: bool
) -> bool:
    """End a baseline that began then: what it did not meet is gone; whether anything was.

    Where the provider told of rules (not `is_expanded`), an exception that was not met is as its
    series has it. Call it inside a transaction.
    """
    revived = not is_expanded and _revive(calendar, span=span, began=began, asked_at=asked_at)
    within = Q(start_at__lt=span.end, end_at__gt=span.start) | ~Q(recurrence=[])
    unmet = Event.objects.filter(within, calendar=calendar, seen_at__lt=began)
    return bool(mirror.bury_rows(unmet, asked_at) or revived)


def _revive(calendar: Calendar, *, span: Span, began: datetime, asked_at: datetime) -> bool:
    """Exceptions that the baseline did not meet are as their series has them again.

    One that was moved out of the window could not be met, and stays.
    """
    is_here = Q(deleted_at__isnull=True, start_at__lt=span.end, end_at__gt=span.start)
    was_here = Q(deleted_at__isnull=False, original_start_at__range=(span.start, span.end))
    unmet = dict(
        Event.objects.filter(
            is_here | was_here, calendar=calendar, is_exception=True, seen_at__lt=began
        ).values_list("id", "series_remote_id")
    )
    if not unmet:
        return False
    series = Event.objects.filter(
        calendar=calendar,
        remote_id__in=set(unmet.values()),
        seen_at__gte=began,
        deleted_at__isnull=True,
    ).exclude(recurrence=[])
    revived: list[Event] = []
    for row in series:
        try:
            made = occurrence_rows(row, span, asked_at)
        except BadRule:
            continue
        revived += [one for one in made if one.pk in unmet]
    known = mirror.known_by_id([one.pk for one in revived])
    return bool(mirror.write_rows(revived, known, listed_at=asked_at, tells_exceptions=True))
