"""The languages of bookers: which there are, which one a visitor reads, and speaking it.

A further language is a line here, a catalogue in `locale/` and a module in `config/formats/`;
tests say what is missing. A booker's language is kept as its code, which may name a region that
writes times in its own way.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from booking.models import MeetingBase

_P = ParamSpec("_P")
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its code here, its own name, and what Django calls it."""

    code: str
    name: str
    locale: str


LANGUAGES = (
    Language("en", "English", "en-gb"),
    Language("de", "Deutsch", "de"),
    Language("fr", "Français", "fr"),
    Language("es", "Español", "es"),
)
ENGLISH = LANGUAGES[0].code
# Regions that write the same words and other dates and hours: the code kept, and Django's.
_REGIONS = {"en-us": "en-us", "en-ca": "en-us"}
_LOCALES = {language.code: language.locale for language in LANGUAGES} | {"en-us": "en-us"}


def known_language(raw: str) -> str:
    """The code we keep for a tag such as de-AT; blank for a language there is not."""
    tag = raw.strip().lower().replace("_", "-")
    code = _REGIONS.get(tag) or tag.partition("-")[0]
    return code if code in _LOCALES else ""


def language_for(chosen: str, accepted: str) -> str:
    """The code of the language to speak: the chosen one, else the first accepted, else English.

    `chosen` is a tag and `accepted` an Accept-Language header; either may be anything. Whoever
    chooses English reads it as their browser's region writes it.
    """
    wanted = [tag for tag, _quality in parse_accept_lang_header(accepted.lower())]
    spoken = [code for code in map(known_language, wanted) if code]
    picked = known_language(chosen)
    if not picked:
        return next(iter(spoken), ENGLISH)
    if picked == chosen.strip().lower():
        return next((code for code in spoken if code.startswith(f"{picked}-")), picked)
    return picked


def speaking(code: str) -> AbstractContextManager[None]:
    """Words, dates and numbers are those of this language inside; English when it is unknown."""
    return translation.override(_LOCALES[known_language(code) or ENGLISH])


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
