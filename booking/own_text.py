"""Texts that people write for mails: a few placeholders, addresses of the web, and nothing else.

What stands in them is never a template of ours: `{{ name }}` is replaced by what is known, one
pass, and every other sign stands as it was typed. In HTML all of it is escaped; only addresses
that the text itself names become links, never what a booker typed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from booking.plain import CONTROLS, plain_text
from common.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

# What each stands for, for the people who write texts.
PLACEHOLDERS: Final = {
    "name": "who reads it",
    "host": "whom the meeting is with",
    "workspace": "your workspace",
    "title": "what the meeting is called",
    "date": "the day, for example Thursday 26 November 2026",
    "time": "from when to when",
    "zone": "the zone of these times",
    "length": "how long it takes",
}

_PLACEHOLDER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_ADDRESS = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_ENDS = ".,;:!?)\u2019\u201d'"
_OTHER_SCHEME = re.compile(
    r"\b(?!https?:)[a-z][a-z0-9+.-]*://|\b(?:java|vb|live)script:", re.IGNORECASE
)
_TAG = re.compile(r"<[a-z/!]", re.IGNORECASE)
_BRACES = re.compile(r"\{\{|\}\}|\{%|%\}")


def check_text(raw: str, field: str, most: int, *, known: Collection[str] = PLACEHOLDERS) -> str:
    """Several lines with the `known` placeholders and addresses. Raises InvalidInput naming the
    field.
    """
    text = plain_text(raw, field, most)
    _check_placeholders(text, field, known)
    if _TAG.search(text):
        raise InvalidInput(field, "Write plain text: HTML would be shown as it stands.")
    if _OTHER_SCHEME.search(text):
        raise InvalidInput(field, "Links begin with https:// or http://.")
    for found in _ADDRESS.finditer(text):
        _check_address(found[0], field)
    return text


def check_line(raw: str, field: str, most: int) -> str:
    """One line with placeholders, for a header. Raises InvalidInput naming the field."""
    line = raw.strip()
    if CONTROLS.search(line):
        raise InvalidInput(field, "Use one line of plain text.")
    if len(line) > most:
        raise InvalidInput(field, f"Use at most {most} characters.")
    _check_placeholders(line, field)
    return line


def as_plain(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders replaced; one that is unknown is left out."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], ""), text)


def as_html(text: str, values: Mapping[str, str]) -> SafeString:
    """The same for HTML: escaped, with line breaks, and the text's own addresses as links."""
    pieces: list[str] = []
    at = 0
    for found in _ADDRESS.finditer(text):
        url = _trimmed(found[0])
        pieces.append(_escaped(text[at : found.start()], values))
        pieces.append(
            format_html(
                '<a href="{}" style="color:#025f70;text-decoration:underline">{}</a>', url, url
            )
        )
        at = found.start() + len(url)
    pieces.append(_escaped(text[at:], values))
    return mark_safe("".join(pieces))  # noqa: S308 -- every piece is escaped


def _escaped(text: str, values: Mapping[str, str]) -> str:
    return escape(as_plain(text, values)).replace("\n", "<br>")


def _trimmed(url: str) -> str:
    """Without the sentence's own signs at its end."""
    return url.rstrip(_ENDS)


def _check_placeholders(text: str, field: str, known: Collection[str] = PLACEHOLDERS) -> None:
    for found in _PLACEHOLDER.finditer(text):
        if not known:
            raise InvalidInput(field, "Nothing is replaced here: write it without braces.")
        if found[1] not in known:
            usable = ", ".join(f"{{{{ {name} }}}}" for name in known)
            raise InvalidInput(
                field, f"{{{{ {found[1][:40]} }}}} is not known here. There are: {usable}."
            )
    if _BRACES.search(_PLACEHOLDER.sub("", text)):
        raise InvalidInput(
            field, "A placeholder stands between two braces on each side, such as {{ name }}."
        )


def _check_address(found: str, field: str) -> None:
    if "{{" in found or "}}" in found:
        raise InvalidInput(field, "A link cannot hold a placeholder.")
    url = _trimmed(found)
    try:
        parts = urlsplit(url)
        is_plain = bool(parts.hostname) and not (parts.username or parts.password)
        is_plain = is_plain and url.isascii() and "\\" not in url
    except ValueError:
        is_plain = False
    if not is_plain:
        raise InvalidInput(field, "Give whole links, without a password and in plain letters.")
