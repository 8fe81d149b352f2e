"""The part of an event's body that Teams writes, and that has to survive our changes.

https://learn.microsoft.com/en-us/graph/api/event-update: without it the meeting is disabled.
"""

from __future__ import annotations

import re
from html import escape

_BLOB_HTML = re.compile(
    r"<div[^>]*class=\"[^\"]*me-email-text"
    r"|<div[^>]*>\s*(?:<span[^>]*>\s*)?_{20,}"
    r"|(?:<br\s*/?>\s*)?_{20,}",
    re.IGNORECASE,
)
_BLOB_TEXT = re.compile(r"^(?:_{20,}|Microsoft Teams meeting).*", re.MULTILINE | re.DOTALL)
_END = re.compile(r"</body>", re.IGNORECASE)
_BEGIN = re.compile(r"<body[^>]*>", re.IGNORECASE)


def without_blob(text: str) -> str:
    """The plain text of an online meeting's body without what Teams put there."""
    return _BLOB_TEXT.sub("", text).rstrip()


def with_blob(text: str, former_html: str) -> str:
    """HTML of the plain text, followed by the Teams part of the former body.

    A former body in which that part cannot be told apart is kept whole: a doubled text can be
    tidied up, a disabled meeting cannot.
    """
    begin = _BEGIN.search(former_html)
    inner = former_html[begin.end() :] if begin else former_html
    end = _END.search(inner)
    inner = inner[: end.start()] if end else inner
    found = _BLOB_HTML.search(inner)
    kept = inner[found.start() :] if found else inner
    lines = escape(text).replace("\n", "<br>\n")
    return f"<div>{lines}</div><br>\n{kept.strip()}"
