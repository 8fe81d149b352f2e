"""Whom a member may mean by a few letters: the people whom calendars and other apps know.

An app that knows people registers a source in `AppConfig.ready()`. A source narrows to the
member's workspace in its query.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from calendars.enums import Acquaintance
from common.matching import mentions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from workspaces.models import Membership

FEWEST: Final = 2
LONGEST: Final = 100
MOST: Final = 8
MOST_WORDS: Final = 4
A_MOMENT: Final = timedelta(microseconds=1)
# What a source reads at most: more than stand in the list, as ranking comes after.
READ_AT_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to invite. `organisation` is the client they are with; blank when none."""

    email: str
    name: str
    kind: Acquaintance
    organisation: str = ""
    met_at: datetime | None = None

    @property
    def label(self) -> str:
        return self.name or self.email


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed so far, and its words in folded case; everybody found has all of them."""

    text: str
    words: tuple[str, ...]


Source = Callable[["Membership", Typed], Sequence[Person]]
_BETWEEN = re.compile(r"[\s,;<>\"']+")
_sources: dict[str, Source] = {}


def register(name: str, source: Source) -> None:
    """Name a source of people; called in `AppConfig.ready`. At most `READ_AT_MOST` from each."""
    _sources[name] = source


def sources() -> list[Source]:
    """Every source that was registered."""
    return list(_sources.values())


def addresses_in(text: str, *, most: int = 200) -> list[str]:
    """What looks like an address in a field of guests, each once, as typed first."""
    parts = (part for part in _BETWEEN.split(text) if "@" in part.strip("@"))
    found: dict[str, str] = {}
    for part in parts:
        found.setdefault(part.lower(), part)
    return list(found.values())[:most]


def read_typed(raw: str) -> Typed | None:
    """What to look for; None while it is too little."""
    text = raw.replace("\x00", "").strip()[:LONGEST]
    if len(text) < FEWEST:
        return None
    return Typed(text, tuple(dict.fromkeys(text.casefold().split()))[:MOST_WORDS])


def best(
    found: Iterable[Person], typed: Typed, met: Mapping[str, datetime], *, most: int = MOST
) -> list[Person]:
    """The best fitting, each address once.

    First whose name begins as typed, then whose other names or address do, then the rest; among
    equals whom the member met last. `met` has the last meeting by address in lower case.
    """
    known: dict[str, list[Person]] = {}
    for person in found:
        known.setdefault(person.email.lower(), []).append(person)
    people = [
        one
        for one in (_joined(same, met.get(email)) for email, same in known.items())
        if mentions(f"{one.name}\n{one.email}\n{one.organisation}", typed.words)
    ]
    return sorted(people, key=lambda person: _place(person, typed))[:most]


def _joined(same: Iterable[Person], met_at: datetime | None) -> Person:
    """Who is known in several ways goes by the closest of them."""
    ordered = sorted(
        same, key=lambda one: (one.kind.closeness, one.name, one.organisation, one.email)
    )
    name = next((one.name for one in ordered if one.name), "")
    moments = [moment for moment in (met_at, *(one.met_at for one in ordered)) if moment]
    return replace(ordered[0], name=name, met_at=max(moments, default=None))


def _place(person: Person, typed: Typed) -> tuple[int, float, int, str, str]:
    name, email = person.name.casefold(), person.email.casefold()
    text, first = typed.text.casefold(), typed.words[0]
    if name.startswith(text):
        fit = 0
    elif any(part.startswith(first) for part in name.split()):
        fit = 1
    elif email.startswith(first):
        fit = 2
    else:
        fit = 3
    met = -person.met_at.timestamp() if person.met_at else 0.0
    return fit, met, person.kind.closeness, name, email
