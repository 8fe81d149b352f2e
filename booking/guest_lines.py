"""Guests as a booker types them into one field: one to a line, with or without a name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from booking.guests import MAX_GUESTS, clean_guests
from common.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_TYPED = 4000
_LONGEST_LINE = 400
# An address last on its line, in angle brackets or not, after what may be a name.
_NAMED = re.compile(r"(?P<name>[^<>@]*?)[\s,(<]*(?P<email>[^\s<>(),]+)[>)\s,]*")
_BREAKS = re.compile(r"[\n;]|,(?=[^,\n]*@)")
_INDEX = re.compile(r"guests\[(\d+)\]")


def read_guest_lines(raw: str, booker_email: str) -> list[dict[str, str]]:
    """The guests as they are kept with a meeting. Raises InvalidInput("guests") saying which line.

    Whoever is named twice, and the booker, is left out without a word.
    """
    if len(raw) > MAX_TYPED:
        raise InvalidInput("guests", _("Name at most %(count)s guests.") % {"count": MAX_GUESTS})
    lines = [line.strip() for line in _split(raw)]
    typed = [line for line in lines if line]
    if len(typed) > 3 * MAX_GUESTS:
        raise InvalidInput("guests", _("Name at most %(count)s guests.") % {"count": MAX_GUESTS})
    try:
        return clean_guests([_read(line) for line in typed], booker_email)
    except InvalidInput as error:
        found = _INDEX.match(error.field)
        if found is None:
            raise
        words = {"number": int(found[1]) + 1, "problem": error.message}
        raise InvalidInput("guests", _("Guest %(number)s: %(problem)s") % words) from error


def guest_lines(guests: Sequence[dict[str, str]]) -> str:
    """Guests as they are typed."""
    return "\n".join(
        f"{guest['name']} <{guest['email']}>" if guest["name"] else guest["email"]
        for guest in guests
    )


def _split(raw: str) -> list[str]:
    """By lines; a line of several addresses, as mail programs copy it, also by its commas."""
    found: list[str] = []
    for line in re.split(r"[\n;]", raw.replace("\r", "\n")):
        found += _BREAKS.split(line) if line.count("@") > 1 else [line]
    return found


def _read(line: str) -> dict[str, str]:
    found = _NAMED.fullmatch(line) if len(line) <= _LONGEST_LINE else None
    if found is None:
        return {"name": "", "email": line}
    return {"name": found["name"].strip(" \"',\t"), "email": found["email"]}
