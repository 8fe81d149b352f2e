"""Finding rows by a few typed letters, alike on both engines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import Case, Model, Q, Value, When

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

_Row = TypeVar("_Row", bound=Model)


def spellings(word: str) -> set[str]:
    """The word as it may be written: SQLite knows the case of letters of ASCII only."""
    return {word, word.lower(), word.upper(), word.title()}


def holds(word: str, *fields: str) -> Q:
    """Rows of which one of the text fields holds the word, in whatever case."""
    found = Q()
    for spelled in spellings(word):
        for field in fields:
            found |= Q(**{f"{field}__icontains": spelled})
    return found


def holds_in_json(word: str, field: str) -> Q:
    """The same for JSON that was cast to text: SQLite keeps its letters beyond ASCII escaped."""
    found = holds(word, field)
    for spelled in spellings(word):
        found |= Q(**{f"{field}__icontains": json.dumps(spelled)[1:-1]})
    return found


def best_first(rows: QuerySet[_Row], typed: str, *fields: str) -> QuerySet[_Row]:
    """The rows whose first field begins as typed, then those whose second does, then the rest."""
    fits: list[Any] = [
        When(**{f"{field}__istartswith": typed}, then=Value(place))
        for place, field in enumerate(fields)
    ]
    ranked: Any = rows.annotate(fit=Case(*fits, default=Value(len(fits)))).order_by("fit", *fields)
    return ranked  # type: ignore[no-any-return]


def mentions(text: str, words: Iterable[str]) -> bool:
    """Whether the text has all of the words (casefolded ones)."""
    folded = text.casefold()
    return all(word in folded for word in words)
