"""Occurrences that a rule gives and the provider has elsewhere: moved out of the mirror's window.

Where a provider tells of rules and exceptions (Google), an exception outside the window is not
among what it lists, and the rule alone would show the occurrence at the time it was moved from.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.db.models import Q

from calendars.models import Event
from calendars.providers.base import Feature
from calendars.services import mirror
from calendars.services.applying import Planner, write_plan
from common.spans import Span

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from calendars.models import Calendar
    from calendars.providers.base import CalendarProvider

# All-day edges are drawn in zones; asked for with a margin, no zone puts one outside.
_MARGIN: Final = timedelta(days=2)


def settle_strays(
    provider: CalendarProvider, calendar: Calendar, *, span: Span, began: datetime, now: datetime
) -> bool:
    """Bury what our rules put where the provider has nothing; whether anything changed.

    For the end of a baseline that began then, before its sweep. Costs nothing without series, else
    one short list, and one request for each series that differs. Raises UpstreamError.
    """
    if Feature.EXPANDED_CHANGES in provider.features:
        return False
    supposed = _supposed(calendar, span, began)
    buried = _buried_before(calendar, span, began)
    if not supposed and not buried:
        return False
    asked = Span(span.start - _MARGIN, span.end + _MARGIN)
    told = provider.occurrence_starts(mirror.as_remote(calendar), asked)
    # Still nothing there: what was met needs no rule to bring it back.
    mirror.meet({pk for pk, key in buried.items() if key not in told}, now)
    strayed = {series for series, start in supposed if (series, start) not in told}
    changed = False
    for series in Event.objects.filter(calendar=calendar, remote_id__in=strayed):
        planner = Planner(provider, calendar, span=span, asked_at=now, is_baseline=False)
        plan = planner.plan_by_asking(series)
        with transaction.atomic():
            written = write_plan(calendar, plan, asked_at=now, is_baseline=False)
            changed = written or changed
    return changed


def _supposed(calendar: Calendar, span: Span, began: datetime) -> set[tuple[str, datetime]]:
    """The occurrences that only a rule speaks for, or an exception that was not met any more."""
    by_rule = Q(remote_id="", is_exception=False)
    unmet = Q(is_exception=True, seen_at__lt=began)
    rows = Event.objects.filter(
        by_rule | unmet,
        calendar=calendar,
        deleted_at__isnull=True,
        start_at__lt=span.end,
        end_at__gt=span.start,
    ).exclude(series_remote_id="")
    found = rows.values_list("series_remote_id", "original_start_at")
    return {(series, start) for series, start in found if start is not None}


def _buried_before(
    calendar: Calendar, span: Span, began: datetime
) -> dict[UUID, tuple[str, datetime]]:
    """Tombstones of occurrences that the baseline did not meet: deleted, or out of the window."""
    rows = Event.objects.filter(
        calendar=calendar,
        is_exception=True,
        deleted_at__isnull=False,
        original_start_at__range=(span.start, span.end),
        seen_at__lt=began,
    )
    found = rows.values_list("id", "series_remote_id", "original_start_at")
    return {pk: (series, start) for pk, series, start in found if start is not None}
