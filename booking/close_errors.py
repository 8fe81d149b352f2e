"""What Close's refusals mean, and what each of them says for sure."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from common.errors import (
    BadReply,
    RateLimited,
    ReconnectNeeded,
    Unsupported,
    UpstreamError,
    UpstreamForbidden,
    UpstreamUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from common.http import Answer

UNREADABLE: Final = "Close gave an answer that could not be read."
_RESET: Final = re.compile(r"\breset\s*=\s*(\d{1,6}(?:\.\d+)?)")
_OF_LEAD: Final = re.compile(r"/lead/[A-Za-z0-9_]+/?\Z")
_NUMBER: Final = re.compile(r"\d{1,6}(?:\.\d+)?\Z")


class CloseGone(UpstreamError):
    """The lead, contact or note was deleted or merged away in Close."""

    code = "crm_gone"
    status = 410
    default_message = "This is no longer in Close."


class LeadStatusGone(UpstreamError):
    """Close knows the lead status no more that new leads are to have."""

    code = "crm_status_gone"
    status = 409
    default_message = (
        "Close no longer has the lead status that was chosen for new leads. Choose another one, "
        "then send it again."
    )


class NotTaken(UpstreamUnavailable):
    """Close says that it has not even begun: the same request may be sent again."""


# What an error says for sure about a create: that nothing was made.
NOT_MADE: Final = (
    CloseGone,
    LeadStatusGone,
    NotTaken,
    RateLimited,
    ReconnectNeeded,
    Unsupported,
    UpstreamForbidden,
)


def wait_of(answer: Answer) -> timedelta | None:
    """How long Close asks us to wait: RateLimit, else Retry-After, else what came before both.

    https://developer.close.com/api/overview/rate-limits
    """
    named = _RESET.search(answer.headers.get("ratelimit", ""))
    if named:
        return timedelta(seconds=float(named[1]))
    if answer.retry_after is not None:
        return answer.retry_after
    error = answer.data.get("error") if isinstance(answer.data, dict) else None
    older = error.get("rate_reset") if isinstance(error, dict) else None
    for value in (answer.headers.get("ratelimit-reset", ""), str(older)):
        if _NUMBER.match(value.strip()):
            return timedelta(seconds=float(value))
    return None


def names_another_lead(answer: Answer) -> bool:
    """Whether what was asked for has gone into a lead that is there in its place."""
    if not 300 <= answer.status < 400:
        return False
    try:
        path = urlsplit(answer.headers.get("location", "")).path
    except ValueError:
        return False
    return bool(_OF_LEAD.search(path))


def _refused(answer: Answer) -> UpstreamError:
    """What Close names is looked at, and never shown: it repeats what was sent."""
    fields = answer.data.get("field-errors") if isinstance(answer.data, dict) else None
    named = set(fields) if isinstance(fields, dict) else set()
    if "status_id" in named:
        return LeadStatusGone()
    if named & {"lead_id", "contact_id"}:
        return CloseGone()
    what = "the address" if named & {"emails", "contacts"} else "this"
    words = f"Close refused {what} as it stands. Enter it in Close by hand."
    return Unsupported("this lead", words)


_BY_STATUS: dict[int, Callable[[Answer], UpstreamError]] = {
    400: _refused,
    401: lambda _: ReconnectNeeded("Close does not accept the workspace's key any more."),
    402: lambda _: UpstreamForbidden("Close refuses this: look at the subscription there."),
    403: lambda _: UpstreamForbidden("The Close key may not do this. Ask who runs Close for you."),
    404: lambda _: CloseGone(),
    408: lambda _: UpstreamUnavailable("Close did not answer. Try again."),
    429: lambda answer: RateLimited("Close takes no more requests right now.", wait_of(answer)),
    # Close's own client sends anything again after this one, and creates after no other.
    503: lambda _: NotTaken("Close did not answer. Try again."),
}


def error_for(answer: Answer) -> UpstreamError:
    """The error for an answer that is no success."""
    meaning = _BY_STATUS.get(answer.status)
    if meaning is not None:
        return meaning(answer)
    if answer.status >= 500:
        return UpstreamUnavailable("Close did not answer. Try again.")
    if answer.status >= 400:
        return Unsupported("this lead", "Close refused this as it stands.")
    return BadReply(UNREADABLE)
