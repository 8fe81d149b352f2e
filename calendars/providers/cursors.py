"""The cursor before the first: it asks for a whole window and the cursor after it."""

from __future__ import annotations

from calendars.providers.errors import CursorLost
from calendars.providers.reading import read_moment
from common.errors import BadReply
from common.spans import Span

_MARK = "baseline:"


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
