"""The outbox: write a row in the transaction, act after it, exactly as often as needed.

`enqueue` belongs into the transaction that makes the thing true. Celery is only the kick; the
sweep by beat finds whatever a lost broker, a dead worker or a passing failure left behind. A
message is claimed by a committed lease, handled with no transaction open, and closed in a second
transaction; when its lease runs out it is handled again with the same dedupe key.
"""

from __future__ import annotations

import logging
import random
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from common import tasks
from common.enums import OutboxState
from common.errors import BadReply, DomainError, RateLimited, ReconnectNeeded, UpstreamError
from common.models import OutboxMessage
from common.statements import Insert

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.db.models import QuerySet

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
MAX_ATTEMPTS = 12
LONGEST_WAIT = timedelta(minutes=30)
# A sweep begins nothing new after this: Celery ends a task that runs for too long wherever it is,
# and between sending a mail and marking it that would send it twice.
SWEEP_FOR = timedelta(seconds=60)
# Brokers repeat what they hold for long; whatever is due later is left to the sweep.
LONGEST_COUNTDOWN = timedelta(seconds=30)


class NotYet(Exception):
    """Raised by a handler that has to wait: tried again at `due_at`, not counted as an attempt."""

    def __init__(self, due_at: datetime) -> None:
        self.due_at = due_at
        super().__init__()


@dataclass(frozen=True, slots=True)
class Handler:
    """What to do with one kind of message.

    `on_failure` hears of the final failure within the transaction that closes the message, so it
    writes rows and calls nobody.
    """

    handle: Callable[[OutboxMessage], None]
    on_failure: Callable[[OutboxMessage, str], None] | None = None


_handlers: dict[str, Handler] = {}
_NEW = Insert(OutboxMessage)


def register(
    kind: str,
    handle: Callable[[OutboxMessage], None],
    on_failure: Callable[[OutboxMessage, str], None] | None = None,
) -> None:
    """Name the one handler of a kind; called in `AppConfig.ready`."""
    _handlers[kind] = Handler(handle, on_failure)


def enqueue(
    *,
    kind: str,
    payload: dict[str, str],
    dedupe_key: str,
    workspace_id: uuid.UUID | None = None,
    ordering_key: str = "",
    due_at: datetime | None = None,
) -> OutboxMessage:
    """Write a message and kick its delivery after the commit. The same key twice is one message.

    The payload holds ids only, never content or a secret.
    """
    message = OutboxMessage(
        kind=kind,
        payload=payload,
        dedupe_key=dedupe_key,
        workspace_id=workspace_id,
        ordering_key=ordering_key,
        due_at=due_at or timezone.now(),
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
    try:
        tasks.deliver_outbox_message.apply_async(
            tuple(map(str, message_ids)), countdown=after.total_seconds()
        )
    except Exception:  # noqa: BLE001 -- a broker in any trouble must not fail the request
        logger.warning("broker unreachable, the sweep will deliver", exc_info=False)


def due_messages(now: datetime) -> QuerySet[OutboxMessage]:
    """Pending, due, unleased messages that no older one of the same order waits before."""
    earlier = OutboxMessage.objects.filter(
        ordering_key=OuterRef("ordering_key"),
        state=OutboxState.PENDING,
        created_at__lt=OuterRef("created_at"),
    )
    return (
        OutboxMessage.objects.filter(state=OutboxState.PENDING, due_at__lte=now)
        .filter(Q(lease_until__isnull=True) | Q(lease_until__lte=now))
        .exclude(~Q(ordering_key="") & Exists(earlier))
    )


def claim(message_id: uuid.UUID, now: datetime) -> OutboxMessage | None:
    """Take the message's lease and count the attempt; None when it is not to be had now."""
    holder = uuid.uuid4().hex
    with transaction.atomic():
        row = (
            due_messages(now)
            .filter(pk=message_id)
            .select_for_update(skip_locked=True, of=("self",))
            .first()
        )
        if row is None:
            return None
        row.lease_holder, row.lease_until = holder, now + LEASE
        row.attempts += 1
        row.save(update_fields=["lease_holder", "lease_until", "attempts", "updated_at"])
    return row


def deliver(message_id: uuid.UUID) -> OutboxState | None:
    """Handle one message if it is due; its state afterwards, or None when another has it."""
    message = claim(message_id, timezone.now())
    if message is None:
        return None
    handler = _handlers.get(message.kind)
    if handler is None:
        return _failed(message, None, LookupError(f"no handler for {message.kind}"))
    try:
        handler.handle(message)
    except NotYet as wait:
        _close(message, OutboxState.PENDING, due_at=wait.due_at, uncount=True)
        soon = wait.due_at - timezone.now()
        if soon <= LONGEST_COUNTDOWN:
            kick(message_id, after=max(soon, timedelta(0)))
        return OutboxState.PENDING
    except Exception as error:  # noqa: BLE001 -- whatever it was, the message must not be lost
        return _failed(message, handler, error)
    _close(message, OutboxState.SENT)
    _kick_next(message)
    return OutboxState.SENT


def sweep(limit: int = 200) -> int:
    """Deliver what is due, as much as `SWEEP_FOR` allows; how many were handled."""
    handled = 0
    ends = time.monotonic() + SWEEP_FOR.total_seconds()
    for message_id in list(
        due_messages(timezone.now()).order_by("due_at").values_list("id", flat=True)[:limit]
    ):
        if time.monotonic() >= ends:
            break
        handled += deliver(message_id) is not None
    return handled


def send_again(message: OutboxMessage) -> None:
    """Give a failed message a new start."""
    OutboxMessage.objects.filter(pk=message.pk, state=OutboxState.FAILED).update(
        state=OutboxState.PENDING, attempts=0, due_at=timezone.now(), last_error=""
    )
    transaction.on_commit(lambda: kick(message.id), robust=True)


def make_due(dedupe_key: str) -> None:
    """Wake a message that waits, because what it waited for is there."""
    waiting = OutboxMessage.objects.filter(dedupe_key=dedupe_key, state=OutboxState.PENDING)
    message_id = waiting.values_list("id", flat=True).first()
    if message_id is not None and waiting.update(due_at=timezone.now()):
        transaction.on_commit(lambda: kick(message_id), robust=True)


def make_queue_due(ordering_key: str) -> None:
    """Wake every message of one order that waits, because what they waited for is there."""
    waiting = OutboxMessage.objects.filter(ordering_key=ordering_key, state=OutboxState.PENDING)
    first = waiting.order_by("created_at").values_list("id", flat=True).first()
    if first is not None and waiting.update(due_at=timezone.now()):
        transaction.on_commit(lambda: kick(first), robust=True)


def withdraw(dedupe_key: str) -> None:
    """Forget a message that waits: what it was to do is done, or no longer wanted."""
    OutboxMessage.objects.filter(dedupe_key=dedupe_key, state=OutboxState.PENDING).delete()


def deliver_now(message: OutboxMessage) -> OutboxState | None:
    """Deliver whatever its due time is; a failed one gets a new start. None: another has it."""
    open_states = (OutboxState.PENDING, OutboxState.FAILED)
    OutboxMessage.objects.filter(pk=message.pk, state=OutboxState.FAILED).update(attempts=0)
    OutboxMessage.objects.filter(pk=message.pk, state__in=open_states).update(
        state=OutboxState.PENDING, due_at=timezone.now(), last_error=""
    )
    return deliver(message.pk)


def _failed(message: OutboxMessage, handler: Handler | None, error: Exception) -> OutboxState:
    words = error.message if isinstance(error, DomainError) else type(error).__name__
    logger.warning(
        "outbox message failed",
        extra={"kind": message.kind, "attempt": message.attempts, "error": type(error).__name__},
        exc_info=not isinstance(error, DomainError),
    )
    if _may_pass(error) and message.attempts < MAX_ATTEMPTS:
        due_at = timezone.now() + _wait(message.attempts, error)
        _close(message, OutboxState.PENDING, due_at=due_at, error=words)
        return OutboxState.PENDING
    _give_up(message, handler, words)
    _kick_next(message)
    return OutboxState.FAILED


def _give_up(message: OutboxMessage, handler: Handler | None, words: str) -> None:
    """Close the message as failed and tell its handler, both or neither."""
    on_failure = None if handler is None else handler.on_failure
    try:
        with transaction.atomic():
            is_ours = _close(message, OutboxState.FAILED, error=words)
            if is_ours and on_failure is not None:
                on_failure(message, words)
    except Exception:
        # It has to end as failed all the same, where people see it.
        logger.exception("failure could not be told", extra={"kind": message.kind})
        _close(message, OutboxState.FAILED, error=words)


def _may_pass(error: Exception) -> bool:
    """Whether trying again can help: not for refusals that are decided."""
    if isinstance(error, ReconnectNeeded):
        return False
    if isinstance(error, UpstreamError):
        # An answer that cannot be read is often a proxy's; what is sent again bears the same key.
        return error.retryable or isinstance(error, BadReply)
    return not isinstance(error, DomainError | LookupError)


def _wait(attempts: int, error: Exception) -> timedelta:
    """Exponential with jitter, or what the receiver asked for."""
    if isinstance(error, RateLimited) and error.retry_after is not None:
        return min(error.retry_after, timedelta(days=1)) + timedelta(seconds=random.random())  # noqa: S311 -- jitter
    seconds = min(2.0**attempts, LONGEST_WAIT.total_seconds())
    return timedelta(seconds=seconds * (0.75 + random.random() / 2))  # noqa: S311 -- jitter


def _close(
    message: OutboxMessage,
    state: OutboxState,
    *,
    due_at: datetime | None = None,
    error: str = "",
    uncount: bool = False,
) -> bool:
    """Write the outcome; False when the lease ran out and somebody else took over."""
    changes: dict[str, Any] = {
        "state": state,
        "lease_holder": "",
        "lease_until": None,
        "last_error": error[:300],
    }
    if due_at is not None:
        changes["due_at"] = due_at
    if uncount:
        changes["attempts"] = message.attempts - 1
    if state == OutboxState.SENT:
        changes["sent_at"] = timezone.now()
    ours = OutboxMessage.objects.filter(pk=message.pk, lease_holder=message.lease_holder)
    return bool(ours.update(**changes))


def _kick_next(message: OutboxMessage) -> None:
    """Start the message that waited for this one."""
    if not message.ordering_key:
        return
    following = (
        due_messages(timezone.now())
        .filter(ordering_key=message.ordering_key)
        .order_by("created_at")
        .values_list("id", flat=True)
        .first()
    )
    if following is not None:
        kick(following)
