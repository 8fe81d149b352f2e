"""The days that walks speak of: by weeks from the one in which the demo was filled.

The demo's people live in Dublin, where it may be Monday while it is still Sunday elsewhere.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

DUBLIN = ZoneInfo("Europe/Dublin")
TODAY = datetime.now(DUBLIN).date()
MONDAY = TODAY - timedelta(days=TODAY.weekday())
SATURDAY, SUNDAY = 5, 6


def day_of(weeks, day=0):
    """A day of the week that many weeks ahead."""
    return MONDAY + timedelta(weeks=weeks, days=day)
