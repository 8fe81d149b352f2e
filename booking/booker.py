"""What a booker types, cleaned: pure rules for names, addresses and answers.

Everything typed here ends in mails, calendar files and calendars of other people, so it is
refused rather than repaired where its meaning would change.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext as _

from booking.ics import Address
from booking.plain import CONTROLS, plain_text
from common.domains import ascii_domain
from common.errors import InvalidInput
from workspaces.zones import is_zone, name_today

MAX_NAME = 120
MAX_EMAIL = 254
MAX_PHONE = 40
MAX_TEXT = 2000

_WEB = re.compile(r"://|\bwww\.", re.IGNORECASE)
# Django would take a mailbox of this very machine for one of the world.
_validate_email = EmailValidator(allowlist=[])
_PHONE = re.compile(r"[0-9+()./ x-]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Booker:
    """Who books, and the zone (IANA) their times are shown in."""

    name: str
    email: str
    timezone: str
    phone: str = ""
    language: str = "en"


def clean_booker(booker: Booker) -> Booker:
    """The booker with spaces trimmed. Raises InvalidInput naming the field."""
    return replace(
        booker,
        name=clean_name(booker.name),
        email=clean_email(booker.email),
        phone=clean_phone(booker.phone),
        timezone=clean_zone(booker.timezone),
    )


def clean_name(raw: str) -> str:
    """One line, no web address: it greets people in mails."""
    name = raw.strip()
    if not any(_is_visible(letter) for letter in name):
        raise InvalidInput("name", _("Add your name."))
    if len(name) > MAX_NAME:
        raise InvalidInput("name", _("Use at most %(count)s characters.") % {"count": MAX_NAME})
    if CONTROLS.search(name):
        raise InvalidInput("name", _("A name is one line of plain text."))
    if _WEB.search(name):
        raise InvalidInput("name", _("Give a name without a web address."))
    return " ".join(name.split())


def _is_visible(letter: str) -> bool:
    """Whether something is to be seen: not a separator, a joiner or a mark without its letter."""
    return unicodedata.category(letter)[0] not in "CMZ"


def clean_email(raw: str) -> str:
    """An address mail can be sent to."""
    email = raw.strip()
    if not email:
        raise InvalidInput("email", _("Add your e-mail address."))
    try:
        _validate_email(email)
        # Mail servers and calendars need the domain in ASCII. Letters that merely fold to ASCII
        # pass Django's pattern: a Kelvin sign would book under the address of a "k".
        user, _at, domain = email.rpartition("@")
        user.encode("ascii")
        email = Address(f"{user}@{ascii_domain(domain)}").email
    except (ValidationError, ValueError):
        raise InvalidInput(
            "email", _("Give a whole address, for example dana@larkfielddental.example.")
        ) from None
    if len(email) > MAX_EMAIL:
        raise InvalidInput("email", _("Use at most %(count)s characters.") % {"count": MAX_EMAIL})
    return email


def clean_phone(raw: str, field: str = "phone") -> str:
    """A number as people write it. Raises InvalidInput naming the field."""
    phone = raw.strip()
    if len(phone) > MAX_PHONE or (phone and not _PHONE.fullmatch(phone)):
        raise InvalidInput(field, _("Give a number such as +353 1 555 0100."))
    return phone


def clean_zone(raw: str, field: str = "tz") -> str:
    """An IANA zone, under its name of today."""
    if len(raw) > 64 or not is_zone(raw):
        raise InvalidInput(field, _("Choose a time zone from the list, for example Europe/Dublin."))
    return name_today(raw)


def clean_start(raw: str) -> datetime:
    """The instant (UTC) somebody wants to book."""
    try:
        start = datetime.fromisoformat(raw)
        if start.utcoffset() is not None and 2000 <= start.year <= 2200:
            return start.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InvalidInput("start", _("Give a time with its offset, such as 2026-11-26T14:30:00Z."))


def clean_text(raw: str, field: str) -> str:
    """Several lines of plain text."""
    return plain_text(raw, field, MAX_TEXT)
