"""Keeping how calendars were arranged over a disconnect, and arranging them so again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone

from calendars.models import Calendar, RememberedCalendar
from calendars.owners import connection_field, connections_of
from calendars.sidebar import is_booking_calendar
from workspaces.owners import owner_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calendars.models import CalendarConnectionBase
    from workspaces.owners import Owner

KEPT: Final = timedelta(days=365)


def remember(connection: CalendarConnectionBase) -> None:
    """Keep how the connection's calendars are arranged, for a year. Replaces what was kept."""
    _of_account(connection).delete()
    field: dict[str, Any] = {connection_field(connection.owner_kind): connection}
    rows = Calendar.objects.filter(**field, gone_at__isnull=True)
    RememberedCalendar.objects.bulk_create(
        RememberedCalendar(
            workspace_id=connection.workspace_id,
            owner_kind=connection.owner_kind,
            owner_id=connection.owner_id,
            provider=connection.provider,
            account_remote_id=connection.account_remote_id,
            remote_id=row.remote_id,
            calendar_id=row.pk,
            hue=row.hue,
            is_shown=row.is_shown,
            counts_as_busy=row.counts_as_busy,
            was_booking=is_booking_calendar(row),
        )
        for row in rows.select_related(*field)
    )
    RememberedCalendar.objects.filter(created_at__lt=timezone.now() - KEPT).delete()


def recall(connection: CalendarConnectionBase) -> dict[str, RememberedCalendar]:
    """What is kept of the account's calendars, by remote id."""
    return {row.remote_id: row for row in _of_account(connection)}


def arrange_again(row: Calendar, kept: RememberedCalendar) -> None:
    """Arrange a calendar that is new here, and not saved yet, as it was arranged before."""
    if not Calendar.objects.filter(pk=kept.calendar_id).exists():
        row.pk = kept.calendar_id
    row.hue, row.is_shown, row.counts_as_busy = kept.hue, kept.is_shown, kept.counts_as_busy


def settle(
    connection: CalendarConnectionBase,
    kept: Iterable[RememberedCalendar],
    calendars: Iterable[Calendar],
) -> None:
    """All is arranged: forget what was kept, and let bookings go where they went before."""
    booked = {row.remote_id for row in kept if row.was_booking}
    _of_account(connection).delete()
    for calendar in calendars:
        if calendar.remote_id in booked and calendar.is_writable:
            owner = owner_for(connection.owner_kind, connection.owner_id, connection.workspace)
            book_at(owner=owner, calendar=calendar)


def book_at(*, owner: Owner, calendar: Calendar) -> None:
    """Write the owner's bookings to this calendar of theirs, and to no other."""
    chosen = calendar.connection
    with transaction.atomic():
        owner.lock()
        # A choice made while another account is paused outlives its pause.
        connections_of(owner).update(resumes_booking=False)
        connections_of(owner).exclude(pk=chosen.pk).update(is_booking=False)
        connections_of(owner).filter(pk=chosen.pk).update(
            is_booking=True, calendar_id="" if calendar.is_primary else calendar.remote_id
        )
        # A choice made since outranks what a disconnected account once was.
        RememberedCalendar.objects.filter(
            workspace=owner.workspace, owner_kind=owner.kind, owner_id=owner.id
        ).update(was_booking=False)


def _of_account(connection: CalendarConnectionBase) -> Any:
    return RememberedCalendar.objects.filter(
        workspace=connection.workspace_id,
        owner_kind=connection.owner_kind,
        owner_id=connection.owner_id,
        provider=connection.provider,
        account_remote_id=connection.account_remote_id,
    )
