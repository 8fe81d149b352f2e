"""How a door stands, in words: times always with their zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from conferencing.telehealth.door import Door

if TYPE_CHECKING:
    from datetime import datetime

    from conferencing.telehealth.door import Standing

# Browsers count seconds anew at every look; nobody watches a page for longer.
_SOONEST: Final = timedelta(seconds=5)
_LATEST: Final = timedelta(minutes=5)
_A_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DoorWords:
    """The page's lines. `look_again` is in how many seconds it is worth asking, 0 for never."""

    headline: str
    day: str = ""
    clock: str = ""
    zone: str = ""
    note: str = ""
    look_again: int = 0


def door_words(standing: Standing, now: datetime) -> DoorWords:
    """What the page says about the door at `now`."""
    if standing.start_at is None or standing.end_at is None:
        headline = _("This meeting was called off.")
        if standing.door is Door.UNKNOWN:
            headline = _("This meeting has no time yet.")
        return DoorWords(headline)
    zone = ZoneInfo(standing.zone or "UTC")
    return DoorWords(
        headline=_headline(standing, zone, now),
        day=date_format(standing.start_at.astimezone(zone), "l j F Y"),
        clock=_span(standing.start_at, standing.end_at, zone),
        zone=zone_words(zone, standing.start_at),
        note=_moved(standing, zone),
        look_again=_look_again(standing, now),
    )


def zone_words(zone: ZoneInfo, at: datetime) -> str:
    """`Dublin (GMT)`; a zone that has only a number becomes `São Paulo (UTC-03)`."""
    city = zone.key.rsplit("/", 1)[-1].replace("_", " ")
    short = _short(at.astimezone(zone))
    return city if city == short else f"{city} ({short})"


def clock(at: datetime, zone: ZoneInfo) -> str:
    """14:05."""
    return f"{at.astimezone(zone):%H:%M}"


def _short(local: datetime) -> str:
    name = local.tzname() or "UTC"
    return f"UTC{name}" if name[0] in "+-" else name


def _headline(standing: Standing, zone: ZoneInfo, now: datetime) -> str:
    if standing.door is Door.OFF:
        return _("This meeting was called off.")
    if standing.door is Door.LATE:
        return _("This meeting is over.")
    if standing.door is Door.EARLY and standing.opens_at is not None:
        return _("The room opens at %(time)s.") % {"time": _near(standing.opens_at, zone, now)}
    return _("Your meeting is ready.") if standing.door is Door.OPEN else _("Your meeting")


def _near(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """`14:45 GMT` today, with the day on any other."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    said = f"{local:%H:%M} {_short(local)}"
    return said if local.date() == today else f"{said}, {date_format(local, 'j F')}"


def _span(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    first, last = start.astimezone(zone), end.astimezone(zone)
    if end - start >= _A_DAY:
        return f"{first:%H:%M}\u2013{last:%H:%M}, {date_format(last, 'j F')}"
    if first.tzname() == last.tzname():
        return f"{first:%H:%M}\u2013{last:%H:%M}"
    # The clocks change meanwhile: an hour may be read twice.
    return f"{first:%H:%M} {_short(first)}\u2013{last:%H:%M} {_short(last)}"


def _moved(standing: Standing, zone: ZoneInfo) -> str:
    was = standing.moved_from_at
    if was is None or standing.door in {Door.OFF, Door.LATE}:
        return ""
    day = date_format(was.astimezone(zone), "j F")
    said = {"day": day, "time": clock(was, zone)}
    return _("It was moved: it had been on %(day)s at %(time)s.") % said


def _look_again(standing: Standing, now: datetime) -> int:
    if standing.door is not Door.EARLY or standing.opens_at is None:
        return 0
    wait = max(_SOONEST, standing.opens_at - now + timedelta(seconds=1))
    return int(min(wait, _LATEST).total_seconds())
