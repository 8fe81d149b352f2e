"""Series drawn at random, and what two independent libraries make of them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events
from dateutil.rrule import rruleset, rrulestr

ZONES = (
    "America/New_York",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "Europe/Berlin",
    "America/Havana",
    "UTC",
)
# Hours in which clocks change somewhere, and plain ones.
CLOCKS = ((0, 0), (0, 30), (1, 30), (2, 0), (2, 15), (2, 30), (3, 0), (9, 0), (23, 45))
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True)
class Series:
    """One series; `start` is a naive wall time, or a date."""

    start: date
    zone: ZoneInfo
    rule: str
    left_out: tuple[datetime, ...] = ()
    added: tuple[datetime, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        dates = [f"EXDATE;TZID={self.zone.key}:{one:%Y%m%dT%H%M%S}" for one in self.left_out]
        dates += [f"RDATE;TZID={self.zone.key}:{one:%Y%m%dT%H%M%S}" for one in self.added]
        return (f"RRULE:{self.rule}", *dates)

    def __str__(self) -> str:
        return f"{self.start.isoformat()} {self.zone.key} {' '.join(self.lines)}"


def series(seed: int) -> Series:
    """A series of 2025 to 2027, or for Apia one around the day that it left out."""
    dice = random.Random(seed)
    zone = ZoneInfo(ZONES[seed % len(ZONES)])
    first = date(2011, 11, 1) if zone.key == "Pacific/Apia" and dice.random() < 0.5 else None
    first = (first or date(2025, 8, 1)) + timedelta(days=dice.randrange(420 if not first else 60))
    parts = _rule(dice, first)
    if dice.random() < 0.25:
        parts.append("INTERVAL=" + str(dice.choice((2, 3, 5))))
    all_day = dice.random() < 0.2
    start = (
        first
        if all_day
        else datetime.combine(first, datetime.min.time()).replace(
            hour=(clock := dice.choice(CLOCKS))[0], minute=clock[1]
        )
    )
    parts += _end(dice, first, all_day=all_day)
    made = Series(start, zone, ";".join(parts))
    return made if all_day or dice.random() < 0.6 else _with_dates(dice, made)


def _rule(dice, first) -> list[str]:
    kind = dice.randrange(9)
    some = ",".join(dice.sample(DAYS, dice.choice((1, 2, 3))))
    place = dice.choice((1, 2, 3, 4, 5, -1, -2))
    month = f"BYMONTH={dice.choice((first.month, 3, 10))}"
    return [
        ["FREQ=DAILY"],
        ["FREQ=DAILY", f"BYDAY={some}"],
        ["FREQ=WEEKLY", f"BYDAY={some}", f"WKST={dice.choice(('MO', 'SU'))}"],
        ["FREQ=WEEKLY"],
        ["FREQ=MONTHLY", f"BYMONTHDAY={dice.choice(('1', '15', '29', '31', '-1', '13,28'))}"],
        ["FREQ=MONTHLY", f"BYDAY={place}{dice.choice(DAYS)}"],
        ["FREQ=MONTHLY", "BYDAY=MO,TU,WE,TH,FR", f"BYSETPOS={dice.choice((1, -1, 2))}"],
        ["FREQ=YEARLY", month, f"BYDAY={place}{dice.choice(DAYS)}"],
        ["FREQ=YEARLY", month],
    ][kind]


def _end(dice, first, *, all_day) -> list[str]:
    kind = dice.randrange(3)
    if kind == 0:
        return [f"COUNT={dice.randrange(1, 60)}"]
    if kind == 1:
        last = first + timedelta(days=dice.randrange(1, 500))
        return [
            f"UNTIL={last:%Y%m%d}"
            if all_day
            else f"UNTIL={last:%Y%m%d}T{dice.randrange(24):02}1500Z"
        ]
    return []


def _with_dates(dice, made: Series) -> Series:
    """Some occurrences left out, and one added."""
    walls = list(rrulestr(made.rule.partition(";UNTIL")[0], dtstart=made.start).between(
        made.start, made.start + timedelta(days=120), inc=True
    ))  # fmt: skip
    left_out = tuple(dice.sample(walls, min(len(walls), 2)))
    added = (made.start + timedelta(days=dice.randrange(1, 300), hours=1),)
    return Series(made.start, made.zone, made.rule, left_out, added)


def by_dateutil(made: Series, after: datetime, before: datetime) -> list[datetime | date]:
    """Its starts in the span: instants, or dates."""
    found = rruleset()
    if not isinstance(made.start, datetime):
        first = datetime.combine(made.start, datetime.min.time())
        found.rrule(rrulestr(made.rule, dtstart=first))
        walls = found.between(datetime(2000, 1, 1), before.replace(tzinfo=None) + timedelta(days=2))
        return [wall.date() for wall in walls]
    first = made.start.replace(tzinfo=made.zone)
    found.rrule(rrulestr(made.rule, dtstart=first))
    for one in made.left_out:
        found.exdate(one.replace(tzinfo=made.zone))
    for one in made.added:
        found.rdate(one.replace(tzinfo=made.zone))
    instants = []
    for one in found:
        instant = one.astimezone(UTC)
        if instant >= before + timedelta(days=1):
            break
        instants.append(instant)
    return sorted({one for one in instants if after <= one < before})


def by_ical_events(made: Series, after: datetime, before: datetime) -> list[datetime | date]:
    """The same, read from an iCalendar file."""
    event = icalendar.Event()
    event.add("uid", "one@x.example")
    event.add("dtstamp", datetime(2025, 1, 1, tzinfo=UTC))
    all_day = not isinstance(made.start, datetime)
    first = made.start if all_day else made.start.replace(tzinfo=made.zone)
    event.add("dtstart", first)
    event.add("rrule", icalendar.vRecur.from_ical(made.rule))
    for one in made.left_out:
        event.add("exdate", one.replace(tzinfo=made.zone))
    for one in made.added:
        event.add("rdate", one.replace(tzinfo=made.zone))
    file = icalendar.Calendar()
    file.add("version", "2.0")
    file.add("prodid", "-//tests//")
    file.add_component(event)
    found = recurring_ical_events.of(file).between(after, before)
    starts = [one["DTSTART"].dt for one in found]
    return sorted({one if all_day else one.astimezone(UTC) for one in starts})
