"""Who above this app wants to hear that events changed in their calendars, whoever changed them.

A follower is called in the transaction that writes our copy. It reads and writes rows (an outbox
message, mostly) and calls nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from uuid import UUID

    Follower = Callable[[UUID, Collection[UUID]], None]

_followers: Final[dict[str, Follower]] = {}


def register(name: str, follower: Follower) -> None:
    """Name who hears of changed events; called in `AppConfig.ready`."""
    _followers[name] = follower


def tell(workspace_id: UUID, event_ids: Collection[UUID]) -> None:
    """These events of the workspace are new, at another time, gone, back, or begin or cease to
    take time.
    """
    if not event_ids:
        return
    for follower in _followers.values():
        follower(workspace_id, event_ids)
