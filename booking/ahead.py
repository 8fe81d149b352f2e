"""What is mailed about a meeting at a time of its own: a reminder before it, a follow-up after it.

Pure. Lengths are added to instants, so a day before is 24 hours before, whatever the clocks do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from booking.enums import Ahead
from booking.ics import REMINDER

if TYPE_CHECKING:
    from datetime import datetime

    from booking.models import BookingLink

MOST_REMINDERS: Final = 5
LEAST_MINUTES: Final = 5
MOST_MINUTES: Final = 30 * 24 * 60
# A follow-up that could not be sent for so long comes out of nowhere.
STALE_AFTER: Final = timedelta(days=3)
_MINUTE: Final = timedelta(minutes=1)
_UNITS: Final = ((24 * 60, "day"), (60, "hour"), (1, "minute"))


@dataclass(frozen=True, slots=True)
class Moment:
    """One mail of its own: `minutes` before the start, or after the end."""

    kind: Ahead
    minutes: int
    at: datetime

    @property
    def lead(self) -> timedelta:
        return self.minutes * _MINUTE


def moments_of(link: BookingLink, start: datetime, end: datetime) -> list[Moment]:
    """What the link as it is now has mailed about a meeting at that time, by time."""
    found = [
        Moment(Ahead.REMINDER, minutes, start - minutes * _MINUTE) for minutes in link.reminders
    ]
    if link.follow_up_text:
        minutes = link.follow_up_minutes
        found.append(Moment(Ahead.FOLLOW_UP, minutes, end + minutes * _MINUTE))
    return sorted(found, key=lambda moment: moment.at)


def alarms_of(link: BookingLink | None) -> list[timedelta]:
    """When calendars remind of a meeting: as we do; the usual quarter of an hour without a link."""
    if link is None:
        return [REMINDER]
    return [minutes * _MINUTE for minutes in link.reminders]


def length_words(minutes: int) -> str:
    """24 hours, 2 days, 90 minutes: in English, for staff."""
    if minutes == _UNITS[0][0]:
        return "24 hours"
    size, word = next(one for one in _UNITS if minutes % one[0] == 0)
    count = minutes // size
    return f"{count} {word}{'' if count == 1 else 's'}"
