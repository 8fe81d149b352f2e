"""Dates and times as they stand in the addresses of pages."""

from __future__ import annotations

from datetime import date, datetime

# What calendars of providers can hold, and far from where arithmetic on dates overflows.
FIRST_YEAR, LAST_YEAR = 1970, 2100


def local_time(raw: str) -> datetime | None:
    """A wall time from an address, such as `2026-11-19T14:30`; None when it is none."""
    try:
        found = datetime.fromisoformat(raw[:16])
    except ValueError:
        return None
    plausible = FIRST_YEAR <= found.year <= LAST_YEAR and found.tzinfo is None
    return found.replace(second=0, microsecond=0) if plausible else None


def local_day(raw: str) -> date | None:
    """A date from an address, such as `2026-11-19`; None when it is none."""
    try:
        found = date.fromisoformat(raw)
    except ValueError:
        return None
    # fromisoformat also reads 20261119 and 2026-W47-4; one date has one address here.
    plausible = FIRST_YEAR <= found.year <= LAST_YEAR and found.isoformat() == raw
    return found if plausible else None
