"""Every text a booker can come to read is there in every language of bookers."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from gettext import GNUTranslations
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from django.utils.translation import gettext, ngettext

from booking import wording
from booking.languages import LANGUAGES, speaking
from tests import catalogues

_HOLES = re.compile(r"%\((\w+)\)([a-z])|%(?!%)(?!\()")
_CLASSES = re.compile(r"\{% block card_class %\}.*?\{% endblock %\}")
_TAGS = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<[^>]+>", re.DOTALL)
_BLOCKS = re.compile(r"\{% blocktranslate.*?endblocktranslate %\}", re.DOTALL)
NAMES = {"Meridian"}


def texts(message):
    return list(message) if isinstance(message, (list, tuple)) else [message]


@pytest.mark.parametrize("code", catalogues.CODES)
def test_everything_marked_is_translated_and_nothing_else(code):
    found = {one.id for one in catalogues.catalogue(code) if one.id}
    assert found == set(catalogues.marked()), "run make messages and translate what is new"


@pytest.mark.parametrize("code", catalogues.CODES)
def test_no_translation_is_blank_unsure_or_loses_a_placeholder(code):
    for one in catalogues.catalogue(code):
        if not one.id:
            continue
        assert not one.fuzzy, one.id
        # The form for one may spell the number out, as in English.
        source = [set(_HOLES.findall(text)) for text in texts(one.id)]
        translated = texts(one.string)
        for text in translated:
            assert text.strip(), one.id
            assert set(_HOLES.findall(text)) in source, one.id
            assert "\n" not in text, one.id
        assert set(_HOLES.findall(translated[-1])) == source[-1], one.id


@pytest.mark.parametrize("code", catalogues.CODES)
def test_what_is_compiled_is_what_the_source_says(code):
    with catalogues.po_path(code).with_suffix(".mo").open("rb") as file:
        lying_there = GNUTranslations(file)
    fresh = GNUTranslations(BytesIO(catalogues.compiled(catalogues.catalogue(code))))
    assert _texts(lying_there) == _texts(fresh), "run make messages"


def _texts(found):
    """What the compiled file says, without the head that names dates and programs."""
    return {key: text for key, text in found._catalog.items() if key}


@pytest.mark.parametrize(
    ("code", "words", "one", "many", "day", "nine"),
    [
        ("en", "Your name", "1 hour", "2 hours", "Thursday 26 November 2026", "09:30"),
        ("en-us", "Your name", "1 hour", "2 hours", "Thursday, November 26, 2026", "9:30 AM"),
        ("de", "Ihr Name", "1 Stunde", "2 Stunden", "Donnerstag, 26. November 2026", "09:30"),
        ("fr", "Votre nom", "1 heure", "2 heures", "jeudi 26 novembre 2026", "09:30"),
        ("es", "Su nombre", "1 hora", "2 horas", "jueves 26 de noviembre de 2026", "09:30"),
    ],
)
def test_a_fresh_clone_speaks_every_language(code, words, one, many, day, nine):
    at = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
    with speaking(code):
        assert gettext("Your name") == words
        assert ngettext("%(count)s hour", "%(count)s hours", 1) % {"count": 1} == one
        assert ngettext("%(count)s hour", "%(count)s hours", 2) % {"count": 2} == many
        assert wording.long_day(date(2026, 11, 26), year=True) == day
        assert wording.clock(at, ZoneInfo("UTC")) == nine
    assert gettext("Your name") == "Your name"


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda one: one.code)
def test_every_language_says_how_it_writes_dates(language):
    with speaking(language.code):
        for words in (
            wording.long_day(date(2026, 11, 26)),
            wording.short_day(date(2026, 11, 26)),
            wording.day_and_month(date(2026, 11, 26)),
            wording.weekday_and_day(date(2026, 11, 26)),
        ):
            assert "26" in words
            assert len(words) < 40
            assert "FORMAT" not in words


def test_public_templates_hold_no_word_that_is_not_marked():
    for path in sorted(catalogues.ROOT.glob("booking/templates/booking/public/*.html")):
        text = _CLASSES.sub(" ", path.read_text(encoding="utf-8"))
        text = _TAGS.sub(" ", _BLOCKS.sub(" ", text))
        left = set(re.findall(r"[^\W\d_]{2,}", text)) - NAMES
        assert left == set(), path.name


def test_french_keeps_its_signs_with_the_word_before():
    """A colon and its like stand after a blank at which no line breaks, quotes within two."""
    for one in catalogues.catalogue("fr"):
        for text in texts(one.string) if one.id else ():
            assert not re.search("[ \u202f][:;?!»]|« |[^\\W\\d_][;?!](?!\\w)", text), text
