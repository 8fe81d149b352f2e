"""Cursors of ours: the one before the first, which asks for a whole window, and those of pages."""

from __future__ import annotations

from calendars.providers.errors import CursorLost
from calendars.providers.reading import read_moment
from common.errors import BadReply
from common.spans import Span

_MARK = "baseline:"
_PAGE = "page:"


def baseline_cursor(span: Span) -> str:
    """Give this to `changes` to read the span whole and to get the first real cursor."""
    return f"{_MARK}{span.start.isoformat()}/{span.end.isoformat()}"


def baseline_span(cursor: str) -> Span | None:
    """The span of a baseline cursor, None for a provider's own. Raises CursorLost."""
    if not cursor:
        raise CursorLost
    if not cursor.startswith(_MARK):
        return None
    start, _, end = cursor.removeprefix(_MARK).partition("/")
    try:
        return Span(read_moment(start), read_moment(end))
    except (BadReply, ValueError):
        raise CursorLost from None


def page_cursor(cursor: str, page_token: str) -> str:
    """Where a listing begun with `cursor` goes on, for a provider whose pages do not say."""
    return f"{_PAGE}{page_token}\n{cursor}"


def split_page(cursor: str) -> tuple[str, str]:
    """The cursor that a listing began with, and its page's token, blank for the first page."""
    if not cursor.startswith(_PAGE):
        return cursor, ""
    page_token, _, began = cursor.removeprefix(_PAGE).partition("\n")
    return began, page_token
