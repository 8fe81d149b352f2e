"""What Graph's refusals mean to us, by their code and not by their status alone.

https://learn.microsoft.com/en-us/graph/errors
"""

from __future__ import annotations

import logging
import re
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

logger = logging.getLogger(__name__)

DUPLICATE = "errorduplicatetransactionid"
_WORD = re.compile(r"[\w.-]{1,80}\Z")
_NO_MAILBOX = "This Microsoft account has no mailbox with a calendar. Connect another account."
_NEIGHBOUR = (
    "An occurrence cannot be moved past the one before or after it. Choose a time between them."
)


def _limited(answer: Answer) -> UpstreamError:
    return RateLimited(retry_after=answer.retry_after)


# Codes are compared without case: Graph's own pages do not agree on theirs.
_BY_CODE: dict[str, Callable[[Answer], UpstreamError]] = {
    "invalidauthenticationtoken": lambda _: ReconnectNeeded(),
    "compacttokenparsingfailed": lambda _: ReconnectNeeded(),
    "tokenexpired": lambda _: ReconnectNeeded(),
    "erroraccessdenied": lambda _: UpstreamForbidden(),
    "authorization_requestdenied": lambda _: UpstreamForbidden(),
    "mailboxnotenabledforrestapi": lambda _: UpstreamForbidden(_NO_MAILBOX),
    "mailboxnotsupportedforrestapi": lambda _: UpstreamForbidden(_NO_MAILBOX),
    "mailboxnothostedinexchangeonline": lambda _: UpstreamForbidden(_NO_MAILBOX),
    "erroroccurrencecrossingboundary": lambda _: Unsupported("this move", _NEIGHBOUR),
    "errorirresolvableconflict": lambda _: UpstreamConflict(),
    DUPLICATE: lambda _: UpstreamConflict(),
    "syncstatenotfound": lambda _: CursorLost(),
    "syncstateinvalid": lambda _: CursorLost(),
    "resyncrequired": lambda _: CursorLost(),
    "toomanyrequests": _limited,
    "applicationthrottled": _limited,
    "errorserverbusy": lambda _: UpstreamUnavailable(),
}
_BY_STATUS: dict[int, Callable[[Answer], UpstreamError]] = {
    401: lambda _: ReconnectNeeded(),
    403: lambda _: UpstreamForbidden(),
    408: lambda _: UpstreamUnavailable(),
    409: lambda _: UpstreamConflict(),
    412: lambda _: UpstreamConflict(),
    423: lambda _: UpstreamUnavailable(),
    429: _limited,
}


def code_of(answer: Answer) -> str:
    """The error's code in lower case, blank when there is none."""
    error = answer.data.get("error") if isinstance(answer.data, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return code.lower() if isinstance(code, str) else ""


def error_for(answer: Answer, *, on_event: bool, is_read: bool = False) -> UpstreamError:
    """The error for an answer that is no success; `on_event` says whose path a 404 is about."""
    _note(answer)
    # Seen in the wild: a read answered 412, and well a moment later.
    if is_read and answer.status == 412:
        return UpstreamUnavailable()
    if answer.status == 503 and answer.retry_after is not None:
        return _limited(answer)
    meaning = _BY_CODE.get(code_of(answer)) or _BY_STATUS.get(answer.status)
    if meaning is not None:
        return meaning(answer)
    if answer.status in {404, 410} and on_event:
        return EventGone()
    if answer.status in {404, 410}:
        return CalendarGone() if answer.status == 404 else CursorLost()
    return _unnamed(answer.status)


def _unnamed(status: int) -> UpstreamError:
    if status >= 500:
        return UpstreamUnavailable()
    if status >= 400:
        return Unsupported("this request", "Outlook refused this as it stands.")
    return BadReply()


def _note(answer: Answer) -> None:
    """Microsoft's support asks for the request id; neither it nor the code is a secret."""
    code, request_id = code_of(answer), answer.headers.get("request-id", "")
    logger.info(
        "Graph refused a request: status %s, code %s, request id %s",
        answer.status,
        code if _WORD.match(code) else "unknown",
        request_id if _WORD.match(request_id) else "unknown",
    )
