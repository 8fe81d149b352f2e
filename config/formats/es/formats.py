"""Spanish."""

from __future__ import annotations

LONG_DAY_FORMAT = r"l j \d\e F"
LONG_DAY_YEAR_FORMAT = r"l j \d\e F \d\e Y"
SHORT_DAY_FORMAT = "D j b"
MONTH_DAY_FORMAT = r"j \d\e F"
WEEKDAY_AND_DAY_FORMAT = "l j"
TIME_FORMAT = "H:i"
