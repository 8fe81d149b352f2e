"""Who handles which kind of message, and with how much patience."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from common.models import OutboxMessage

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
# A mail server may be down over a weekend; what is told is what is true by then.
OF_MAIL: Final = timedelta(days=3)
MAIL: Final = "mail"


class NotYet(Exception):
    """Raised by a handler that has to wait: tried again at `due_at`, not counted as an attempt."""

    def __init__(self, due_at: datetime) -> None:
        self.due_at = due_at
        super().__init__()


@dataclass(frozen=True, slots=True)
class Handler:
    """What to do with one kind of message.

    `patience` is how long it is tried again from its first failure on. `on_failure` hears of the
    final failure, and `on_delay` of each failure that comes more than `tells_after` after the
    first; both within the transaction that closes the message, so they write rows and call
    nobody. Kinds of one `lane` need the same receiver: while it hangs, all of them wait.
    `words` say to people what it is that could not be sent. A `duty` cannot be put aside.
    """

    handle: Callable[[OutboxMessage], None]
    on_failure: Callable[[OutboxMessage, str], None] | None = None
    patience: timedelta = DAY
    on_delay: Callable[[OutboxMessage, str], None] | None = None
    tells_after: timedelta = HOUR
    lane: str = ""
    words: str = ""
    duty: bool = False


_handlers: dict[str, Handler] = {}
_UNKNOWN = Handler(lambda message: None)


def register(
    kind: str,
    handle: Callable[[OutboxMessage], None],
    on_failure: Callable[[OutboxMessage, str], None] | None = None,
    *,
    patience: timedelta = DAY,
    on_delay: Callable[[OutboxMessage, str], None] | None = None,
    tells_after: timedelta = HOUR,
    lane: str = "",
    words: str = "",
    duty: bool = False,
) -> None:
    """Name the one handler of a kind (see `Handler`); called in `AppConfig.ready`."""
    _handlers[kind] = Handler(
        handle, on_failure, patience, on_delay, tells_after, lane or kind, words, duty
    )


def register_mail(
    kind: str,
    handle: Callable[[OutboxMessage], None],
    *,
    words: str,
    patience: timedelta = OF_MAIL,
) -> None:
    """The same for a kind that sends a mail, and waits with all the others for the mail server."""
    register(kind, handle, patience=patience, lane=MAIL, words=words)


def handler_of(kind: str) -> Handler | None:
    """None for a kind that this process does not know; a newer one may."""
    return _handlers.get(kind)


def patience_for(kind: str) -> Handler:
    """The kind's handler for what its failures come to; of an unknown kind the defaults."""
    return _handlers.get(kind, _UNKNOWN)


def lane_of(kind: str) -> str:
    handler = _handlers.get(kind)
    return handler.lane if handler else kind


def kinds_in(lanes: Collection[str]) -> list[str]:
    """The kinds that need one of these receivers."""
    return [kind for kind, handler in _handlers.items() if handler.lane in lanes]


def duties() -> list[str]:
    """The kinds that nobody may put aside."""
    return [kind for kind, handler in _handlers.items() if handler.duty]


def words_for(kind: str) -> str:
    """What a message of that kind is, for people."""
    handler = _handlers.get(kind)
    return (handler.words if handler else "") or kind.rpartition(".")[2].replace("_", " ")
