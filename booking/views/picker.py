"""What the public page shows: five weeks, one day's times, and the addresses that change them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from booking import wording
from booking.booker import clean_zone
from booking.services.availability import durations_of
from common.errors import InvalidInput
from common.spans import Span, merge
from workspaces.zones import zone, zone_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from zoneinfo import ZoneInfo

    from booking.models import BookingLink
    from booking.services.availability import SlotOffer
    from booking.slots import Slot

WEEKS = 5
_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)
_RULER = 240
_REGIONS = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian",
            "Pacific")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of the page asks for, made usable, and what of it was not."""

    link: BookingLink
    duration: timedelta
    zone: ZoneInfo
    day: date | None
    monday: date
    today: date
    last: date
    problems: tuple[InvalidInput, ...] = ()

    @property
    def first_day(self) -> date:
        return max(self.monday, self.today)

    @property
    def last_day(self) -> date:
        return self.monday + WEEKS * _WEEK - _DAY

    def url(
        self,
        *,
        day: date | None = None,
        monday: date | None = None,
        duration: timedelta | None = None,
    ) -> str:
        """The page with one thing changed."""
        chosen = day if monday is not None else day or self.day
        query = {
            "duration": str(int((duration or self.duration) / timedelta(minutes=1))),
            "tz": self.zone.key,
            "from": (monday or self.monday).isoformat(),
        }
        if chosen is not None:
            query["date"] = chosen.isoformat()
        page = reverse("booking:book", args=[self.link.slug])
        return f"{page}?{urlencode(query, safe='/')}"

    def form_url(self, start: datetime) -> str:
        """The form for one start."""
        return details_url(self.link, start, self.duration, self.zone)


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of the five weeks; without a link when nothing is open."""

    number: int
    url: str
    label: str
    month: str
    is_today: bool
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Part:
    """The open times of one part of the day: (clock, address of the form)."""

    name: str
    times: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Picker:
    """The page's changing parts."""

    title: str
    weeks: list[list[Cell]]
    earlier_url: str
    later_url: str
    day: date
    day_words: str
    count: int
    parts: list[Part]
    ruler: list[tuple[str, str]]
    hint: str
    next_open_words: str = ""
    next_open_url: str = ""
    lengths: list[tuple[str, str, bool]] = field(default_factory=list)


def read_query(
    query: Mapping[str, str], link: BookingLink, owner_zone: ZoneInfo, now: datetime
) -> Asked:
    """Everything the address asks for; what is unusable is replaced and told."""
    problems: list[InvalidInput] = []
    chosen_zone, duration, day, start = owner_zone, durations_of(link)[0], None, None
    try:
        chosen_zone = read_zone(query, owner_zone)
    except InvalidInput as error:
        problems.append(error)
    try:
        duration = read_duration(query, link)
    except InvalidInput as error:
        problems.append(error)
    try:
        day = _read_day(query, "date")
    except InvalidInput as error:
        problems.append(error)
    try:
        start = _read_day(query, "from")
    except InvalidInput as error:
        problems.append(error)
    today = now.astimezone(chosen_zone).date()
    last = (now + timedelta(days=link.horizon_days)).astimezone(chosen_zone).date()
    wanted = start or day or today
    if start is None and day is not None and day < _monday(today) + WEEKS * _WEEK:
        wanted = today
    monday = _monday(min(max(wanted, today), last))
    return Asked(link, duration, chosen_zone, day, monday, today, last, tuple(problems))


def read_zone(query: Mapping[str, str], otherwise: ZoneInfo) -> ZoneInfo:
    """The booker's zone. Raises InvalidInput("tz")."""
    name = query.get("tz", "")
    return zone(clean_zone(name)) if name else otherwise


def read_duration(query: Mapping[str, str], link: BookingLink) -> timedelta:
    """One of the link's lengths, the default one when none is named. Raises InvalidInput."""
    raw = query.get("duration", "")
    if not raw:
        return durations_of(link)[0]
    for duration in durations_of(link):
        if raw == str(int(duration / timedelta(minutes=1))):
            return duration
    raise InvalidInput("duration", _("Choose one of the lengths this link offers."))


def details_url(
    link: BookingLink, start: datetime, duration: timedelta, booker_zone: ZoneInfo
) -> str:
    """The form for one start of the link."""
    query = {
        "start": f"{start.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "duration": str(int(duration / timedelta(minutes=1))),
        "tz": booker_zone.key,
    }
    page = reverse("booking:book_details", args=[link.slug])
    return f"{page}?{urlencode(query, safe='/:')}"


def build_picker(asked: Asked, offer: SlotOffer, owner_zone: ZoneInfo) -> Picker:
    """The page's parts for these slots."""
    days: dict[date, list[Slot]] = {}
    for slot in offer.slots:
        days.setdefault(slot.start.astimezone(asked.zone).date(), []).append(slot)
    chosen = asked.day if asked.day and asked.monday <= asked.day <= asked.last_day else None
    day = chosen or next(iter(days), asked.first_day)
    slots = days.get(day, [])
    next_open = offer.next_open
    return Picker(
        title=_weeks_words(asked.first_day, asked.last_day),
        weeks=_weeks(asked, days, day),
        earlier_url=_turn(asked, -1),
        later_url=_turn(asked, 1),
        day=day,
        day_words=f"{wording.weekday(day)} {day.day}",
        count=len(slots),
        parts=_parts(slots, asked),
        ruler=_ruler(slots, asked.zone),
        hint=_hint(day, asked.zone, owner_zone),
        next_open_words="" if next_open is None else _moment_words(next_open.start, asked.zone),
        next_open_url="" if next_open is None else _jump(asked, next_open),
        lengths=[
            (
                _("%(minutes)s min") % {"minutes": int(duration / timedelta(minutes=1))},
                asked.url(duration=duration),
                duration == asked.duration,
            )
            for duration in durations_of(asked.link)
        ],
    )


def zone_choices(
    chosen: ZoneInfo, owner_zone: ZoneInfo, now: datetime
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Zones by region for the select; the chosen one and the owner's on top with their time."""
    near = {chosen.key: chosen, owner_zone.key: owner_zone, "UTC": zone("UTC")}
    top = [(key, f"{wording.place(near[key])}, {wording.clock(now, near[key])}") for key in near]
    regions: dict[str, list[tuple[str, str]]] = {}
    for name in zone_names():
        region, _slash, rest = name.partition("/")
        if region in _REGIONS and name not in near:
            regions.setdefault(region, []).append((name, rest.replace("_", " ").replace("/", ", ")))
    return [("", top), *regions.items()]


def _read_day(query: Mapping[str, str], name: str) -> date | None:
    raw = query.get(name, "")
    if not raw:
        return None
    try:
        day = date.fromisoformat(raw)
    except ValueError:
        day = date.min
    if not 2000 <= day.year <= 2200 or day.isoformat() != raw:
        raise InvalidInput(name, _("Give a date such as 2026-11-26."))
    return day


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _turn(asked: Asked, direction: int) -> str:
    """Five weeks earlier or later; blank where nothing can be booked."""
    monday = asked.monday + direction * WEEKS * _WEEK
    if direction < 0:
        if asked.monday <= _monday(asked.today):
            return ""
        monday = max(monday, _monday(asked.today))
    elif monday > asked.last:
        return ""
    return asked.url(monday=monday)


def _jump(asked: Asked, slot: Slot) -> str:
    day = slot.start.astimezone(asked.zone).date()
    return asked.url(day=day, monday=_monday(day))


def _weeks(asked: Asked, days: dict[date, list[Slot]], chosen: date) -> list[list[Cell]]:
    return [
        [
            _cell(asked, asked.monday + week * _WEEK + offset * _DAY, days, chosen)
            for offset in range(7)
        ]
        for week in range(WEEKS)
    ]


def _cell(asked: Asked, day: date, days: dict[date, list[Slot]], chosen: date) -> Cell:
    count = len(days.get(day, ()))
    times = ngettext("%(count)s time", "%(count)s times", count) % {"count": count}
    return Cell(
        number=day.day,
        url=f"{asked.url(day=day)}#slots" if count else "",
        label=f"{wording.long_day(day)}, {times}",
        month=wording.short_month(day) if day.day == 1 else "",
        is_today=day == asked.today,
        is_chosen=day == chosen,
    )


def _parts(slots: Iterable[Slot], asked: Asked) -> list[Part]:
    parts = []
    for name, group in groupby(slots, key=lambda slot: _part_of(slot.start, asked.zone)):
        times = [
            (wording.clock(slot.start, asked.zone), asked.form_url(slot.start)) for slot in group
        ]
        parts.append(Part(name, times))
    return parts


def _part_of(start: datetime, zone_: ZoneInfo) -> str:
    hour = start.astimezone(zone_).hour
    if hour < 8:
        return _("Early")
    if hour < 12:
        return _("Morning")
    return _("Afternoon") if hour < 18 else _("Evening")


def _ruler(slots: Iterable[Slot], zone_: ZoneInfo) -> list[tuple[str, str]]:
    """Where and how wide the open stretches are on a scale of 240 units a day, as SVG writes."""
    found = []
    for span in merge(Span(slot.start, slot.end) for slot in slots):
        local = span.start.astimezone(zone_)
        at = (local.hour * 60 + local.minute) / 1440 * _RULER
        width = span.duration / timedelta(days=1) * _RULER
        found.append((f"{at:.1f}", f"{min(width, _RULER - at):.1f}"))
    return found


def _weeks_words(first: date, last: date) -> str:
    if (first.year, first.month) == (last.year, last.month):
        return wording.month(first)
    return f"{wording.month(first)} {wording.DASH} {wording.month(last)}"


def _moment_words(start: datetime, zone_: ZoneInfo) -> str:
    day = start.astimezone(zone_).date()
    return f"{wording.long_day(day)}, {wording.clock(start, zone_)}"


def _hint(day: date, here: ZoneInfo, there: ZoneInfo) -> str:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=here)
    words = _("Times in %(place)s.") % {"place": wording.place(here)}
    apart = wording.apart_words(noon, here, there)
    if not apart:
        return words
    on = _("On %(day)s %(apart)s.") % {"day": wording.day_and_month(day), "apart": apart}
    return f"{words} {on}"
