"""One series made into two at its provider: two calls that must not be left half done.

The new series is made first, under a key that a repeat finds again, then the old one is ended
before it. Between the two both stand: rather twice than not at all. A message in the outbox,
written before the first call, ends the old series when this process cannot.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from audit.actors import task_actor
from audit.enums import AccessReason
from calendars import series_drafts
from calendars.models import Calendar
from calendars.providers.base import EventDraft
from calendars.providers.errors import CalendarGone, EventGone
from calendars.services import mirror
from calendars.services.accounts import opened
from calendars.services.series_copy import SeriesCopy
from common import outbox
from common.errors import BadReply, ReconnectNeeded, UpstreamConflict, UpstreamError

if TYPE_CHECKING:
    from calendars.providers.base import CalendarProvider, RemoteCalendar, RemoteEvent
    from common.models import OutboxMessage

SPLIT_KIND: Final = "calendars.finish_split"
# Longer than the two calls may take.
_SOON: Final = timedelta(seconds=90)
# How often a series can be parted at one place and taken back, while it stays as it is.
MOST_KEYS: Final = 5
NOT_ENDED: Final = (
    "The former series could not be ended yet. It is tried again by itself; until then both show."
)


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a series is parted: before the occurrence that its rule has at that instant.

    `key` is of this version of the series, so that a repeat after a lost answer, or a second
    press, makes no second new series.
    """

    calendar: Calendar
    series_remote_id: str
    original_at: datetime
    key: str


def cut_at(calendar: Calendar, rule: RemoteEvent, original_at: datetime) -> Cut:
    """The cut of the series as it is now."""
    version = f"{rule.remote_id}\n{original_at.isoformat()}\n{rule.etag}"
    key = uuid.uuid5(calendar.pk, f"split\n{version}").hex
    return Cut(calendar, rule.remote_id, original_at, key)


def is_undecided(error: UpstreamError) -> bool:
    """Whether the provider may have done what was asked all the same."""
    return error.retryable or isinstance(error, BadReply)


def make_tail(provider: CalendarProvider, cut: Cut, tail: EventDraft) -> tuple[Cut, RemoteEvent]:
    """The new series, made once, and the cut with the key that it has.

    A key is spent when its series was taken back; then the next one is used. Raises UpstreamError;
    what it may have made all the same is ended or found by the next try, or by the outbox.
    """
    there = mirror.as_remote(cut.calendar)
    for _ in range(MOST_KEYS):
        is_new = _remember(cut)
        draft = replace(tail, idempotency_key=cut.key)
        try:
            made = _create(provider, there, draft)
        except UpstreamConflict:
            forget(cut)
            cut = replace(cut, key=uuid.uuid5(cut.calendar.pk, f"after\n{cut.key}").hex)
            continue
        except UpstreamError as error:
            if not is_undecided(error):
                forget(cut)
            raise
        # A former try may have made it with other words. It is there: whatever becomes of those
        # words, no other one is made, and the next try or a worker goes on with it.
        return cut, made if is_new else provider.update_event(there, made.remote_id, tail)
    raise UpstreamConflict


def _create(provider: CalendarProvider, there: RemoteCalendar, draft: EventDraft) -> RemoteEvent:
    try:
        return provider.create_event(there, draft)
    except UpstreamError as error:
        if not is_undecided(error):
            raise
        # The key makes it the same event, whether the first call came through or not.
        return provider.create_event(there, draft)


def end_head(
    provider: CalendarProvider, cut: Cut, rule: RemoteEvent, *, notify: bool = True
) -> RemoteEvent:
    """The series ended before the cut; one that ends there already is left alone.

    Raises EventGone and other UpstreamErrors.
    """
    there = mirror.as_remote(cut.calendar)
    for _ in range(2):
        lines = _head(rule, cut)
        if lines is None:
            return rule
        draft = EventDraft(recurrence=lines, notify=notify)
        try:
            return provider.update_event(there, rule.remote_id, draft, etag=rule.etag)
        except UpstreamConflict:
            rule = provider.get_event(there, rule.remote_id)
        except UpstreamError as error:
            if not is_undecided(error):
                raise
            fresh = provider.get_event(there, rule.remote_id)
            if fresh.etag == rule.etag:
                raise
            rule = fresh
    if _head(rule, cut) is None:
        return rule
    raise UpstreamConflict


def _head(rule: RemoteEvent, cut: Cut) -> tuple[str, ...] | None:
    """The lines to send; None when nothing of the series is left from the cut on."""
    if not rule.recurrence:
        return None
    if not series_drafts.lasts_until(rule, cut.original_at):
        return None
    return series_drafts.head_of(rule, cut.original_at)


def _remember(cut: Cut) -> bool:
    """Write the message that ends the old series if nobody else does; False if it was there."""
    before = timezone.now()
    message = outbox.enqueue(
        kind=SPLIT_KIND,
        payload={
            "calendar_id": str(cut.calendar.pk),
            "series_remote_id": cut.series_remote_id,
            "original_at": cut.original_at.isoformat(),
            "key": cut.key,
        },
        dedupe_key=_dedupe_key(cut),
        workspace_id=cut.calendar.workspace_id,
        due_at=before + _SOON,
    )
    return message.created_at >= before


def forget(cut: Cut) -> None:
    """Both calls are done, or neither: there is nothing left to finish."""
    outbox.withdraw(_dedupe_key(cut))


def hurry(cut: Cut) -> None:
    """Have a worker finish it now."""
    outbox.make_due(_dedupe_key(cut))


def _dedupe_key(cut: Cut) -> str:
    return f"split:{cut.key}"


def finish_split(message: OutboxMessage) -> None:
    """What a worker does: end the old series if the new one is there.

    A provider that refuses to end it for good gets the new one taken back: then nothing happened.
    Raises UpstreamError while trying again may help.
    """
    payload = message.payload
    calendar = (
        Calendar.objects.select_related(
            "workspace", "client_connection__workspace", "user_connection__workspace"
        )
        .filter(pk=payload["calendar_id"], gone_at__isnull=True)
        .first()
    )
    if calendar is None:
        return
    original_at = datetime.fromisoformat(payload["original_at"]).astimezone(UTC)
    cut = Cut(calendar, payload["series_remote_id"], original_at, payload["key"])
    try:
        with opened(
            calendar.connection,
            workspace=calendar.workspace,
            actor=task_actor(SPLIT_KIND),
            reason=AccessReason.EVENT_UPDATE,
            target=cut.series_remote_id[:200],
        ) as provider:
            _finish(provider, cut)
    except CalendarGone:
        return


def _finish(provider: CalendarProvider, cut: Cut) -> None:
    there = mirror.as_remote(cut.calendar)
    tail = provider.find_created(there, cut.key)
    if tail is None:
        return
    copy = SeriesCopy(provider, cut.calendar)
    try:
        head = end_head(provider, cut, provider.get_event(there, cut.series_remote_id))
    except EventGone:
        copy.bury(cut.series_remote_id)
    except UpstreamError as error:
        if is_undecided(error) or isinstance(error, ReconnectNeeded):
            raise
        take_back(provider, cut, tail)
        copy.bury(tail.remote_id)
        return
    else:
        copy.keep(head, copy.listed_best_effort(head))
    copy.keep(tail, copy.listed_best_effort(tail))


def take_back(provider: CalendarProvider, cut: Cut, tail: RemoteEvent) -> None:
    """Delete the new series again. Raises UpstreamError."""
    provider.delete_event(mirror.as_remote(cut.calendar), tail.remote_id)
