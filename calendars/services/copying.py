"""Copying one calendar from its provider into the mirror: whole at first, then what changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone

from calendars.models import Calendar
from calendars.providers.base import Feature
from calendars.providers.cursors import baseline_cursor
from calendars.providers.errors import CalendarGone, CursorLost
from calendars.services import accounts, mirror, whole
from calendars.services.applying import Planner, sweep, write_plan
from calendars.services.strays import settle_strays
from common.errors import BadReply, UpstreamError
from common.leases import drop_lease, extend_lease, take_lease
from common.spans import Span

if TYPE_CHECKING:
    from calendars.providers.base import CalendarProvider, Changes

BEFORE: Final = timedelta(days=92)
AHEAD: Final = timedelta(days=457)
# Read anew with less than thirteen months ahead, at the calendar's own hour; soon after at any.
AHEAD_AT_LEAST: Final = timedelta(days=396)
AHEAD_IN_ANY_CASE: Final = timedelta(days=390)
LEASE: Final = timedelta(seconds=150)
# Providers forget where a listing stood; after this one begins again.
RESUMED_WITHIN: Final = timedelta(hours=12)
# A calendar whose cursor cannot be had is listed whole, and asked for a cursor now and then.
LISTED: Final = "listed:"
LISTED_FOR: Final = timedelta(hours=6)
MOST_TURNS: Final = 3


class _Overtaken(Exception):
    """The lease ran out and another run has it: what this one read is not written."""


def window(now: datetime) -> Span:
    """The part of time that the mirror holds: three months back, fifteen ahead."""
    return Span(now - BEFORE, now + AHEAD)


def copy_calendar(
    provider: CalendarProvider, calendar: Calendar, now: datetime, *, anew: bool = False
) -> UpstreamError | None:
    """Bring the copy of one calendar up to date; the error, if it could not be read.

    One copy at a time, by lease: while another run is at it, nothing is done. What the provider
    tells of meanwhile is read before the lease is given back. `anew` reads the window whole, and
    so does a lost cursor; a reading that was cut short goes on where it was. Rows stay until the
    new set is whole. How it went is said on the calendar's row.
    """
    holder = take_lease(calendar, now=timezone.now(), lasts=LEASE)
    if holder is None:
        return None
    calendar.refresh_from_db(fields=_STATE)
    try:
        for _ in range(MOST_TURNS):
            _copy(provider, calendar, now, anew=anew)
            calendar.refresh_from_db(fields=["noticed_at"])
            if calendar.noticed_at is None or calendar.noticed_at <= now:
                break
            now, anew = timezone.now(), False
    except _Overtaken:
        return None
    except UpstreamError as error:
        accounts.tell_of(calendar.connection, error)
        gone = {"gone_at": now} if isinstance(error, CalendarGone) else {}
        _note(calendar, sync_tried_at=now, sync_error=error.message[:300], **gone)
        return error
    else:
        return None
    finally:
        drop_lease(calendar, holder)


_STATE: Final = [
    "sync_cursor", "baseline_cursor", "baseline_at", "window_from", "window_until", "synced_at",
    "sync_error", "noticed_at", "lease_holder", "lease_until",
]  # fmt: skip


def copy_span(provider: CalendarProvider, calendar: Calendar, span: Span) -> None:
    """Copy a span outside the window, for a reader who asks about it. Raises UpstreamError."""
    whole.copy_listing(provider, calendar, span, buries=False)


def begin_anew(calendar: Calendar) -> None:
    """Have the calendar's next copy read its window whole."""
    _note(calendar, sync_cursor="", baseline_cursor="", baseline_at=None)


def is_due_anew(calendar: Calendar, now: datetime) -> bool:
    """Whether too little of the window lies ahead, at the hour that is this calendar's own.

    So that not every calendar of an installation is read whole at once.
    """
    until = calendar.window_until
    if until is None or until < now + AHEAD_IN_ANY_CASE:
        return True
    return until < now + AHEAD_AT_LEAST and now.hour == calendar.pk.int % 24


def _copy(provider: CalendarProvider, calendar: Calendar, now: datetime, *, anew: bool) -> None:
    if calendar.sync_cursor.startswith(LISTED) and not anew:
        _copy_listed(provider, calendar, now)
        return
    is_first = calendar.synced_at is None
    try:
        if anew or not calendar.sync_cursor or is_due_anew(calendar, now):
            _copy_whole(provider, calendar, now, anew=anew)
            return
        try:
            _copy_changes(provider, calendar, now)
        except CursorLost:
            _copy_whole(provider, calendar, now, anew=True)
    except BadReply:
        # Graph is known to page for ever, and any provider to stumble once. Whoever has no copy
        # at all, or stumbles twice, is listed instead.
        if not is_first and not calendar.sync_error:
            raise
        _list_from_now_on(provider, calendar, now)


def _copy_changes(provider: CalendarProvider, calendar: Calendar, now: datetime) -> None:
    """Write what changed since the cursor: one request, unless it fills pages."""
    asked_at = timezone.now()
    changes = provider.changes(mirror.as_remote(calendar), calendar.sync_cursor)
    span = _window_of(calendar, now)
    planner = Planner(provider, calendar, span=span, asked_at=asked_at, is_baseline=False)
    plan = planner.plan(changes.events)
    with transaction.atomic():
        changed = write_plan(calendar, plan, asked_at=asked_at, is_baseline=False)
        _note_good(calendar, now, changed=changed, sync_cursor=changes.cursor)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the reading of a whole window stands, and when it began."""

    span: Span
    cursor: str
    began: datetime

    def written(self) -> str:
        return f"{self.span.start.isoformat()}/{self.span.end.isoformat()} {self.cursor}"


def _place_of(calendar: Calendar) -> _Place | None:
    """Where a reading was cut short, if the provider still knows."""
    times, _, cursor = calendar.baseline_cursor.partition(" ")
    start, _, end = times.partition("/")
    began = calendar.baseline_at
    if not cursor or began is None or began < timezone.now() - RESUMED_WITHIN:
        return None
    span = Span(datetime.fromisoformat(start), datetime.fromisoformat(end))
    return _Place(span, cursor, began)


def _copy_whole(
    provider: CalendarProvider, calendar: Calendar, now: datetime, *, anew: bool
) -> None:
    """Read the window page by page; every page is kept with the word for the next one."""
    found = None if anew else _place_of(calendar)
    span = window(now)
    place = found or _Place(span, baseline_cursor(span), timezone.now())
    try:
        _copy_pages(provider, calendar, place, now)
    except (CursorLost, BadReply):
        _note(calendar, baseline_cursor="", baseline_at=None)
        if found is None:
            raise
        # The provider forgot where it stood.
        _copy_whole(provider, calendar, now, anew=True)


def _copy_pages(
    provider: CalendarProvider, calendar: Calendar, place: _Place, now: datetime
) -> None:
    span, asked_at = place.span, timezone.now()
    for page in provider.change_pages(mirror.as_remote(calendar), place.cursor):
        planner = Planner(provider, calendar, span=span, asked_at=asked_at, is_baseline=True)
        plan = planner.plan(page.events)
        with transaction.atomic():
            changed = write_plan(calendar, plan, asked_at=asked_at, is_baseline=True)
            if not page.is_whole:
                _keep_place(calendar, replace(place, cursor=page.cursor), changed=changed)
            elif changed:
                _note(calendar, changed_at=timezone.now())
        if page.is_whole:
            _end_baseline(provider, calendar, place, page, now, changed=changed)
        asked_at = timezone.now()


def _end_baseline(
    provider: CalendarProvider,
    calendar: Calendar,
    place: _Place,
    page: Changes,
    now: datetime,
    *,
    changed: bool,
) -> None:
    """What was not met is gone, and the provider's own cursor takes over."""
    asked_at = timezone.now()
    strayed = settle_strays(provider, calendar, span=place.span, began=place.began, now=asked_at)
    with transaction.atomic():
        swept = sweep(
            calendar,
            span=place.span,
            began=place.began,
            asked_at=asked_at,
            is_expanded=Feature.EXPANDED_CHANGES in provider.features,
        )
        _finish(calendar, page, place.span, now, changed=changed or strayed or swept)


def _finish(calendar: Calendar, page: Changes, span: Span, now: datetime, *, changed: bool) -> None:
    _note_good(
        calendar,
        now,
        changed=changed,
        sync_cursor=page.cursor,
        baseline_cursor="",
        baseline_at=None,
        window_from=span.start,
        window_until=span.end,
    )


def _keep_place(calendar: Calendar, place: _Place, *, changed: bool) -> None:
    now = timezone.now()
    if not extend_lease(calendar, calendar.lease_holder, now=now, lasts=LEASE):
        raise _Overtaken
    told = {"changed_at": now} if changed else {}
    _note(calendar, baseline_cursor=place.written(), baseline_at=place.began, **told)


def _copy_listed(provider: CalendarProvider, calendar: Calendar, now: datetime) -> None:
    """List the window, and try for a cursor again when it is time."""
    since = datetime.fromisoformat(calendar.sync_cursor.removeprefix(LISTED))
    if since > now - LISTED_FOR:
        _list(provider, calendar, now)
        return
    try:
        _copy_whole(provider, calendar, now, anew=True)
    except BadReply:
        _list_from_now_on(provider, calendar, now)


def _list_from_now_on(provider: CalendarProvider, calendar: Calendar, now: datetime) -> None:
    _list(provider, calendar, now, sync_cursor=f"{LISTED}{now.isoformat()}")


def _list(provider: CalendarProvider, calendar: Calendar, now: datetime, **more: Any) -> None:
    span = window(now)
    changed = whole.copy_listing(provider, calendar, span, buries=True)
    edges = {"window_from": span.start, "window_until": span.end}
    _note_good(calendar, now, changed=changed, **edges, **more)


def _window_of(calendar: Calendar, now: datetime) -> Span:
    begins, ends = calendar.window_from, calendar.window_until
    return Span(begins, ends) if begins and ends else window(now)


def _note_good(calendar: Calendar, now: datetime, *, changed: bool, **more: Any) -> None:
    """Say that the copy is whole as of `now`, while the lease is still ours."""
    told: dict[str, Any] = {"changed_at": timezone.now()} if changed else {}
    told |= {"synced_at": now, "sync_tried_at": now, "sync_error": "", "sync_after": None}
    ours = Calendar.objects.filter(pk=calendar.pk, lease_holder=calendar.lease_holder)
    if not ours.exists():
        raise _Overtaken
    _note(calendar, **told, **more)


def _note(calendar: Calendar, **changes: Any) -> None:
    Calendar.objects.filter(pk=calendar.pk).update(**changes, updated_at=timezone.now())
    for name, value in changes.items():
        setattr(calendar, name, value)
