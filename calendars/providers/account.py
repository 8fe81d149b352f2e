"""What an adapter is given: whose calendars to speak for, where, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from common.http import ProviderSession

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from common.secrets import Secret

AccountKind = Literal["work", "personal"]


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class RemoteAccount:
    """One account for the length of one operation.

    `time_limit` bounds each request, `total_time_limit` all of them together. `clock` is asked
    only where a provider wants to be told an expiry. `before_request` is called before each
    request, and what it raises stops it.
    """

    token: Secret
    api_url: str
    time_limit: timedelta
    total_time_limit: timedelta | None = None
    kind: AccountKind = "work"
    clock: Callable[[], datetime] = _utc_now
    before_request: Callable[[], None] | None = None

    def open_session(self, label: str) -> ProviderSession:
        return ProviderSession(
            label,
            time_limit=self.time_limit,
            total_time_limit=self.total_time_limit,
            before_request=self.before_request,
        )

    def address(self, path: str) -> str:
        return f"{self.api_url.rstrip('/')}/{path}"
