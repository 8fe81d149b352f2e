"""Why a meeting link is missing: what an error means, and what would change it, in words."""

from __future__ import annotations

from typing import Final

from common.errors import (
    DomainError,
    Forbidden,
    InvalidInput,
    RateLimited,
    ReconnectNeeded,
    Unsupported,
    UpstreamForbidden,
)
from conferencing.enums import Conference, LinkFailure
from conferencing.routing import PlanRefusal, RouteRefusal

# Google alone tells of a link that it could not make, and then each time the event is read.
_TOLD: Final = frozenset({LinkFailure.NOT_MADE, LinkFailure.LATE})
# Asking once more for the same link changes nothing for these.
_DECIDED: Final = frozenset({LinkFailure.REFUSED, LinkFailure.PLAN})
_MAKERS: Final = {
    Conference.MEET.value: "Google",
    Conference.TEAMS.value: "Outlook",
    Conference.ZOOM.value: "Zoom",
}
_REMEDIES: Final = {
    LinkFailure.REFUSED: "Choose another meeting link.",
    LinkFailure.PLAN: "Choose another meeting link, or another plan.",
    LinkFailure.RECONNECT: "Connect the account again, then retry.",
    LinkFailure.LIMITED: "Retry later, or choose another meeting link.",
}
_REMEDY: Final = "Retry, or choose another meeting link."


def maker_of(conference: str) -> str:
    """Who makes links of this kind: `Google`, `Outlook`, `Zoom`."""
    return _MAKERS.get(conference, "The provider")


def is_ours_alone(conference: str, failure: str) -> bool:
    """Whether the provider of the event tells nothing of this: then it stands until the link is
    chosen or asked for again.
    """
    return bool(failure) and not (conference == Conference.MEET and failure in _TOLD)


def can_retry(failure: str) -> bool:
    """Whether asking for the same link again may bring it."""
    return failure not in _DECIDED


def remedy(failure: str) -> str:
    """What would change it, as a sentence."""
    return _REMEDIES.get(LinkFailure(failure), _REMEDY)


def reason_of(error: DomainError) -> str:
    """What happened, without what an error says of the event: that is saved."""
    return first_sentence(error.message)


def first_sentence(words: str) -> str:
    """`Zoom did not answer.` of all that is said of it."""
    happened, _, more = words.partition(". ")
    return f"{happened}." if more else words


def failure_of(error: DomainError) -> LinkFailure:
    """What an error in making a link means for the event that it was for."""
    if isinstance(error, PlanRefusal):
        return LinkFailure.PLAN
    if isinstance(error, ReconnectNeeded) or error.code == ReconnectNeeded.code:
        return LinkFailure.RECONNECT
    if isinstance(error, RateLimited):
        return LinkFailure.LIMITED
    if isinstance(error, RouteRefusal | Unsupported | UpstreamForbidden | Forbidden | InvalidInput):
        return LinkFailure.REFUSED
    return LinkFailure.UNREACHABLE
