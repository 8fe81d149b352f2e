"""The calendar page as one value: what the address asks for, and everything its template prints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse

from calendars.agenda import lay_out_agenda
from calendars.asked import AGENDA, DAY, MONTH, VIEWS, WEEK
from calendars.dates import Present
from calendars.month import lay_out_month
from calendars.offers import reconnect_url
from calendars.phrases import abbreviation, city_of
from calendars.presenters import calendar_url, event_blocks, week_url
from calendars.sidebar import accounts, mini_month, stale_notice
from calendars.week import lay_out_day, lay_out_week
from calendars.wording import MONTHS, clock, date_range, full_day
from common.wallclock import starts_at
from workspaces.zones import is_zone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calendars.agenda import AgendaDay
    from calendars.asked import Asked
    from calendars.blocks import EventBlock, WeekLayout
    from calendars.day_tasks import DayTasks
    from calendars.month import MonthLayout
    from calendars.offers import Offer
    from calendars.queries import SeenEvent, VisibleCalendar
    from calendars.sidebar import Account, MiniMonth, Notice
    from workspaces.availability import Availability
    from workspaces.models import UserProfile

_VIEW_NAMES = {DAY: "Day", WEEK: "Week", MONTH: "Month", AGENDA: "Agenda"}
_UNITS = {DAY: "day", WEEK: "week", MONTH: "month", AGENDA: "week"}


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


@dataclass(frozen=True, slots=True)
class ViewLink:
    """One way to look at the dates, and the key that leads there."""

    name: str
    url: str
    key: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    """The middle of the page: exactly one of the three, and what it is called."""

    template: str
    title: str
    grid: WeekLayout | None = None
    month: MonthLayout | None = None
    agenda: Sequence[AgendaDay] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarPage:
    """Everything the page prints."""

    view: str
    title: str
    caption: str
    region_label: str
    template: str
    grid: WeekLayout | None
    month: MonthLayout | None
    agenda: Sequence[AgendaDay]
    tasks: DayTasks | None
    mini: MiniMonth
    accounts: Sequence[Account]
    notice: Notice | None
    offers: Sequence[Offer]
    hours: Sequence[Hour]
    zone_name: str
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
    views: Sequence[ViewLink]
    on: str
    date_url: str
    day_link: str
    week_link: str
    mini_previous_url: str
    mini_next_url: str
    new_url: str
    new_link: str
    reconnect_url: str
    changes_url: str
    poll_seconds: int


def calendar_page(
    *,
    asked: Asked,
    profile: UserProfile,
    calendars: Sequence[VisibleCalendar],
    events: Sequence[SeenEvent],
    tasks: DayTasks | None,
    availability: Availability,
    offers: Sequence[Offer],
    cursor: str,
    now: datetime,
) -> CalendarPage:
    """The page for one member. `events` are those of the calendars that are shown, `tasks`
    stand beside a day, `cursor` is what the poll compares."""
    zone = ZoneInfo(profile.timezone)
    blocks = event_blocks(events, {one.calendar.pk: one for one in calendars})
    drawn = _drawn(asked, blocks, Present(zone, now), availability)
    midday = starts_at(datetime.combine(asked.first, time(12)), zone)
    second = _second_zone(profile.second_timezone, midday)
    today = now.astimezone(zone).date()
    mini = mini_month(asked.on, asked.monday, today)
    shown = [one for one in calendars if one.is_shown]
    unit = _UNITS[asked.view]
    notice = stale_notice(shown, zone, now, viewer_id=profile.user_id)
    stale = notice.reconnect if notice else None
    shows_today = asked.shows(today)
    return CalendarPage(
        view=asked.view,
        title=drawn.title,
        caption="" if asked.view == MONTH else f"Week {asked.on.isocalendar().week}",
        region_label=_region(asked, zone),
        template=drawn.template,
        grid=drawn.grid,
        month=drawn.month,
        agenda=drawn.agenda,
        tasks=tasks,
        mini=mini,
        accounts=accounts(calendars, zone, now, viewer_id=profile.user_id),
        notice=notice,
        offers=offers,
        hours=_hours(asked.first, zone, profile.second_timezone if second else ""),
        zone_name=zone.key,
        zone_city=city_of(zone.key),
        zone_short=abbreviation(zone, midday),
        second_zone=second,
        now_wall=f"{now.astimezone(zone):%Y-%m-%dT%H:%M}" if shows_today else "",
        is_empty=not calendars,
        can_write=any(one.may_write for one in calendars),
        here_url=week_url(asked.on, asked.view),
        previous_url=week_url(asked.moved(-1), asked.view),
        previous_label=f"Previous {unit}",
        next_url=week_url(asked.moved(1), asked.view),
        next_label=f"Next {unit}",
        today_url=week_url(view=asked.view),
        views=_views(asked, today if shows_today else asked.on),
        on=asked.on.isoformat(),
        date_url=f"{calendar_url()}?view={asked.view}&date=",
        day_link=f"{calendar_url()}?view=day&date=",
        week_link=f"{calendar_url()}?view=week&date=",
        mini_previous_url=week_url(mini.previous_on, asked.view),
        mini_next_url=week_url(mini.next_on, asked.view),
        new_url=_new_url(asked, now if shows_today else None, zone),
        new_link=f"{reverse('calendars:event_new')}?start=",
        reconnect_url=reconnect_url(stale, "calendar") if stale else "",
        changes_url=f"{reverse('calendars:changes')}?since={cursor}",
        poll_seconds=settings.POLL_SECONDS,
    )


def _drawn(
    asked: Asked, blocks: Sequence[EventBlock], present: Present, availability: Availability
) -> Drawn:
    """The events laid out as the view has them."""
    if asked.view == MONTH:
        month = lay_out_month(blocks, asked.on, asked.mondays, present)
        return Drawn("calendars/month.html", month.title, month=month)
    if asked.view == AGENDA:
        days = lay_out_agenda(blocks, asked.first, asked.days, present)
        return Drawn("calendars/agenda.html", date_range(days[0].on, days[-1].on), agenda=days)
    lay_out = lay_out_day if asked.view == DAY else lay_out_week
    grid = lay_out(
        blocks, asked.first, present.zone, present.now, open_on=availability.intervals_on
    )
    return Drawn("calendars/week.html", grid.title, grid=grid)


def _views(asked: Asked, day: date) -> list[ViewLink]:
    """The four ways to look at these dates; the day view opens at `day`."""
    return [
        ViewLink(
            _VIEW_NAMES[view],
            week_url(day if view == DAY else asked.on, view),
            str(number),
            view == asked.view,
        )
        for number, view in enumerate(VIEWS, start=1)
    ]


def _region(asked: Asked, zone: ZoneInfo) -> str:
    place = f"{city_of(zone.key)} time"
    if asked.view == MONTH:
        return f"{MONTHS[asked.on.month - 1]} {asked.on.year}, {place}"
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


def _new_url(asked: Asked, now: datetime | None, zone: ZoneInfo) -> str:
    """The next full hour when today is shown (`now`), nine o'clock of the first day otherwise."""
    if now is not None:
        start = (now + timedelta(hours=1)).astimezone(zone).replace(minute=0, tzinfo=None)
    else:
        first = asked.on.replace(day=1) if asked.view == MONTH else asked.first
        start = datetime.combine(first, time(9))
    return f"{reverse('calendars:event_new')}?start={start:%Y-%m-%dT%H:%M}"
