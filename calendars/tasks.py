"""What workers do for calendars: each task fetches a row and calls one service."""

from __future__ import annotations

import logging
import uuid
from functools import partial
from typing import Any, Final

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from audit.actors import task_actor

logger = logging.getLogger(__name__)

# A run that waited longer than this in the queue has been asked for again meanwhile.
EXPIRES: Final = 60


def start(task: Any, *args: Any) -> None:
    """Have a worker run it after the commit. Without a broker the beat does the same later."""
    transaction.on_commit(partial(_send, task, args))


def _send(task: Any, args: tuple[Any, ...]) -> None:
    try:
        task.apply_async(args, expires=EXPIRES)
    except Exception:  # noqa: BLE001 -- whatever the broker's client raises
        logger.warning("broker unreachable, the beat will do it", exc_info=False)


@shared_task(name="calendars.sync_connection")
def sync_connection(kind: str, connection_id: str, calendar_ids: list[str] | None = None) -> None:
    """Copy the connection's calendars, or those named, into the mirror."""
    from calendars.services import sync  # noqa: PLC0415 -- leaf

    named = None if calendar_ids is None else [uuid.UUID(one) for one in calendar_ids]
    sync.run(kind=kind, connection_id=uuid.UUID(connection_id), calendar_ids=named)


@shared_task(name="calendars.sync_due_calendars")
def sync_due_calendars() -> None:
    """Have every calendar synced that nobody looked at for a while."""
    from calendars.services import sync  # noqa: PLC0415 -- leaf

    sync.sync_due_calendars()


@shared_task(name="calendars.await_forgotten_links")
def await_forgotten_links() -> None:
    """Have meeting links waited for whose event was saved by a process that then died."""
    from calendars.services import settling  # noqa: PLC0415 -- leaf

    settling.await_forgotten(timezone.now())


@shared_task(name="calendars.tend_channels")
def tend_channels(kind: str, connection_id: str) -> None:
    """Open, renew and close the connection's push channels."""
    from calendars.services import channels  # noqa: PLC0415 -- leaf

    channels.tend(
        kind=kind,
        connection_id=uuid.UUID(connection_id),
        actor=task_actor("calendars.tend_channels"),
        now=timezone.now(),
    )


@shared_task(name="calendars.tend_due_channels")
def tend_due_channels() -> None:
    """Have the channels tended that are to be opened, renewed or closed."""
    from calendars.services import channels  # noqa: PLC0415 -- leaf

    channels.start_tending(timezone.now())
