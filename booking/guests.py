"""The people a booker brings along: cleaned as a booker is, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from booking.booker import clean_email, clean_name
from common.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_GUESTS = 10


def clean_guests(raw: Sequence[Mapping[str, str]], booker_email: str = "") -> list[dict[str, str]]:
    """Guests as they are kept with a meeting: `name`, which may be blank, and `email`.

    Who is named twice, or books the meeting, is left out. Raises InvalidInput naming
    `guests[<index>].name` or `.email`, or `guests` for more than `MAX_GUESTS`.
    """
    seen, found = {booker_email.strip().lower()}, []
    for index, guest in enumerate(raw):
        name, email = guest.get("name", ""), guest.get("email", "")
        try:
            clean = {"name": clean_name(name) if name.strip() else "", "email": clean_email(email)}
        except InvalidInput as error:
            raise InvalidInput(f"guests[{index}].{error.field}", error.message) from error
        if clean["email"].lower() not in seen:
            seen.add(clean["email"].lower())
            found.append(clean)
    if len(found) > MAX_GUESTS:
        raise InvalidInput("guests", _("Name at most %(count)s guests.") % {"count": MAX_GUESTS})
    return found
