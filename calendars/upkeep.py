"""How an account's calendars are kept up to date, in words: live, by asking, or left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calendars.phrases import as_of
from calendars.services.channels import next_renewal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from calendars.models import Calendar


def upkeep_in_words(calendars: Sequence[Calendar], zone: ZoneInfo, now: datetime) -> str:
    """`Live, renewed 26 November, 14:05`; blank for an account without calendars."""
    pauses = [one.sync_after for one in calendars if one.sync_after and one.sync_after > now]
    if pauses:
        return f"Left alone until {as_of(max(pauses), zone, now)}, as the provider asked"
    renewed_at = next_renewal(calendars, now)
    if renewed_at is not None:
        when = as_of(max(renewed_at, now), zone, now)
        return f"Live, renewed {when}"
    return "Asked while somebody looks" if calendars else ""
