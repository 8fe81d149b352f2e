"""Side by side: which lane of its column each block takes, and each bar's row of the all-day row.

Everything here is in minutes or days of the view, so neither zones nor events are known.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# The stylesheet has classes up to these.
MAX_LANES = 12
MAX_ROWS = 8

# A later neighbour that starts this many minutes on leaves the title of what it covers readable.
READABLE = 30


@dataclass(frozen=True, slots=True)
class Lane:
    """Lane `index` of `of`, `width` lanes wide; `over` may reach under a later neighbour."""

    index: int = 0
    of: int = 1
    width: int = 1
    over: bool = False


ALONE = Lane()
# There are a few hundred of them at most, and a full week asks a thousand times.
_lane = cache(Lane)


def lanes(blocks: Sequence[tuple[int, int]]) -> list[Lane]:
    """A lane for each (start, end), which have to come sorted by start.

    Blocks that overlap, directly or through others, share one set of lanes. Beyond MAX_LANES a
    block lies over the one that started longest ago, whose title stays in view.
    """
    found: list[Lane] = []
    group: list[tuple[int, int]] = []
    group_end = 0
    for block in blocks:
        start, end = block
        if start >= group_end and group:
            found += _lanes_of_group(group)
            group, group_end = [], 0
        group.append(block)
        group_end = max(group_end, end)
    return found + _lanes_of_group(group)


def rows(bars: Sequence[tuple[int, int]]) -> list[int]:
    """The first free row, from 0, for each (first day, last day), sorted by first day."""
    taken_until: list[int] = []
    found: list[int] = []
    for first, last in bars:
        row = next((r for r, until in enumerate(taken_until) if until < first), len(taken_until))
        if row == len(taken_until):
            taken_until.append(last)
        else:
            taken_until[row] = last
        found.append(row)
    return found


def _lanes_of_group(group: Sequence[tuple[int, int]]) -> list[Lane]:
    if len(group) == 1:
        return [ALONE]
    columns: list[list[tuple[int, int]]] = []
    # Of each column: when its last block ends.
    until: list[int] = []
    indexes: list[int] = []
    crowded = False
    for block in group:
        start, end = block
        for index, free_from in enumerate(until):  # noqa: B007 -- the first free one is kept
            if free_from <= start:
                break
        else:
            index = len(columns)
            if index < MAX_LANES:
                columns.append([])
                until.append(end)
            else:
                index = min(range(MAX_LANES), key=lambda i: columns[i][-1][0])
                crowded = True
        columns[index].append(block)
        until[index] = end
        indexes.append(index)
    if crowded:
        return [_lane(index, MAX_LANES) for index in indexes]
    ends = [[end for _, end in column] for column in columns]
    return [
        _widened(index, block, columns, ends) for index, block in zip(indexes, group, strict=True)
    ]


def _widened(
    index: int,
    block: tuple[int, int],
    columns: Sequence[Sequence[tuple[int, int]]],
    ends: Sequence[Sequence[int]],
) -> Lane:
    """The lane with what is free beside it: whole lanes, then part of a later neighbour's."""
    start, end = block
    width = 1
    for beside in range(index + 1, len(columns)):
        # Blocks of one lane never overlap, so the first that ends after us is the only candidate.
        at = bisect_right(ends[beside], start)
        if at < len(columns[beside]) and columns[beside][at][0] < end:
            later = columns[beside][at][0] - start
            return _lane(index, len(columns), width, later >= READABLE)
        width += 1
    return _lane(index, len(columns), width)
