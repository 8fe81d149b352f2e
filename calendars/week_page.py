"""The calendar page as one value: what the address asks for, and everything its template prints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse

from calendars.addresses import local_day
from calendars.offers import reconnect_url
from calendars.phrases import abbreviation, city_of
from calendars.presenters import event_block, week_url
from calendars.sidebar import accounts, mini_month, stale_notice
from calendars.week import lay_out_day, lay_out_week
from calendars.wording import clock, full_day
from common.errors import InvalidInput
from common.spans import Span
from common.wallclock import day_begins, starts_at
from workspaces.zones import is_zone

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from uuid import UUID

    from calendars.blocks import WeekLayout
    from calendars.offers import Offer
    from calendars.queries import SeenEvent, VisibleCalendar
    from calendars.sidebar import Account, MiniMonth, Notice
    from workspaces.availability import Availability
    from workspaces.models import UserProfile

DAY, WEEK = "day", "week"
VIEWS = (DAY, WEEK)
_ONE_DAY = timedelta(days=1)
_LENGTHS = {DAY: 1, WEEK: 7}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which dates the address asks for: a day, or the week around it."""

    view: str
    on: date

    @property
    def monday(self) -> date:
        return self.on - timedelta(days=self.on.weekday())

    @property
    def first(self) -> date:
        return self.on if self.view == DAY else self.monday

    @property
    def days(self) -> int:
        return _LENGTHS[self.view]

    def span(self, zone: ZoneInfo) -> Span:
        """The instants from the first midnight to the one after the last day."""
        return Span(
            day_begins(self.first, zone), day_begins(self.first + self.days * _ONE_DAY, zone)
        )

    def moved(self, steps: int) -> date:
        """The date that many days or weeks on."""
        return self.on + steps * self.days * _ONE_DAY


@dataclass(frozen=True, slots=True)
class Hour:
    """One line of the gutter and its cells; `second` is the same hour in the second zone."""

    label: str
    classes: str
    second: str


@dataclass(frozen=True, slots=True)
class SecondZone:
    """The other zone of the gutter."""

    city: str
    short: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarPage:
    """Everything the page prints."""

    view: str
    title: str
    week_number: int
    region_label: str
    grid: WeekLayout
    mini: MiniMonth
    accounts: Sequence[Account]
    notice: Notice | None
    offers: Sequence[Offer]
    hours: Sequence[Hour]
    zone_city: str
    zone_short: str
    second_zone: SecondZone | None
    now_wall: str
    is_empty: bool
    can_write: bool
    here_url: str
    previous_url: str
    previous_label: str
    next_url: str
    next_label: str
    today_url: str
    day_url: str
    week_url: str
    date_url: str
    day_link: str
    mini_previous_url: str
    mini_next_url: str
    new_url: str
    new_link: str
    reconnect_url: str
    changes_url: str
    poll_seconds: int


def read_address(query: Mapping[str, str], today: date) -> Asked:
    """What `?view=&date=` asks for; the week of today without. Raises InvalidInput."""
    view = query.get("view") or WEEK
    if view not in VIEWS:
        raise InvalidInput("view", "There is a day view and a week view.")
    on = local_day(query.get("date") or today.isoformat())
    if on is None:
        raise InvalidInput("date", "Write the date like 2026-11-19.")
    return Asked(view, on)


def calendar_page(
    *,
    asked: Asked,
    profile: UserProfile,
    calendars: Sequence[VisibleCalendar],
    hidden: Collection[UUID],
    events: Sequence[SeenEvent],
    availability: Availability,
    offers: Sequence[Offer],
    cursor: str,
    now: datetime,
) -> CalendarPage:
    """The page for one member. `events` are those of the calendars that are not `hidden`, `cursor`
    is what the poll compares."""
    zone = ZoneInfo(profile.timezone)
    sources = {one.calendar.pk: one for one in calendars}
    blocks = [event_block(event, sources[event.calendar_id]) for event in events]
    lay_out = lay_out_day if asked.view == DAY else lay_out_week
    grid = lay_out(blocks, asked.first, zone, now, open_on=availability.intervals_on)
    midday = starts_at(datetime.combine(asked.first, time(12)), zone)
    second = _second_zone(profile.second_timezone, midday)
    today = now.astimezone(zone).date()
    mini = mini_month(asked.on, asked.monday, today)
    view = "" if asked.view == WEEK else asked.view
    shown = [one for one in calendars if one.calendar.is_shown and one.calendar.pk not in hidden]
    unit, here = asked.view, week_url(asked.on, view)
    notice = stale_notice(shown, zone, now, viewer_id=profile.user_id)
    stale = notice.reconnect if notice else None
    shows_today = asked.first <= today < asked.first + asked.days * _ONE_DAY
    return CalendarPage(
        view=asked.view,
        title=grid.title,
        week_number=asked.on.isocalendar().week,
        region_label=_region(asked, zone),
        grid=grid,
        mini=mini,
        accounts=accounts(calendars, zone, now, viewer_id=profile.user_id, hidden=hidden),
        notice=notice,
        offers=offers,
        hours=_hours(asked.first, zone, profile.second_timezone if second else ""),
        zone_city=city_of(zone.key),
        zone_short=abbreviation(zone, midday),
        second_zone=second,
        now_wall=f"{now.astimezone(zone):%Y-%m-%dT%H:%M}" if grid.now else "",
        is_empty=not calendars,
        can_write=any(one.may_write for one in calendars),
        here_url=here,
        previous_url=week_url(asked.moved(-1), view),
        previous_label=f"Previous {unit}",
        next_url=week_url(asked.moved(1), view),
        next_label=f"Next {unit}",
        today_url=week_url(view=view),
        day_url=week_url(today if shows_today else asked.on, DAY),
        week_url=week_url(asked.on),
        date_url=f"{reverse('calendars:calendar')}?{'view=day&' if view else ''}date=",
        day_link=f"{reverse('calendars:calendar')}?view=day&date=",
        mini_previous_url=week_url(mini.previous_on, view),
        mini_next_url=week_url(mini.next_on, view),
        new_url=_new_url(asked.first, now if shows_today else None, zone),
        new_link=f"{reverse('calendars:event_new')}?start=",
        reconnect_url=reconnect_url(stale, "calendar") if stale else "",
        changes_url=f"{reverse('calendars:changes')}?since={cursor}",
        poll_seconds=settings.POLL_SECONDS,
    )


def _region(asked: Asked, zone: ZoneInfo) -> str:
    place = f"{city_of(zone.key)} time"
    day = f"{full_day(asked.first)} {asked.first.year}"
    return f"{day}, {place}" if asked.view == DAY else f"Week of {day}, {place}"


def _second_zone(name: str, at: datetime) -> SecondZone | None:
    if not name or not is_zone(name):
        return None
    zone = ZoneInfo(name)
    return SecondZone(city_of(name), abbreviation(zone, at))


def _hours(first: date, zone: ZoneInfo, second: str) -> list[Hour]:
    """The 24 lines. The second zone is read on the first date shown, hours only where they fit."""
    other = ZoneInfo(second) if second else None
    lines = []
    for hour in range(24):
        wall = datetime.combine(first, time(hour))
        there = ""
        if other is not None:
            local = starts_at(wall, zone).astimezone(other)
            there = clock(local) if local.minute else f"{local:%H}"
        lines.append(Hour(label=clock(wall), classes=f"s{hour * 4}", second=there))
    return lines


def _new_url(first: date, now: datetime | None, zone: ZoneInfo) -> str:
    """The next full hour when today is shown (`now`), nine o'clock of the first day otherwise."""
    if now is not None:
        start = (now + timedelta(hours=1)).astimezone(zone).replace(minute=0, tzinfo=None)
    else:
        start = datetime.combine(first, time(9))
    return f"{reverse('calendars:event_new')}?start={start:%Y-%m-%dT%H:%M}"
