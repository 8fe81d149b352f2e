"""Speaking the languages of those who read about a meeting: its booker's, and its owner's."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, TypeVar

from common.languages import ENGLISH, LANGUAGES, known_language, language_for, speaking

if TYPE_CHECKING:
    from collections.abc import Callable

    from booking.models import MeetingBase
    from workspaces.owners import Owner

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "known_language",
    "language_for",
    "speaking",
    "to_booker",
    "to_host",
    "to_owner",
]

_P = ParamSpec("_P")
_R = TypeVar("_R")
_M = TypeVar("_M")


class _HasOwner(Protocol):
    @property
    def owner(self) -> Owner: ...


_H = TypeVar("_H", bound=_HasOwner)


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
    compose: Callable[Concatenate[_M, Owner, _P], _R],
) -> Callable[Concatenate[_M, Owner, _P], _R]:
    """Compose what is for the owner in their own language, whoever asks for it."""

    @wraps(compose)
    def composed(about: _M, owner: Owner, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        with speaking(owner.language):
            return compose(about, owner, *args, **kwargs)

    return composed


def to_host(
    compose: Callable[Concatenate[MeetingBase, _H, _P], _R],
) -> Callable[Concatenate[MeetingBase, _H, _P], _R]:
    """The same for whom a meeting is, or was, with, as one of its readers."""

    @wraps(compose)
    def composed(meeting: MeetingBase, reader: _H, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        with speaking(reader.owner.language):
            return compose(meeting, reader, *args, **kwargs)

    return composed
