"""What a member has promised to others, which is answered before they leave.

An app in which members make promises registers in `AppConfig.ready()` how it finds them and how it
closes the doors through which new ones come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from workspaces.models import Membership


@dataclass(frozen=True, slots=True)
class Promised:
    """Some promises of one kind: how many, in words, and the page where they are answered."""

    words: str
    url: str


@dataclass(frozen=True, slots=True)
class Leaving:
    """How one app sees a member off.

    `promised` tells what is still open. `close` lets nothing new in; it runs in the transaction
    that ends the membership, before that asks once more what is promised.
    """

    promised: Callable[[Membership, datetime], list[Promised]]
    close: Callable[[Membership], None]


_apps: dict[str, Leaving] = {}


def register(name: str, leaving: Leaving) -> None:
    """Name what has to be asked when a member leaves; called in `AppConfig.ready`."""
    _apps[name] = leaving


def promised_by(membership: Membership, now: datetime) -> list[Promised]:
    """Everything that is still promised, in the order of the apps."""
    return [one for app in _apps.values() for one in app.promised(membership, now)]


def close_doors(membership: Membership) -> None:
    """Let no new promise be made in the member's name."""
    for app in _apps.values():
        app.close(membership)
