"""Plain text as people may type it here: what is refused in a line and in several."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from common.errors import InvalidInput

# Control characters, line separators, what turns the reading direction, and half characters.
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_TEXT_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def plain_text(raw: str, field: str, most: int) -> str:
    """Several lines of at most that many characters. Raises InvalidInput naming the field."""
    text = raw.replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(text) > most:
        raise InvalidInput(field, _("Use at most %(count)s characters.") % {"count": most})
    if _TEXT_CONTROLS.search(text):
        raise InvalidInput(field, _("Use plain text."))
    return text
