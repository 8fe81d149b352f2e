"""The part of an event's body that Teams writes, and that has to survive our changes.

https://learn.microsoft.com/en-us/graph/api/event-update: without it the meeting is disabled.
"""

from __future__ import annotations

import re
from html import escape

from calendars.providers.markup import compact, is_markup

# Nothing in it may be read again from every tag on: a body is whatever somebody sent.
_BLOB_HTML = re.compile(
    r"<div[^<>]*class=\"[^\"<>]*me-email-text"
    r"|<div[^<>]*+>\s*+(?:<span[^<>]*+>\s*+)?_{20,}+"
    r"|(?:<br\s*+/?>\s*+)?_{20,}+",
    re.IGNORECASE,
)
_BLOB_TEXT = re.compile(r"^(?:_{20,}|Microsoft Teams meeting).*", re.MULTILINE | re.DOTALL)
_END = re.compile(r"</body>", re.IGNORECASE)
_BEGIN = re.compile(r"<body[^>]*>", re.IGNORECASE)


def description_of(html: str, *, has_meeting: bool) -> str:
    """What a person wrote in a body: flat HTML where there is formatting, else plain words.

    What Teams put into that of an online meeting is left out.
    """
    inner = _inner(html)
    found = _BLOB_HTML.search(inner) if has_meeting else None
    said = compact(inner[: found.start()] if found else inner)
    return without_blob(said) if has_meeting and not is_markup(said) else said


def without_blob(text: str) -> str:
    """The plain text of an online meeting's body without what Teams put there."""
    return _BLOB_TEXT.sub("", text).rstrip()


def with_blob(text: str, former_html: str) -> str:
    """HTML of the text, followed by the Teams part of the former body.

    A former body in which that part cannot be told apart is kept whole: a doubled text can be
    tidied up, a disabled meeting cannot.
    """
    inner = _inner(former_html)
    found = _BLOB_HTML.search(inner)
    kept = inner[found.start() :] if found else inner
    lines = text if is_markup(text) else escape(text).replace("\n", "<br>\n")
    return f"<div>{lines}</div><br>\n{kept.strip()}"


def _inner(html: str) -> str:
    begin = _BEGIN.search(html)
    inner = html[begin.end() :] if begin else html
    end = _END.search(inner)
    return inner[: end.start()] if end else inner
