"""What a provider sends to our address when something changed: one shape for all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class NoticeKind(Enum):
    """What a notice asks us to do."""

    OPENED = "the channel is open"
    CHANGED = "something changed: read the changes"
    MISSED = "some notices were lost: read the changes"
    RENEW = "the channel ends soon unless it is renewed"
    ENDED = "the channel is closed"


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice, not yet believed. `resource_remote_id` is blank where a provider sends none."""

    kind: NoticeKind
    channel_remote_id: str
    secret: str = field(repr=False)
    resource_remote_id: str = ""
