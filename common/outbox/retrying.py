"""When a message that failed is tried again, and when it is given up."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from common.errors import (
    BadReply,
    DomainError,
    RateLimited,
    ReconnectNeeded,
    UpstreamError,
)

if TYPE_CHECKING:
    from common.models import OutboxMessage

LONGEST_WAIT: Final = timedelta(minutes=15)
_LONGEST_ASKED: Final = timedelta(days=1)
_MOST_DOUBLINGS: Final = 20
# So often a receiver's own word for how long to wait is all that counts.
_BELIEVED: Final = 3
# Whatever waits were asked for meanwhile, it is not given up before.
_LEAST_TRIES: Final = 5
# So often a worker may die while it handles a message before that is the message's fault.
MOST_LOST: Final = 5
LOST_WORDS: Final = "Whoever was sending it was stopped in the middle, again and again."


class UnknownKind(Exception):
    """No handler is registered here: a process of a newer version may have one."""


def may_pass(error: Exception) -> bool:
    """Whether trying again can help: not for refusals that are decided."""
    if isinstance(error, ReconnectNeeded):
        return False
    if isinstance(error, UpstreamError):
        # An answer that cannot be read is often a proxy's; what is sent again bears the same key.
        return error.retryable or isinstance(error, BadReply)
    return not isinstance(error, DomainError | LookupError)


def is_given_up(
    message: OutboxMessage, error: Exception, *, since: datetime, patience: timedelta, now: datetime
) -> bool:
    """Whether a message that has been failing `since` then is not to be tried again."""
    is_over = now - since >= patience and message.attempts >= _LEAST_TRIES
    return is_over or not may_pass(error)


def is_silence(error: Exception) -> bool:
    """Whether the receiver did not answer, rather than answering with a refusal."""
    if isinstance(error, RateLimited):
        return False
    return isinstance(error, OSError) or (isinstance(error, UpstreamError) and error.retryable)


def next_try(message: OutboxMessage, error: Exception, now: datetime) -> datetime:
    """Exponential with jitter; or what the receiver asked for, which is longer or said to do.

    One that asks for a moment again and again means longer: of thousands that come back each
    second it would take none.
    """
    asked = error.retry_after if isinstance(error, RateLimited) else None
    if asked is None:
        return now + _backed_off(message.attempts)
    wait = max(min(asked, _LONGEST_ASKED), timedelta(seconds=1))
    wait += timedelta(seconds=random.random())  # noqa: S311 -- jitter
    return now + max(wait, _backed_off(message.attempts - _BELIEVED))


def _backed_off(tries: int) -> timedelta:
    seconds = min(2.0 ** min(tries, _MOST_DOUBLINGS), LONGEST_WAIT.total_seconds())
    return timedelta(seconds=seconds * (0.75 + random.random() / 2))  # noqa: S311 -- jitter


def words_of(error: Exception) -> str:
    """Why it failed, for people; never more of an error that is not ours than its name."""
    if isinstance(error, DomainError):
        return error.message
    name = type(error).__name__
    if isinstance(error, UnknownKind):
        return "Nobody here knows this kind of message yet."
    if isinstance(error, OSError):
        return f"The receiver could not be reached, or broke off ({name})."
    return f"Something broke on our side ({name})."
