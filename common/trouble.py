"""A provider's refusal in words: what happened, what is safe, and what to do."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from typing import Final

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


class Doing(Enum):
    """What was being done: safe when refused, maybe done when unanswered, done again how."""

    READ = ("What was read before stays.",) * 2 + ("It is tried again by itself.",)
    CONNECT = ("Nothing was connected.",) * 2 + ("Try again.",)
    CREATE = (
        "Nothing was created.",
        "It may be there all the same.",
        "Try again: it is not made twice.",
    )
    CHANGE = (
        "Nothing was changed.",
        "It may have been changed all the same.",
        "Look at it, or try again.",
    )
    DELETE = (
        "Nothing was deleted.",
        "It may be gone all the same.",
        "Try again: what is gone counts as deleted.",
    )
    ANSWER = (
        "Your answer is as it was.",
        "Your answer may have arrived all the same.",
        "Try again: it is one answer.",
    )


_HAPPENED: Final[dict[type[UpstreamError], str]] = {
    RateLimited: "{label} takes no more requests right now.",
    UpstreamUnavailable: "{label} did not answer.",
    BadReply: "{label} gave an answer that could not be read.",
    UpstreamForbidden: "{label} does not let {account} do this.",
}
# Codes whose classes belong to apps above.
_HAPPENED_BY_CODE: Final = {
    "cursor_lost": "{label} has lost its place in this calendar.",
    "conference_gone": "This meeting no longer exists at {label}.",
}
_WAYS: Final[dict[type[UpstreamError], str]] = {
    UpstreamForbidden: "Ask whoever it belongs to, or choose another calendar.",
    UpstreamConflict: "Look at it again, then do it once more.",
    Unsupported: "Change something, then try again.",
}
_WAYS_BY_CODE: Final = {
    "event_gone": "Look at the calendar again: it is up to date now.",
    "calendar_gone": "Ask for it to be shared again, or choose another calendar.",
    "cursor_lost": "Try again.",
    "conference_gone": "Choose another kind of meeting, or try again.",
}
_AGAIN: Final = " Try again."


def tell(error: UpstreamError, *, label: str, account: str, doing: Doing) -> None:
    """Give the error its whole sentence, once: the first to tell it knows most about it.

    `label` is the provider's name, `account` the account's, as people know them.
    """
    if not error.is_told:
        error.message = in_words(error, label=label, account=account, doing=doing)
        error.is_told = True


def in_words(error: UpstreamError, *, label: str, account: str, doing: Doing) -> str:
    """The whole sentence, and the error left as it is."""
    if error.is_told:
        return error.message
    message = error.message.removesuffix(_AGAIN)
    if message == error.default_message.removesuffix(_AGAIN):
        words = _HAPPENED_BY_CODE.get(error.code) or _HAPPENED.get(type(error)) or message
        message = words.format(label=label, account=account)
    if isinstance(error, ReconnectNeeded):
        message = f"{label} has stopped accepting {account}."
    # Some refusals know their own way on: it stands last.
    message, _, own_way = message.partition(". ")
    way = own_way or _way_on(error, label, doing)
    return " ".join([message.removesuffix(".") + ".", _what_is_safe(error, doing), way])


def _what_is_safe(error: UpstreamError, doing: Doing) -> str:
    refused, undecided, _ = doing.value
    is_open = isinstance(error, UpstreamUnavailable) and not isinstance(error, RateLimited)
    return undecided if is_open else refused


def _way_on(error: UpstreamError, label: str, doing: Doing) -> str:
    again = doing.value[2]
    if isinstance(error, ReconnectNeeded):
        return f"Connect {label} again."
    if isinstance(error, RateLimited) and doing is not Doing.READ:
        return f"Try again in {_length(error.retry_after)}."
    if isinstance(error, UpstreamUnavailable | RateLimited):
        return again
    if doing is Doing.CONNECT:
        return again
    found = _WAYS_BY_CODE.get(error.code)
    return found or next((w for kind, w in _WAYS.items() if isinstance(error, kind)), again)


def _length(wait: timedelta | None) -> str:
    if wait is None:
        return "a minute"
    seconds = max(1, round(wait.total_seconds()))
    if seconds < 60:
        return "a second" if seconds == 1 else f"{seconds} seconds"
    minutes = -(-seconds // 60)
    if minutes < 60:
        return "a minute" if minutes == 1 else f"{minutes} minutes"
    hours = -(-minutes // 60)
    return "an hour" if hours == 1 else f"{hours} hours"
