"""What others wrote in an event, safe to show: formatting of a few kinds, addresses as links."""

from __future__ import annotations

import re

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from calendars.providers import markup

_ADDRESS = re.compile(r"https?://[^\s<>\"'`\u201c\u201d]+", re.IGNORECASE)
# No blank and no control character stands in one.
_WEB = re.compile(
    r"https?://[^/?#\s\x00-\x20\x7f-\x9f\ud800-\udfff][^\s\x00-\x20\x7f-\x9f\ud800-\udfff]*",
    re.IGNORECASE,
)
_CLOSING = ".,;:!?)]}"


def as_text(raw: str) -> str:
    """The words of a description. Providers hold HTML or plain text and do not say which."""
    return markup.as_text(raw)


def as_safe_html(raw: str) -> SafeString:
    """The description with what formatting it has in a few tags, and web addresses as links.

    Of plain text the words are escaped and the line ends kept.
    """
    if markup.is_markup(raw):
        # Everything else in it is gone: that is what nh3 is for.
        return mark_safe(markup.safe(markup.flat(raw, links=True)))  # noqa: S308
    return _linked(raw.strip())


def as_editable_html(raw: str) -> SafeString:
    """The same without links made of plain addresses, for somebody to change."""
    if markup.is_markup(raw):
        return mark_safe(markup.safe(markup.flat(raw)))  # noqa: S308 -- as above
    return mark_safe(escape(raw.strip()).replace("\n", "<br>"))  # noqa: S308 -- escaped


def _linked(text: str) -> SafeString:
    pieces: list[str] = []
    cursor = 0
    for found in _ADDRESS.finditer(text):
        address = found.group().rstrip(_CLOSING)
        pieces.append(escape(text[cursor : found.start()]))
        pieces.append(
            format_html(
                '<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>',
                address,
                address,
            )
        )
        cursor = found.start() + len(address)
    pieces.append(escape(text[cursor:]))
    # Every piece above went through escape or format_html.
    return mark_safe("".join(pieces).replace("\n", "<br>"))  # noqa: S308


def is_web_address(raw: str) -> bool:
    """Whether it is an http or https address, whole and in one piece: the only kind that a button
    may lead to and a calendar file may hold.
    """
    return bool(_WEB.fullmatch(raw))
