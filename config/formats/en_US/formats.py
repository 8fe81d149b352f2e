"""American English: months before days, 12 hours."""

from __future__ import annotations

LONG_DAY_FORMAT = "l, F j"
LONG_DAY_YEAR_FORMAT = "l, F j, Y"
SHORT_DAY_FORMAT = "D, M j"
MONTH_DAY_FORMAT = "F j"
WEEKDAY_AND_DAY_FORMAT = "l, M j"
TIME_FORMAT = "g:i A"
