"""Redis as the broker: a worker outlives it.

kombu puts what a worker has not finished back into the queue while it closes a lost connection. It
has forgotten the broker's address by then, so that a worker with work in hand ended with an
AttributeError whenever the broker went away, where one without looked for it again.
"""

from __future__ import annotations

from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis
from redis.exceptions import ConnectionError as BrokerLost


class Channel(redis.Channel):
    """kombu's, but for what it says once its connection was given up."""

    def _connparams(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        # Whoever closes a connection expects this error and goes on. Nothing is lost by it: the
        # broker offers the unfinished again, and the outbox is swept.
        if self.connection.client is None:
            raise BrokerLost("The connection to the broker was given up.")
        parameters: dict[str, Any] = super()._connparams(  # type: ignore[misc]  # not in its stubs
            *args, **kwargs
        )
        return parameters


class Transport(redis.Transport):
    """`redis://` and `rediss://`."""

    Channel = Channel


def use() -> None:
    """Let `redis://` and `rediss://` mean this transport."""
    TRANSPORT_ALIASES["redis"] = TRANSPORT_ALIASES["rediss"] = f"{__name__}:Transport"
