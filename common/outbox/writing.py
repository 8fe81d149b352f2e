"""Writing messages, waking them, and what people do with one that failed."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from common import tasks
from common.enums import OutboxState
from common.models import OutboxMessage
from common.outbox.handlers import duties
from common.outbox.queue import APPOINTMENT
from common.statements import Insert

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Sequence
    from datetime import datetime

logger = logging.getLogger(__name__)

# Brokers repeat what they hold for long; whatever is due later is left to the sweep.
LONGEST_COUNTDOWN: Final = timedelta(seconds=30)
# A kick that waited longer than this is no use: the sweep takes everybody's messages in turn.
_KICK_LASTS: Final = timedelta(seconds=60)
# After a kick that failed the broker is left alone, so that pages do not wait for it each time.
_BROKER_RESTS: Final = 5.0
_MOST_KICKED: Final = 20
_NEW = Insert(OutboxMessage)
_broker_rests_until = 0.0


def enqueue(
    *,
    kind: str,
    payload: dict[str, str],
    dedupe_key: str,
    workspace_id: uuid.UUID | None = None,
    ordering_key: str = "",
    due_at: datetime | None = None,
    about_id: uuid.UUID | None = None,
) -> OutboxMessage:
    """Write a message and kick its delivery after the commit. The same key twice is one message.

    The payload holds ids only, never content or a secret. `about_id` is what it can be found by.
    """
    message = OutboxMessage(
        kind=kind,
        payload=payload,
        dedupe_key=dedupe_key,
        workspace_id=workspace_id,
        ordering_key=ordering_key,
        due_at=due_at or timezone.now(),
        about_id=about_id,
    )
    # One statement where get_or_create needs four.
    OutboxMessage.objects.bulk_create([message], ignore_conflicts=True)
    if not OutboxMessage.objects.filter(pk=message.pk).exists():
        return OutboxMessage.objects.get(dedupe_key=dedupe_key)
    if message.due_at <= timezone.now():
        transaction.on_commit(lambda: kick(message.id), robust=True)
    return message


def enqueue_new(messages: Sequence[OutboxMessage]) -> None:
    """Write messages about something this transaction makes, with one statement and one kick.

    Their dedupe keys name what is new, so that nobody can have used them: IntegrityError when
    somebody has. A worker delivers them in this order, each whatever became of the one before.
    """
    if not messages:
        return
    _NEW.run(*messages)
    now = timezone.now()
    due = [message.id for message in messages if message.due_at <= now]
    if due:
        transaction.on_commit(lambda: kick(*due), robust=True)


def kick(*message_ids: uuid.UUID, after: timedelta = timedelta(0)) -> None:
    """Ask a worker to deliver these soon, in this order; without a broker the sweep does it."""
    global _broker_rests_until  # noqa: PLW0603 -- what this process has seen, and soon forgets
    if time.monotonic() < _broker_rests_until:
        return
    try:
        tasks.deliver_outbox_message.apply_async(
            tuple(map(str, message_ids)),
            countdown=after.total_seconds(),
            expires=(after + _KICK_LASTS).total_seconds(),
        )
    except Exception:  # noqa: BLE001 -- a broker in any trouble must not fail the request
        _broker_rests_until = time.monotonic() + _BROKER_RESTS
        logger.warning("broker unreachable, the sweep will deliver", exc_info=False)


def is_appointment(message: OutboxMessage, now: datetime) -> bool:
    """Whether it waits for its time, and for nothing that could come sooner."""
    return message.attempts == 0 and message.due_at > now + APPOINTMENT


def make_due(dedupe_key: str) -> None:
    """Wake a message that waits, because what it waited for is there."""
    waiting = OutboxMessage.objects.filter(dedupe_key=dedupe_key, state=OutboxState.PENDING)
    message_id = waiting.values_list("id", flat=True).first()
    if message_id is not None and waiting.update(due_at=timezone.now()):
        transaction.on_commit(lambda: kick(message_id), robust=True)


def make_queue_due(ordering_key: str) -> None:
    """Wake every message of one order that waits, because what they waited for is there.

    Appointments keep their time.
    """
    now = timezone.now()
    near = Q(due_at__lte=now + APPOINTMENT) | Q(attempts__gt=0)
    waiting = OutboxMessage.objects.filter(
        near, ordering_key=ordering_key, state=OutboxState.PENDING
    )
    first = waiting.order_by("created_at", "pk").values_list("id", flat=True).first()
    if first is not None and waiting.update(due_at=now):
        transaction.on_commit(lambda: kick(first), robust=True)


def withdraw(dedupe_key: str) -> None:
    """Forget a message that waits: what it was to do is done, or no longer wanted."""
    OutboxMessage.objects.filter(dedupe_key=dedupe_key, state=OutboxState.PENDING).delete()


def send_again(*messages: OutboxMessage) -> int:
    """Give failed messages a new start; how many of them had failed."""
    with transaction.atomic():
        again = _move(messages, OutboxState.FAILED, OutboxState.PENDING)
        # Of very many the sweep takes some at a time.
        if again:
            transaction.on_commit(lambda: kick(*again[:_MOST_KICKED]), robust=True)
    return len(again)


def dismiss(*messages: OutboxMessage) -> list[uuid.UUID]:
    """Put failed messages aside, but for duties: nobody needs them sent. Those that were."""
    mine = set(duties())
    return _move(
        [one for one in messages if one.kind not in mine], OutboxState.FAILED, OutboxState.CANCELLED
    )


def put_back(*messages: OutboxMessage) -> list[uuid.UUID]:
    """Undo `dismiss`. Those that were put aside."""
    return _move(messages, OutboxState.CANCELLED, OutboxState.FAILED)


@transaction.atomic
def _move(
    messages: Iterable[OutboxMessage], was: OutboxState, becomes: OutboxState
) -> list[uuid.UUID]:
    """Those of the messages that were in that state and are in the other one now, oldest first."""
    now = timezone.now()
    changes: dict[str, object] = {"state": becomes, "due_at": now, "updated_at": now}
    if becomes == OutboxState.PENDING:
        changes |= {"attempts": 0, "last_error": "", "failing_since_at": None, "lost": 0}
    rows = OutboxMessage.objects.filter(pk__in=[one.pk for one in messages], state=was)
    # In the order of their ids, so that two who do the same do not wait for each other in a ring.
    held = rows.order_by("pk").select_for_update().values_list("created_at", "pk")
    moved = [message_id for _, message_id in sorted(held)]
    OutboxMessage.objects.filter(pk__in=moved).update(**changes)
    return moved
