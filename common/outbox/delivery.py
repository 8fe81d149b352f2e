"""Handling a message: claimed, handled, closed; and the sweep over everything that is due."""

from __future__ import annotations

import logging
import random
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from common.enums import OutboxState
from common.errors import DomainError
from common.models import OutboxMessage
from common.outbox import lanes
from common.outbox.handlers import Handler, NotYet, handler_of, patience_for
from common.outbox.queue import claim, close, due_messages, renewed
from common.outbox.retrying import (
    LOST_WORDS,
    MOST_LOST,
    UnknownKind,
    is_given_up,
    is_silence,
    next_try,
    words_of,
)
from common.outbox.writing import LONGEST_COUNTDOWN, kick

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

logger = logging.getLogger(__name__)

# Nothing new is begun after this: Celery ends a task that runs for too long wherever it is, and
# between sending a mail and marking it that would send it twice. Sweeps begin every five seconds,
# so that four of them at most are under way and leave workers to other tasks.
SWEEP_FOR: Final = timedelta(seconds=20)


def deliver(message_id: UUID, *, heeds_pauses: bool = True) -> OutboxState | None:
    """Handle one message if it is due; its state afterwards, or None when it is not to be had."""
    message = claim(message_id, timezone.now(), heeds_pauses=heeds_pauses)
    if message is None:
        return None
    if message.lost >= MOST_LOST:
        return _given_up(message, LOST_WORDS)
    began = time.monotonic()
    try:
        with renewed(message):
            _handler(message).handle(message)
    except NotYet as wait:
        return _waiting(message, wait.due_at)
    except Exception as error:  # noqa: BLE001 -- whatever it was, the message must not be lost
        took = time.monotonic() - began
        if is_silence(error) and took >= lanes.SLOW.total_seconds():
            lanes.note_slow(message, took)
        return _failed(message, error)
    close(message, OutboxState.SENT)
    _kick_next(message)
    return OutboxState.SENT


def deliver_in_turn(message_ids: Iterable[UUID]) -> None:
    """Handle these one after the other; what is not begun in time is left to the sweep."""
    ends = time.monotonic() + SWEEP_FOR.total_seconds()
    for message_id in message_ids:
        if time.monotonic() < ends:
            deliver(message_id)


def deliver_now(message: OutboxMessage) -> OutboxState | None:
    """Deliver whatever its due time is; a failed one gets a new start. None: another has it."""
    anew = {"attempts": 0, "failing_since_at": None, "lost": 0}
    open_states = (OutboxState.PENDING, OutboxState.FAILED)
    OutboxMessage.objects.filter(pk=message.pk, state=OutboxState.FAILED).update(**anew)
    OutboxMessage.objects.filter(pk=message.pk, state__in=open_states).update(
        state=OutboxState.PENDING, due_at=timezone.now(), last_error=""
    )
    return deliver(message.pk, heeds_pauses=False)


def sweep(limit: int = 200) -> int:
    """Deliver what is due, as much as `SWEEP_FOR` allows; how many were handled."""
    handled = 0
    ends = time.monotonic() + SWEEP_FOR.total_seconds()
    for message_id in _in_turn(timezone.now(), limit):
        if time.monotonic() >= ends:
            break
        handled += deliver(message_id) is not None
    return handled


def _in_turn(now: datetime, limit: int) -> list[UUID]:
    """Due messages, in turn by kind and workspace: one that has thousands keeps none from others.

    Sweeps that run at once begin with different workspaces.
    """
    due = due_messages(now)
    paused = lanes.paused()
    if paused is not None:
        due = due.exclude(paused)
    turn = Window(
        RowNumber(),
        partition_by=[F("kind"), F("workspace_id")],
        order_by=["due_at", "created_at", "pk"],
    )
    rows = list(
        due.annotate(turn=turn)
        .order_by("turn", "due_at", "created_at", "pk")
        .values_list("turn", "workspace_id", "pk")[:limit]
    )
    places = {workspace: random.random() for _, workspace, _ in rows}  # noqa: S311 -- no secret
    rows.sort(key=lambda row: (row[0], places[row[1]]))
    return [message_id for _, _, message_id in rows]


def _handler(message: OutboxMessage) -> Handler:
    handler = handler_of(message.kind)
    if handler is None:
        raise UnknownKind
    return handler


def _waiting(message: OutboxMessage, due_at: datetime) -> OutboxState:
    close(message, OutboxState.PENDING, due_at=due_at, uncount=True)
    soon = due_at - timezone.now()
    if soon <= LONGEST_COUNTDOWN:
        kick(message.pk, after=max(soon, timedelta(0)))
    return OutboxState.PENDING


def _failed(message: OutboxMessage, error: Exception) -> OutboxState:
    logger.warning(
        "outbox message failed",
        extra={"kind": message.kind, "attempt": message.attempts, "error": type(error).__name__},
        exc_info=not isinstance(error, DomainError | UnknownKind),
    )
    now, words = timezone.now(), words_of(error)
    since = message.failing_since_at or now
    patience = patience_for(message.kind).patience
    if is_given_up(message, error, since=since, patience=patience, now=now):
        return _given_up(message, words)
    _put_off(message, words, since=since, due_at=next_try(message, error, now), now=now)
    return OutboxState.PENDING


def _put_off(
    message: OutboxMessage, words: str, *, since: datetime, due_at: datetime, now: datetime
) -> None:
    handler = patience_for(message.kind)
    told: dict[str, Any] = {"due_at": due_at, "failing_since_at": since, "error": words}
    if handler.on_delay is None or now - since < handler.tells_after:
        close(message, OutboxState.PENDING, **told)
        return
    try:
        with transaction.atomic():
            if close(message, OutboxState.PENDING, **told):
                handler.on_delay(message, words)
    except Exception:
        logger.exception("delay could not be told", extra={"kind": message.kind})
        close(message, OutboxState.PENDING, **told)


def _given_up(message: OutboxMessage, words: str) -> OutboxState:
    """Close the message as failed and tell its handler, both or neither."""
    on_failure = patience_for(message.kind).on_failure
    since = message.failing_since_at or timezone.now()
    try:
        with transaction.atomic():
            is_ours = close(message, OutboxState.FAILED, failing_since_at=since, error=words)
            if is_ours and on_failure is not None:
                on_failure(message, words)
    except Exception:
        # It has to end as failed all the same, where people see it.
        logger.exception("failure could not be told", extra={"kind": message.kind})
        close(message, OutboxState.FAILED, failing_since_at=since, error=words)
    _kick_next(message)
    return OutboxState.FAILED


def _kick_next(message: OutboxMessage) -> None:
    """Start the message that waited for this one."""
    if not message.ordering_key:
        return
    following = (
        due_messages(timezone.now())
        .filter(ordering_key=message.ordering_key)
        .order_by("created_at", "pk")
        .values_list("id", flat=True)
        .first()
    )
    if following is not None:
        kick(following)
