"""Which calendars an account has: our rows follow the provider's list and keep their settings."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction

from calendars.enums import Hue
from calendars.hues import nearest_hue
from calendars.models import Calendar
from calendars.owners import connection_field
from calendars.providers.base import Feature
from calendars.providers.registry import provider_class
from calendars.services import memory
from workspaces.owners import owner_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from calendars.models import CalendarConnectionBase
    from calendars.providers.base import RemoteCalendar


@transaction.atomic
def refresh_calendars(
    connection: CalendarConnectionBase, remotes: Sequence[RemoteCalendar], now: datetime
) -> list[Calendar]:
    """Make the connection's calendars those of the list; the ones that are there now.

    What people chose (shown, counts as busy, hue) is set once and then left alone; of an account
    that was connected before it is what they had chosen then, bookings included. A calendar
    that is no longer listed is marked as gone, and still counts as unreadable if it counted.
    """
    # A consent and a worker may list the same account at once: one after the other, or both would
    # add the same calendar.
    locked = type(connection)._default_manager.select_for_update(no_key=True)
    if not locked.filter(pk=connection.pk).values_list("pk").first():
        return []  # disconnected meanwhile
    field = connection_field(connection.owner_kind)
    of_connection: dict[str, Any] = {field: connection}
    ours = {row.remote_id: row for row in Calendar.objects.filter(**of_connection)}
    worn = Counter(
        Calendar.objects.filter(workspace=connection.workspace_id).values_list("hue", flat=True)
    )
    kept = memory.recall(connection)
    found = []
    for remote in _with_zones(connection, remotes):
        row = ours.pop(remote.remote_id, None)
        if row is None:
            row = _new(connection, field, remote, now)
            if remote.remote_id in kept:
                memory.arrange_again(row, kept[remote.remote_id])
            else:
                row.hue = _least_worn(row.hue, worn)
            worn[row.hue] += 1
        _follow(row, remote, now)
        found.append(row)
    gone = [row.pk for row in ours.values() if row.gone_at is None]
    if gone:
        Calendar.objects.filter(pk__in=gone).update(gone_at=now, changed_at=now, updated_at=now)
    if kept:
        memory.settle(connection, kept.values(), found)
    return found


def _with_zones(
    connection: CalendarConnectionBase, remotes: Sequence[RemoteCalendar]
) -> list[RemoteCalendar]:
    """Where a provider does not tell a calendar's zone, it is its owner's."""
    if Feature.CALENDAR_ZONES in provider_class(connection.provider).features:
        return list(remotes)
    try:
        owner = owner_for(connection.owner_kind, connection.owner_id, connection.workspace)
    except ObjectDoesNotExist:
        return list(remotes)  # whose membership ended a moment ago
    return [replace(remote, timezone=owner.zone.key) for remote in remotes]


def _least_worn(wanted: str, worn: Counter[str]) -> str:
    """The wanted hue while nobody has it, else the next one that fewest calendars have.

    Providers give every new account the same colour; two calendars should not look alike.
    """
    hues = [str(hue) for hue in Hue]
    start = hues.index(wanted)
    return min(hues[start:] + hues[:start], key=lambda hue: worn[hue])


def _new(
    connection: CalendarConnectionBase, field: str, remote: RemoteCalendar, now: datetime
) -> Calendar:
    return Calendar(
        **{field: connection},
        workspace_id=connection.workspace_id,
        remote_id=remote.remote_id,
        hue=nearest_hue(remote.colour),
        is_shown=remote.is_selected,
        # Holidays and what others share for reading take nobody's time here unless chosen.
        counts_as_busy=remote.is_primary or (remote.is_writable and remote.is_selected),
        changed_at=now,
    )


def _follow(row: Calendar, remote: RemoteCalendar, now: datetime) -> None:
    """Take over what the provider says; save only what differs."""
    told = {
        "name": remote.name[:255] or "Calendar",
        "timezone": remote.timezone[:64],
        "is_primary": remote.is_primary,
        "is_writable": remote.is_writable,
        "allowed_conferences": sorted(one.value for one in remote.allowed_conferences),
        "gone_at": None,
    }
    differs = row._state.adding or any(getattr(row, name) != value for name, value in told.items())  # noqa: SLF001 -- Django's name
    if differs:
        for name, value in told.items():
            setattr(row, name, value)
        row.changed_at = now
        row.save()
