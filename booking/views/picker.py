"""What the public page shows: five weeks, one day's times, and the addresses that change them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from booking import wording
from booking.booker import clean_zone
from booking.services.availability import durations_of
from common.errors import InvalidInput
from common.spans import Span, merge
from workspaces.zones import zone, zone_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from booking.models import BookingLink
    from booking.services.availability import SlotOffer
    from booking.slots import Slot
    from booking.views.visit import Visit

WEEKS = 5
_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)
_RULER = 240
_REGIONS = {
    "Africa": gettext_noop("Africa"),
    "America": gettext_noop("America"),
    "Antarctica": gettext_noop("Antarctica"),
    "Asia": gettext_noop("Asia"),
    "Atlantic": gettext_noop("Atlantic"),
    "Australia": gettext_noop("Australia"),
    "Europe": gettext_noop("Europe"),
    "Indian": gettext_noop("Indian Ocean"),
    "Pacific": gettext_noop("Pacific"),
}


@dataclass(frozen=True, slots=True)
class Route:
    """Where a picker stands and where its times lead to, and what there is to choose from.

    A meeting to be moved `stands_at` a time that is shown and leads nowhere.
    """

    page: str
    form_page: str
    durations: tuple[timedelta, ...]
    horizon: timedelta
    visit: Visit
    stands_at: datetime | None = None

    def form_url(self, start: datetime, duration: timedelta, zone_: ZoneInfo) -> str:
        """The form for one start."""
        query = {
            "start": f"{start.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "duration": in_minutes(duration),
            "tz": zone_.key,
        }
        return self.visit.url(self.form_page, query)

    def day_url(self, start: datetime, duration: timedelta, zone_: ZoneInfo) -> str:
        """The picker with the day of that start chosen."""
        query = {
            "duration": in_minutes(duration),
            "tz": zone_.key,
            "date": start.astimezone(zone_).date().isoformat(),
        }
        return self.visit.url(self.page, query)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of the page asks for, made usable, and what of it was not."""

    route: Route
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

    @property
    def minutes(self) -> str:
        return in_minutes(self.duration)

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
            "duration": in_minutes(duration or self.duration),
            "tz": self.zone.key,
            "from": (monday or self.monday).isoformat(),
        }
        if chosen is not None:
            query["date"] = chosen.isoformat()
        return self.route.visit.url(self.route.page, query)

    def form_url(self, start: datetime) -> str:
        """The form for one start; blank for the time a meeting has already."""
        if start == self.route.stands_at:
            return ""
        return self.route.form_url(start, self.duration, self.zone)


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
    """The open times of one part of the day: (clock, address of the form, seats left in words)."""

    name: str
    times: list[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Picker:
    """The page's changing parts."""

    title: str
    weeks: list[list[Cell]]
    earlier_url: str
    later_url: str
    day: date
    day_words: str
    weekday: str
    count: int
    parts: list[Part]
    ruler: list[tuple[str, str]]
    hint: str
    next_open_words: str = ""
    next_open_url: str = ""
    lengths: list[tuple[str, str, bool]] = field(default_factory=list)


def route_of(link: BookingLink, visit: Visit) -> Route:
    """The public page of a link."""
    return Route(
        page=reverse("booking:book", args=[link.slug]),
        form_page=reverse("booking:book_details", args=[link.slug]),
        durations=tuple(durations_of(link)),
        horizon=timedelta(days=link.horizon_days),
        visit=visit,
    )


def read_query(
    query: Mapping[str, str], route: Route, owner_zone: ZoneInfo, now: datetime
) -> Asked:
    """Everything the address asks for; what is unusable is replaced and told."""
    problems: list[InvalidInput] = []
    chosen_zone, duration, day, start = owner_zone, route.durations[0], None, None
    try:
        chosen_zone = read_zone(query, owner_zone)
    except InvalidInput as error:
        problems.append(error)
    try:
        duration = read_duration(query, route.durations)
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
    last = (now + route.horizon).astimezone(chosen_zone).date()
    wanted = start or day or today
    if start is None and day is not None and day < _monday(today) + WEEKS * _WEEK:
        wanted = today
    monday = _monday(min(max(wanted, today), last))
    return Asked(route, duration, chosen_zone, day, monday, today, last, tuple(problems))


def read_zone(query: Mapping[str, str], otherwise: ZoneInfo) -> ZoneInfo:
    """The booker's zone. Raises InvalidInput("tz")."""
    name = query.get("tz", "")
    return zone(clean_zone(name)) if name else otherwise


def read_duration(query: Mapping[str, str], durations: Sequence[timedelta]) -> timedelta:
    """One of the lengths on offer, the first when none is named. Raises InvalidInput."""
    raw = query.get("duration", "")
    if not raw:
        return durations[0]
    for duration in durations:
        if raw == in_minutes(duration):
            return duration
    raise InvalidInput("duration", _("Choose one of the lengths this link offers."))


def in_minutes(duration: timedelta) -> str:
    """As addresses and forms name it: 45."""
    return str(int(duration / timedelta(minutes=1)))


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
        day_words=wording.weekday_and_day(day),
        weekday=wording.weekday(day),
        count=len(slots),
        parts=_parts(slots, asked, offer),
        ruler=_ruler(slots, asked.zone),
        hint=_hint(day, asked.zone, owner_zone),
        next_open_words="" if next_open is None else _moment_words(next_open.start, asked.zone),
        next_open_url="" if next_open is None else _jump(asked, next_open),
        lengths=[
            (
                _("%(minutes)s min") % {"minutes": in_minutes(duration)},
                asked.url(duration=duration),
                duration == asked.duration,
            )
            for duration in asked.route.durations
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
            regions.setdefault(_(_REGIONS[region]), []).append(
                (name, rest.replace("_", " ").replace("/", ", "))
            )
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


def _parts(slots: Iterable[Slot], asked: Asked, offer: SlotOffer) -> list[Part]:
    parts = []
    for name, group in groupby(slots, key=lambda slot: _part_of(slot.start, asked.zone)):
        times = [
            (
                wording.clock(slot.start, asked.zone),
                asked.form_url(slot.start),
                _left_words(offer.left_in(slot)),
            )
            for slot in group
        ]
        parts.append(Part(name, times))
    return parts


def _left_words(left: int | None) -> str:
    if left is None:
        return ""
    return ngettext("%(count)s seat left", "%(count)s seats left", left) % {"count": left}


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
    return f"{words} {apart}".strip()
