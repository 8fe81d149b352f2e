"""French."""

from __future__ import annotations

LONG_DAY_FORMAT = "l j F"
LONG_DAY_YEAR_FORMAT = "l j F Y"
SHORT_DAY_FORMAT = "D j b"
MONTH_DAY_FORMAT = "j F"
WEEKDAY_AND_DAY_FORMAT = "l j"
TIME_FORMAT = "H:i"
