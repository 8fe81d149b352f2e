"""Speaking the languages of those who read about a meeting: its booker's, and its owner's."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from common.languages import ENGLISH, LANGUAGES, known_language, language_for, speaking

if TYPE_CHECKING:
    from collections.abc import Callable

    from booking.models import MeetingBase

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "known_language",
    "language_for",
    "speaking",
    "to_booker",
    "to_owner",
]

_P = ParamSpec("_P")
_R = TypeVar("_R")


def to_booker(
    compose: Callable[Concatenate[MeetingBase, _P], _R],
) -> Callable[Concatenate[MeetingBase, _P], _R]:
    """Compose what is for the booker in the language they booked in."""

    @wraps(compose)
    def composed(meeting: MeetingBase, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        with speaking(meeting.booker_language):
            return compose(meeting, *args, **kwargs)

    return composed


def to_owner(
    compose: Callable[Concatenate[MeetingBase, _P], _R],
) -> Callable[Concatenate[MeetingBase, _P], _R]:
    """Compose what is for the owner in the language of the staff pages, whoever asks for it."""

    @wraps(compose)
    def composed(meeting: MeetingBase, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        with speaking(ENGLISH):
            return compose(meeting, *args, **kwargs)

    return composed
