"""Which calendars are to be read again, and when: asked for by pages, by notices or by the beat."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db.models import F, Q

from calendars.services.copying import LISTED

if TYPE_CHECKING:
    from datetime import datetime

    from calendars.models import Calendar

# One that could not be read is left alone for longer: it may be a quota.
RETRY_EVERY: Final = timedelta(seconds=30)
# One that has to be listed whole costs far more than one with a cursor.
LISTED_EVERY: Final = timedelta(seconds=60)
NOTICE_PAUSE: Final = timedelta(seconds=1)
# The beat's work is spread: every calendar has a second of its own within this.
SPREAD: Final = timedelta(minutes=2)


def is_due(calendar: Calendar, now: datetime, older_than: timedelta) -> bool:
    """Whether to read the calendar again for somebody who wants it no older than that.

    Not before the provider's own time, and not while it tells of changes by itself.
    """
    if calendar.sync_after is not None and calendar.sync_after > now:
        return False
    tried = calendar.sync_tried_at
    if tried is None:
        return True
    if calendar.has_notice and not calendar.sync_error:
        return tried < now - NOTICE_PAUSE
    wait = older_than
    if calendar.sync_error:
        wait = max(wait, RETRY_EVERY)
    if calendar.sync_cursor.startswith(LISTED):
        wait = max(wait, LISTED_EVERY)
    if calendar.is_pushed(now):
        wait = max(wait, settings.PUSHED_SYNC_EVERY)
    return tried < now - wait


def is_due_for_beat(calendar: Calendar, now: datetime) -> bool:
    """The same for the beat, which takes each calendar in its own second."""
    own = timedelta(seconds=calendar.pk.int % int(SPREAD.total_seconds()))
    return is_due(calendar, now, settings.SYNC_EVERY + own)


def maybe_due(now: datetime) -> Q:
    """Rows among which the beat's are."""
    return may_be_asked(now) & (
        Q(sync_tried_at__isnull=True)
        | Q(sync_tried_at__lt=now - settings.SYNC_EVERY)
        | Q(noticed_at__gt=F("synced_at"), sync_tried_at__lt=now - NOTICE_PAUSE)
    )


def may_be_asked(now: datetime) -> Q:
    """Rows that are there, and whose provider did not ask to be left alone."""
    return Q(gone_at__isnull=True) & (Q(sync_after__isnull=True) | Q(sync_after__lte=now))
