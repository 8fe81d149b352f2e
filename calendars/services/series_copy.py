"""A series in the mirror, right after it was written: its rule and every occurrence."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from calendars.models import Calendar, Event, EventTask, event_id_for
from calendars.recurrence import BadRule
from calendars.services import copying, mirror, sync
from calendars.services.applying import Plan, Planner, write_plan
from calendars.services.expanding import occurrence_rows
from common.errors import UpstreamError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from calendars.providers.base import CalendarProvider, RemoteEvent

logger = logging.getLogger(__name__)


class SeriesCopy:
    """Series of one calendar, read with a provider that is open, into the mirror's window."""

    def __init__(self, provider: CalendarProvider, calendar: Calendar) -> None:
        self.provider, self.calendar = provider, calendar
        self.asked_at = timezone.now()
        self.span = copying.window(self.asked_at)

    def listed(self, rule: RemoteEvent) -> list[RemoteEvent]:
        """Its occurrences in the window, as the provider has them. Raises UpstreamError."""
        there = mirror.as_remote(self.calendar)
        pages = self.provider.list_occurrences(there, rule.remote_id, self.span)
        return [one for page in pages for one in page]

    def listed_best_effort(self, rule: RemoteEvent) -> list[RemoteEvent] | None:
        """The same; None when the provider does not say: what was written stays written."""
        if not rule.recurrence:
            return []
        try:
            return self.listed(rule)
        except UpstreamError as error:
            logger.info("a series could not be listed", extra={"code": error.code})
            return None

    def keep(
        self, rule: RemoteEvent, listed: list[RemoteEvent] | None, *, keep_notes: bool = True
    ) -> Event:
        """Write the series and its occurrences, bury what it no longer has; its own row.

        What was not listed is made from the rule, and a worker looks again. Raises EventGone.
        """
        if not keep_notes:
            mirror.forget_failed_links(self.calendar, rule.remote_id)
        event = mirror.store_event(self.calendar, rule, timezone.now(), keep_notes=keep_notes)
        if listed is None:
            plan = self._from_rule(event)
            # Moved events stand where nobody could read: open times ask the provider meanwhile.
            Calendar.objects.filter(pk=self.calendar.pk).update(noticed_at=timezone.now())
            sync.refresh_calendar(self.calendar.pk)
        else:
            plan = self._planner().plan_series(rule, listed)
        with transaction.atomic():
            write_plan(self.calendar, plan, asked_at=timezone.now(), is_baseline=False)
            mirror.touch(self.calendar, timezone.now())
        return event

    def _planner(self) -> Planner:
        return Planner(
            self.provider,
            self.calendar,
            span=self.span,
            asked_at=timezone.now(),
            is_baseline=False,
        )

    def _from_rule(self, event: Event) -> Plan:
        """What the rule says, and nothing of what it said before: an event shown at its former
        time would be moved once more.
        """
        try:
            made = occurrence_rows(event, self.span, timezone.now()) if event.recurrence else []
        except BadRule:
            return Plan()
        rows = {row.pk: row for row in made}
        held = Event.objects.filter(
            calendar=self.calendar, series_remote_id=event.remote_id, deleted_at__isnull=True
        )
        return Plan(rows=rows, dropped=set(held.values_list("pk", flat=True)) - set(rows))

    def bury(self, series_remote_id: str) -> None:
        """The series is gone: tombstones of its rule and every occurrence."""
        mirror.bury_series(self.calendar, series_remote_id, timezone.now())


def carry_tasks(calendar: Calendar, moves: Iterable[tuple[str, datetime, str, datetime]]) -> None:
    """Let tasks follow occurrences that have another series or start now.

    A move names the series and original start that were, and those that are.
    """
    ids = {
        event_id_for(calendar.pk, "", series, at): event_id_for(calendar.pk, "", new, new_at)
        for series, at, new, new_at in moves
    }
    with transaction.atomic():
        for task in EventTask.objects.filter(calendar=calendar, event_id__in=list(ids)):
            task.event_id = ids[task.event_id]
            task.save(update_fields=["event_id", "updated_at"])
