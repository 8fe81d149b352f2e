"""What Google's refusals mean to us, by their reason and not by their status alone.

https://developers.google.com/workspace/calendar/api/guides/errors
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from calendars.providers.errors import CalendarGone, CursorLost, EventGone
from common.errors import (
    BadReply,
    RateLimited,
    ReconnectNeeded,
    Unsupported,
    UpstreamConflict,
    UpstreamError,
    UpstreamForbidden,
    UpstreamUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from common.http import Answer

# After too many invitations Google stops an account "for hours" without saying for how many.
QUOTA_WAIT = timedelta(hours=2)

_NO_SCOPE = "The account has not allowed this. Connect it again and leave every box ticked."
_NOT_ORGANIZER = "Only the organizer of this event may change it."
_NO_ACCESS = "The account may not change this calendar."
_API_OFF = (
    "The Google Calendar API is not switched on for this installation. Tell your administrator."
)
_QUOTA = "Google has paused this account's changes for some hours."


def _sick(answer: Answer) -> UpstreamError:
    """Down; a service that says for how long wants to be left alone."""
    wait = answer.retry_after if answer.status == 503 else None
    return UpstreamUnavailable() if wait is None else RateLimited(retry_after=wait)


_BY_REASON: dict[str, Callable[[Answer], UpstreamError]] = {
    "authError": lambda _: ReconnectNeeded(),
    "userRateLimitExceeded": lambda answer: RateLimited(retry_after=answer.retry_after),
    "rateLimitExceeded": lambda answer: RateLimited(retry_after=answer.retry_after),
    "quotaExceeded": lambda answer: RateLimited(_QUOTA, answer.retry_after or QUOTA_WAIT),
    "dailyLimitExceeded": lambda answer: RateLimited(_QUOTA, answer.retry_after or QUOTA_WAIT),
    "insufficientPermissions": lambda _: UpstreamForbidden(_NO_SCOPE),
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": lambda _: UpstreamForbidden(_NO_SCOPE),
    "forbiddenForNonOrganizer": lambda _: UpstreamForbidden(_NOT_ORGANIZER),
    "requiredAccessLevel": lambda _: UpstreamForbidden(_NO_ACCESS),
    "accessNotConfigured": lambda _: UpstreamForbidden(_API_OFF),
    "duplicate": lambda _: UpstreamConflict(),
    "conflict": lambda _: UpstreamConflict(),
    "conditionNotMet": lambda _: UpstreamConflict(),
    "fullSyncRequired": lambda _: CursorLost(),
    "updatedMinTooLongAgo": lambda _: CursorLost(),
    "backendError": _sick,
    "internalError": _sick,
}
_BY_STATUS: dict[int, Callable[[Answer], UpstreamError]] = {
    401: lambda _: ReconnectNeeded(),
    403: lambda _: UpstreamForbidden(),
    408: lambda _: UpstreamUnavailable(),
    409: lambda _: UpstreamConflict(),
    412: lambda _: UpstreamConflict(),
    429: lambda answer: RateLimited(retry_after=answer.retry_after),
    503: _sick,
}


def reason_of(answer: Answer) -> str:
    """The first reason of an error body, blank when there is none.

    Newer parts of Google's services put it under `details` and not under `errors`.
    """
    error = answer.data.get("error") if isinstance(answer.data, dict) else None
    if not isinstance(error, dict):
        return ""
    for name in ("errors", "details"):
        entries = error.get(name)
        for entry in entries if isinstance(entries, list) else []:
            reason = entry.get("reason") if isinstance(entry, dict) else None
            if isinstance(reason, str):
                return reason
    return ""


def error_for(answer: Answer, *, on_event: bool) -> UpstreamError:
    """The error for an answer that is no success; `on_event` says whose path a 404 is about."""
    by_reason = _BY_REASON.get(reason_of(answer))
    if by_reason is not None:
        return by_reason(answer)
    if answer.status in {404, 410}:
        return EventGone() if on_event else CalendarGone()
    by_status = _BY_STATUS.get(answer.status)
    if by_status is not None:
        return by_status(answer)
    if answer.status >= 500:
        return UpstreamUnavailable()
    if answer.status >= 400:
        return Unsupported("this request", "Google Calendar refused this as it stands.")
    return BadReply()


def error_for_busy(reason: str, calendar_remote_id: str) -> UpstreamError:
    """The error for one calendar's `errors` in a free/busy answer: unknown is never free."""
    if reason == "notFound":
        return CalendarGone(calendar_remote_id=calendar_remote_id)
    if reason in {"forbidden", "insufficientPermissions", "requiredAccessLevel"}:
        return UpstreamForbidden("The account may not see when this calendar is busy.")
    return UpstreamUnavailable()
