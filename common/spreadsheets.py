"""Rows as CSV that a spreadsheet opens as text and runs nothing of."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

from django.http import StreamingHttpResponse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# A spreadsheet would run a cell that begins with one of these.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
# Where a comma divides decimals, cells are divided by semicolons: what follows one is a start too.
_LATER_START = re.compile(r"""(;["'\s]*)(?=[=+@-])""")
# Without it Excel takes the bytes for those of its country, and a name with an accent is lost.
BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def cell(value: object) -> str:
    """The value as text that no spreadsheet takes for a formula; times as ISO 8601."""
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    text = _LATER_START.sub(r"\1'", text)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The file line by line, the columns' names first."""
    writer = csv.writer(_Echo())
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow([cell(value) for value in row])


def csv_answer(name: str, parts: Iterable[str]) -> StreamingHttpResponse:
    """The lines as a download of that name, sent while they are read."""
    return StreamingHttpResponse(
        parts,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
