"""The evidence of a booking's decision: what was consulted, how fresh, under which rules."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import TZPATH, ZoneInfo

if TYPE_CHECKING:
    from booking.slots import SlotRules
    from calendars.services.busy import BusyAnswer


def receipt_of(rules: SlotRules, busy: BusyAnswer | None, now: datetime) -> dict[str, Any]:
    """Plain values to store with the meeting; `busy` None says that no calendar was readable."""
    sources = () if busy is None else busy.sources
    return {
        "decided_at": now.astimezone(UTC).isoformat(),
        "calendars_readable": busy is not None,
        "calendars": [
            {
                "calendar_id": str(source.calendar_id),
                "name": source.name,
                "as_of": source.as_of.astimezone(UTC).isoformat(),
                "live": source.live,
            }
            for source in sources
        ],
        "rules": {one.name: _plain(getattr(rules, one.name)) for one in fields(rules)},
        "zone_data": zone_data_version(),
    }


@cache
def zone_data_version() -> str:
    """Which edition of the zone data this process computes with, such as 2026b."""
    for folder in TZPATH:
        source = Path(folder) / "tzdata.zi"
        if source.is_file():
            with source.open(encoding="utf-8") as lines:
                return lines.readline().removeprefix("# version").strip()
    return metadata.version("tzdata")


def _plain(value: object) -> Any:
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.key if isinstance(value, ZoneInfo) else value
