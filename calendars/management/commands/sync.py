"""`manage.py sync`: copy calendars now, and say how each of them does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from audit.actors import task_actor
from audit.enums import ConnectionState
from calendars.models import Calendar, Event
from calendars.owners import connection_field, connection_models, manager_of
from calendars.services import sync
from common.errors import DomainError

if TYPE_CHECKING:
    from calendars.models import CalendarConnectionBase


class Command(BaseCommand):
    help = "Copy the calendars of all connections, of one workspace or of one connection, now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", metavar="SLUG", help="only this workspace's connections")
        parser.add_argument("--connection", metavar="ID", type=UUID, help="only this connection")
        parser.add_argument(
            "--full",
            action="store_true",
            help="read the whole window, not only what changed; nothing leaves the view meanwhile",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        connections = _chosen(options["workspace"], options["connection"])
        if not connections:
            raise CommandError("No such connection.")
        failed = 0
        for connection in connections:
            self.stdout.write(f"{connection} ({connection.workspace.slug}, {connection.pk})")
            if connection.state != ConnectionState.ACTIVE:
                self.stdout.write(f"  not read: {connection.get_state_display().lower()}")
                continue
            failed += not self._copy(connection, anew=options["full"])
        if failed:
            raise CommandError(
                f"{failed} of {len(connections)} connections could not be read whole"
            )
        self.stdout.write(f"{len(connections)} connections done")

    def _copy(self, connection: CalendarConnectionBase, *, anew: bool) -> bool:
        began = time.monotonic()
        problem = ""
        try:
            sync.sync_connection(
                connection=connection,
                actor=task_actor("manage.py sync"),
                now=timezone.now(),
                anew=anew,
            )
        except DomainError as error:
            problem = error.message
        of_connection: dict[str, Any] = {connection_field(connection.owner_kind): connection}
        for calendar in Calendar.objects.filter(**of_connection, gone_at__isnull=True):
            self.stdout.write(f"  {calendar.name}: {_in_words(calendar)}")
        seconds = time.monotonic() - began
        self.stdout.write(f"  {problem or 'read'} ({seconds:.1f} s)")
        return not problem


def _chosen(slug: str | None, connection_id: UUID | None) -> list[CalendarConnectionBase]:
    found: list[CalendarConnectionBase] = []
    for model in connection_models():
        rows = manager_of(model).order_by("workspace", "created_at")
        if slug:
            rows = rows.filter(workspace__slug=slug)
        if connection_id:
            rows = rows.filter(pk=connection_id)
        found += rows
    return found


def _in_words(calendar: Calendar) -> str:
    now = timezone.now()
    if calendar.sync_after is not None and calendar.sync_after > now:
        return (
            f"left alone until {calendar.sync_after:%Y-%m-%d %H:%M:%S} UTC, {calendar.sync_error}"
        )
    if calendar.sync_error:
        return calendar.sync_error
    if calendar.synced_at is None:
        return "not read yet, another run may be at it"
    events = Event.objects.filter(calendar=calendar, deleted_at__isnull=True, recurrence=[]).count()
    until = f", to {calendar.window_until:%Y-%m-%d}" if calendar.window_until else ""
    push = f", push until {calendar.push_until:%Y-%m-%d %H:%M} UTC" if calendar.push_until else ""
    count = f"{events} event" if events == 1 else f"{events} events"
    return f"{count}{until}, as of {calendar.synced_at:%H:%M:%S} UTC{push}"
