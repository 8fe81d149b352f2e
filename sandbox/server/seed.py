"""An event as a person would describe it, the same for both calendar providers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Seed:
    """Aware datetimes, or dates for an all-day event whose end is exclusive.

    `timezone` is the start's, and the end's unless `end_timezone` names another. `colour` and
    `kind` are the provider's own words: Google's `colorId` and `eventType`, Graph's `showAs`.
    `recurrence` holds RRULE lines; `organizer` is an e-mail when somebody else invited, and
    `response` then one of needsAction, accepted, tentative, declined. `conference` adds the
    provider's own link, there at once. Copies of one event, an organizer's and a guest's, have the
    same `uid`.
    """

    title: str
    start: datetime | date
    end: datetime | date
    description: str = ""
    location: str = ""
    attendees: tuple[str, ...] = ()
    recurrence: tuple[str, ...] = ()
    timezone: str = ""
    end_timezone: str = ""
    colour: str = ""
    kind: str = ""
    busy: bool = True
    private: bool = False
    tentative: bool = False
    organizer: str = ""
    response: str = ""
    conference: bool = False
    id: str = ""
    uid: str = ""

    @property
    def all_day(self) -> bool:
        return not isinstance(self.start, datetime)
