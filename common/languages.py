"""The languages of visitors: which there are, which one somebody reads, and speaking it.

A further language is a line here, a catalogue in `locale/` and a module in `config/formats/`;
tests say what is missing. A booker's language is kept as its code, which may name a region that
writes times in its own way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from django.http import HttpRequest


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


def language_asked(request: HttpRequest, kept: str = "") -> str:
    """The code of the language to speak to whoever asks: `?lang=`, else the one they `kept` from
    before, else their browser's.
    """
    chosen = request.GET.get("lang", "")[:16]
    accepted = request.headers.get("Accept-Language", "")[:500]
    return language_for(chosen if known_language(chosen) else kept, accepted)


def switches(request: HttpRequest, spoken: str) -> list[tuple[Language, str, bool]]:
    """This page in each language, its address and whether it is spoken; none for what answers a
    form, which cannot be asked for again.
    """
    if request.method not in {"GET", "HEAD"}:
        return []
    found = []
    for language in LANGUAGES:
        query = request.GET.copy()
        query["lang"] = language.code
        url = f"{request.path}?{query.urlencode(safe='/:')}"
        found.append((language, url, language.code == spoken.partition("-")[0]))
    return found
